"""One instance as a transaction: read, plan, apply, redact, write, verify from disk, then rename."""

import hashlib
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from viewer.custody.envelope import certificates, seal
from viewer.dicom.catalog import Instance
from viewer.dicom.content_key import content_key
from viewer.dicom.decisions import Finding, Plan, Severity
from viewer.dicom.errors import DeidError
from viewer.dicom.parsing import LARGE, parse
from viewer.dicom.pixel_value import InFile
from viewer.dicom.sources import open_source
from viewer.finders.risk import burned_in_risk
from viewer.pixels.document_pages import redraw_document
from viewer.pixels.redact import redact
from viewer.pixels.regions import Region
from viewer.pixels.spool import Spool
from viewer.release.apply import apply
from viewer.release.channels import searched
from viewer.release.encode import encoded as encoded
from viewer.release.encode import encoded_pieces
from viewer.release.report import Held, InstanceReport, Written
from viewer.release.text_after import Reading, left_in_pixels
from viewer.release.unfinished import Unfinished
from viewer.release.verify import verify
from viewer.rules.documents import shows_pixels
from viewer.rules.plan import plan
from viewer.rules.recipe import Recipe
from viewer.rules.surrogates import Keyring

_UNDEFINED: Final = 0xFFFFFFFF
_MASKED_AGAIN: Final = 2
"""How often an image is masked anew because text was still found on it."""


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that one instance needs; picklable, so that any executor can run it."""

    instance: Instance
    recipe: Recipe = field(repr=False)
    keyring: Keyring
    destination: Path = field(repr=False)
    duplicate: bool = False
    """Another file has the same SOP Instance UID: the output name gets a mark made from the content."""
    replace_existing: bool = False
    reading: Reading = Reading.NONE
    hold: str = ""
    """Why nothing of it may be written, found before: text in its pixels."""
    disc: bool = False
    """Names that may stand in a DICOMDIR (PS3.10 8.2): no ending, eight characters at most."""


def run_instance(task: Task) -> InstanceReport:
    """Return Written when a verified file stands in the destination, else Held; never raises an Exception.

    This is one of the three borders at which errors are caught (the others: tasks, the global hook).
    """
    number = task.instance.number
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Held(number, task.hold) if task.hold else _released(task)
    except _Hold as hold:
        return Held(number, str(hold), hold.findings)
    except DeidError as error:
        return Held(number, str(error))
    except OSError as error:
        return Held(number, f"The output folder cannot be written ({type(error).__name__}).")
    except Exception as error:  # noqa: BLE001  (the border per instance: hold, and go on with the rest)
        return Held(number, f"It could not be processed ({type(error).__name__}).")


class _Hold(DeidError):
    """Ends a transaction with findings."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        errors = [f for f in findings if f.severity is Severity.ERROR]
        super().__init__(errors[0].message + (f" ({len(errors)} findings)" if len(errors) > 1 else ""))


class _TextLeft(_Hold):
    """Ends a transaction because text that `regions` can mask still stands in the pixels."""

    def __init__(self, findings: tuple[Finding, ...], regions: tuple[Region, ...]) -> None:
        super().__init__(findings)
        self.regions = regions


def _released(task: Task) -> InstanceReport:
    with open_source(task.instance.source, large=LARGE) as content:
        for _ in range(_MASKED_AGAIN):
            try:
                return _once(task, content)
            except _TextLeft as left:
                more = (*task.recipe.regions, *left.regions)
                task = replace(task, recipe=replace(task.recipe, regions=more))
        return _once(task, content)


def _once(task: Task, content: bytes | InFile) -> InstanceReport:
    with Spool(_folder(task)) as spool:
        return _written(task, content, spool)


def _folder(task: Task) -> Path:
    """Return where changed frames of large files may wait: on the disk of the output."""
    task.destination.mkdir(parents=True, exist_ok=True)
    return task.destination


def _written(task: Task, content: bytes | InFile, spool: Spool) -> InstanceReport:
    source = parse(content)
    told = _left_out(source, content)
    made = plan(source, task.recipe, task.keyring)
    _hold_on_errors(made.findings)
    output = apply(source, made)
    if made.blanks:
        redact(output, made.blanks, spool)
    if made.pages is not None:
        redraw_document(output, source, made.pages)
    if made.sealed:
        seal(output, source, made.decisions, certificates(task.recipe.profile.recipients))
    name = output_name(task, made, content)
    with Unfinished(task.destination, name) as unfinished:
        for piece in encoded_pieces(output):
            unfinished.write(piece)
        with unfinished.reopened(large=LARGE) as written:
            proof, findings = verify(written, name, content, made)
            _hold_on_errors(findings)
            uid = task.instance.sop_instance_uid or content_key(source)
            left = left_in_pixels(parse(written), source, task.recipe, uid, task.reading)
            findings += left.findings
            if left.regions:
                raise _TextLeft(findings, left.regions)
        _hold_on_errors(findings)
        unfinished.publish(replace_existing=task.replace_existing)
    looked_at = task.instance.sop_instance_uid in task.recipe.reviewed
    likely = shows_pixels(task.instance, task.recipe.profile) and burned_in_risk(task.instance).likely
    return Written(
        task.instance.number,
        name,
        looked_at,
        likely,
        proof,
        made.claims,
        (*told, *made.findings, *findings),
        searched(output, made),
        task.reading.value,
    )


def _left_out(source: Dataset, content: bytes | InFile) -> tuple[Finding, ...]:
    """Return a WARNING when bytes stood behind the data set; they are in no output."""
    last = list(source.values())[-1]
    if source.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        return ()
    if not isinstance(last, RawDataElement) or last.length == _UNDEFINED:
        return ()
    end = last.value_tell + last.length
    behind = content[end:] if isinstance(content, bytes) else bytes(content.read(end, len(content)))
    if not behind.strip(b"\0 "):
        return ()
    message = "Bytes that stood behind the end of the data set were left out."
    return (Finding("behind-the-end", Severity.WARNING, "", message),)


def _hold_on_errors(findings: tuple[Finding, ...]) -> None:
    if any(f.severity is Severity.ERROR for f in findings):
        raise _Hold(findings)


def output_name(task: Task, made: Plan, content: bytes | InFile) -> str:
    """Return the relative output name, made of surrogates only."""
    if task.disc:
        return _name_on_disc(task, made, content)
    mark = ""
    if task.duplicate:
        mark = "-" + task.keyring.code("content", _digest(content), 6)
    return str(PurePosixPath(made.patient, made.study, made.series, f"{made.instance}{mark}.dcm"))


def _digest(content: bytes | InFile) -> str:
    made = hashlib.sha256()
    for piece in (content,) if isinstance(content, bytes) else content.pieces():
        made.update(piece)
    return made.hexdigest()


def _name_on_disc(task: Task, made: Plan, content: bytes | InFile) -> str:
    own = made.instance[-8:]
    if task.duplicate:
        own = task.keyring.code("content", _digest(content))
    return str(PurePosixPath(made.patient[-8:], made.study[-8:], made.series[-8:], own))
