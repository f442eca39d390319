"""--self-test LOG: opens the window on the sample, cleans it, and writes what works into a log."""

import io
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from PySide6.QtCore import QEventLoop, QTimer

from viewer import PRODUCT, VERSION
from viewer.app.workspace import Workspace
from viewer.custody.envelope import certificates
from viewer.dicom.codecs import CODECS
from viewer.dicom.documents import PDF, layout_of
from viewer.dicom.parsing import parse
from viewer.dicom.scan import scan
from viewer.dicom.streams import StreamHeader
from viewer.finders.canvas import decoy
from viewer.finders.many_frames import Eyes
from viewer.pixels import jpeg_native
from viewer.pixels.regions import Box, Region, Scope, ScopeKind
from viewer.release.batch import Job, export
from viewer.resources import resource
from viewer.rules.documents import harmless
from viewer.rules.plan import plan
from viewer.rules.profiles import shipped_profiles
from viewer.rules.recipe import Recipe
from viewer.rules.surrogates import Keyring
from viewer.ui.main import make_application
from viewer.ui.main_window import MainWindow

_PATIENCE_MS = 30_000


def self_test(log: str) -> int:
    """Return 0 when every step worked, 1 otherwise; the log has one line per step."""
    lines = [f"{PRODUCT} {VERSION}, Python {platform.python_version()}, {sys.platform}"]
    lines += [
        f"{name} {_version(name)}" for name in ("PySide6_Essentials", "pydicom", "numpy", "imagecodecs")
    ]
    failed = False
    for step in (_scan, _clean, _codecs, _libraries, _text, _window):
        began = time.perf_counter()
        try:
            told = step()
        except Exception as error:  # noqa: BLE001  (a build is being checked: every failure is a line)
            failed = True
            told = f"FAILED {type(error).__name__}: {error}"
        lines.append(f"{step.__name__.strip('_')}: {told} ({time.perf_counter() - began:.2f} s)")
    lines.append("FAILED" if failed else "OK")
    Path(log).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(failed)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(packed)"


def _scan() -> str:
    catalog = scan([resource("sample")])
    count = sum(1 for _ in catalog.instances)
    if count < 3:
        raise RuntimeError("the sample study is not complete")
    return f"{count} images"


def _clean() -> str:
    """Clean the sample with one box per image that can take it."""
    catalog = scan([resource("sample")])
    regions = tuple(
        Region(Box(0, 0, 20, 10), Scope(ScopeKind.IMAGE, i.sop_instance_uid, i.rows, i.columns))
        for i in catalog.instances
        if i.frames
    )
    with tempfile.TemporaryDirectory() as folder:
        recipe = Recipe(shipped_profiles()[0], regions)
        job = Job(tuple(catalog.instances), catalog.duplicates, recipe, Keyring(bytes(32)), Path(folder))
        counts = export(job).counts
    if counts["held"] or not counts["written"]:
        raise RuntimeError(f"{counts['held']} of the sample's images were held")
    return f"{counts['written']} written and verified"


def _libraries() -> str:
    """Use the libraries that bring data or code of their own: pinyin, check digits, PDF, ciphers."""
    header = Dataset()
    header.SpecificCharacterSet, header.PatientName = "ISO_IR 192", "=张^小东"
    header.StudyDescription = "CT chest Zhang Xiaodong GB29 NWBK 6016 1331 9268 19"
    header.SOPClassUID, header.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.826.0.1.3680043.99999.1"
    file = io.BytesIO()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.save_as(file, enforce_file_format=True)
    made = plan(parse(file.getvalue()), Recipe(shipped_profiles()[0]), Keyring(bytes(32)))
    cleaned = next(d.value for d in made.decisions if d.path == (0x00081030,))
    pages = layout_of(harmless(PDF) or b"").pages
    certificates([])
    if cleaned != ("CT chest",) or len(pages) != 1:
        raise RuntimeError("a library does not do its work")
    return "pinyin, check digits, PDF, ciphers"


def _text() -> str:
    """Find and read the line of known text that every search is checked with."""
    page = np.zeros((200, 480), np.uint8)
    page[80 : 80 + decoy().shape[0], 60 : 60 + decoy().shape[1]] = decoy()
    lines, whole = Eyes.open().lines(page)
    if not whole or "2019-01-01" not in " ".join(line.text for line in lines):
        raise RuntimeError("text in pixels is not found and read")
    return f"{len(lines)} lines found and read"


def _codecs() -> str:
    """Encode a small picture with every encoder and read it back with every decoder."""
    picture = np.add.outer(np.arange(64, dtype=np.uint8), np.arange(48, dtype=np.uint8))
    found = 0
    for codec in CODECS.values():
        like = StreamHeader(codec.stream, 64, 48, 1, 8, names=b"\1", interleave=2)
        for encoder, decoder in codec.encoders:
            data = encoder.run(picture, like)
            found += all(np.array_equal(d.run(data, like), picture) for d in (decoder, *codec.decoders))
    if found != sum(len(codec.encoders) for codec in CODECS.values()):
        raise RuntimeError("a codec does not give back what it was given")
    return f"{found} encoders, libturbojpeg {'found' if jpeg_native.is_there() else 'not found'}"


def _window() -> str:
    application = make_application()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Keyring(bytes(32)), shipped_profiles()[0])
        window = MainWindow(workspace, Path(folder, "settings.json"))
        window.show()
        window.open_paths([resource("sample")])
        _wait(lambda: window.images.before.picture_shown and window.tags.model.rowCount() > 0)
        size = window.grab().size()
        window.close()
    application.processEvents()
    return f"window {size.width()} x {size.height()}, {window.tags.model.total} tags"


def _wait(ready: Callable[[], bool]) -> None:
    """Run the event loop until ready() or until patience ends; raises TimeoutError."""
    loop = QEventLoop()
    poll, limit = QTimer(), QTimer()
    poll.timeout.connect(lambda: loop.quit() if ready() else None)
    limit.setSingleShot(True)
    limit.timeout.connect(loop.quit)
    poll.start(20)
    limit.start(_PATIENCE_MS)
    loop.exec()
    if not ready():
        raise TimeoutError("the window did not show the sample")
