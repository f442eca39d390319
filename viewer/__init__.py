"""De-identification viewer for DICOM studies."""

import os
from typing import Final

PRODUCT: Final = "deid-viewer"
VERSION: Final = "0.1.0"
IMPLEMENTATION_CLASS_UID: Final = "2.25.219348170654287162034871092765481230941"
IMPLEMENTATION_VERSION: Final = "DEID_VIEWER_0_1"
"""What the program writes into file meta information (PS3.7 D.3.3.2)."""

# Before pypinyin is imported anywhere: its phrases take 0.2 s and hold up the window, and names have none.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
