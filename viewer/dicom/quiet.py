"""Keep values out of logs: pydicom's warnings quote the value that they are about."""

import logging
import warnings


def keep_values_out_of_logs() -> None:
    """Silence pydicom's warnings and its log, for the whole process (rule: no value in any log line)."""
    warnings.simplefilter("ignore")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
