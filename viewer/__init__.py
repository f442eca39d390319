"""De-identification viewer for DICOM studies."""

from typing import Final

PRODUCT: Final = "deid-viewer"
VERSION: Final = "0.1.0"
