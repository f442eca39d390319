"""What a person is told when a region lies on an image that is compressed with loss (PS3.3 C.7.6.1.1.5)."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from viewer.dicom.codecs import SYNTAXES, Way
from viewer.dicom.decisions import Blank, Finding, Severity
from viewer.dicom.ffmpeg import SYNTAXES as VIDEO
from viewer.rules.recipe import Profile

_HELD = "It is compressed with loss, and the profile holds such images when a region is drawn on them."
_VIDEO = (
    "It is a video: ffmpeg codes it anew with the regions black, without sound. The picture outside is close "
    "to what it was, not exact."
)
_TOLD = {
    Way.BLOCKS: "It is compressed with loss (JPEG): regions were made larger to whole blocks; all other "
    "blocks stay bit for bit. Pixels right beside a region may be shown a little differently.",
    Way.KEPT: "It is compressed with loss: frames with a region are stored without further loss and get "
    "larger; what was lost before stays noted.",
}


def lossy_findings(dataset: Dataset, blanks: Sequence[Blank], profile: Profile) -> tuple[Finding, ...]:
    """Return a WARNING that says how a region gets into a lossy image, or the ERROR that holds it."""
    if not any(blank.points for blank in blanks):
        return ()
    meta = getattr(dataset, "file_meta", None)
    uid = str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""
    syntax = SYNTAXES.get(uid)
    if uid not in VIDEO and (syntax is None or not syntax.lossy):
        return ()
    if profile.hold_lossy:
        return (Finding("lossy-held", Severity.ERROR, "(7FE0,0010)", _HELD),)
    told = _VIDEO if syntax is None else _TOLD[syntax.way]
    return (Finding("lossy-region", Severity.WARNING, "(7FE0,0010)", told),)
