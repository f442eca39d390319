"""One instance as a transaction: read, plan, apply, redact, write, verify from disk, then rename."""

import hashlib
import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian
from pydicom.valuerep import STANDARD_VR

from viewer.custody.envelope import certificates, seal
from viewer.dicom.catalog import Instance
from viewer.dicom.decisions import Finding, Plan, Severity
from viewer.dicom.elements import Element
from viewer.dicom.errors import DeidError, UnreadableFile
from viewer.dicom.sources import read_source
from viewer.dicom.tails import tail_start
from viewer.finders.risk import burned_in_risk
from viewer.pixels.document_pages import redraw_document
from viewer.pixels.redact import redact
from viewer.release.apply import apply
from viewer.release.channels import searched
from viewer.release.encode import encoded as encoded
from viewer.release.report import Held, InstanceReport, Written
from viewer.release.unfinished import Unfinished
from viewer.release.verify import verify
from viewer.rules.documents import shows_pixels
from viewer.rules.plan import plan
from viewer.rules.recipe import Recipe
from viewer.rules.surrogates import Keyring

_UNDEFINED: Final = 0xFFFFFFFF


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
            return _released(task)
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


def _released(task: Task) -> InstanceReport:
    content = read_source(task.instance.source)
    source = parse(content)
    told = _left_out(source, content)
    made = plan(source, task.recipe, task.keyring)
    _hold_on_errors(made.findings)
    output = apply(source, made)
    if made.blanks:
        redact(output, made.blanks)
    if made.pages is not None:
        redraw_document(output, source, made.pages)
    if made.sealed:
        seal(output, source, made.decisions, certificates(task.recipe.profile.recipients))
    name = output_name(task, made, content)
    with Unfinished(task.destination, name) as unfinished:
        unfinished.write(encoded(output))
        proof, findings = verify(unfinished.read_back(), name, content, made)
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
    )


def _left_out(source: Dataset, content: bytes) -> tuple[Finding, ...]:
    """Return a WARNING when bytes stood behind the data set; they are in no output."""
    last = list(source.values())[-1]
    if source.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        return ()
    if not isinstance(last, RawDataElement) or last.length == _UNDEFINED:
        return ()
    if not content[last.value_tell + last.length :].strip(b"\0 "):
        return ()
    message = "Bytes that stood behind the end of the data set were left out."
    return (Finding("behind-the-end", Severity.WARNING, "", message),)


def _hold_on_errors(findings: tuple[Finding, ...]) -> None:
    if any(f.severity is Severity.ERROR for f in findings):
        raise _Hold(findings)


def parse(content: bytes) -> Dataset:
    """Return the data set of a file's bytes; raises UnreadableFile when it is damaged or cut short.

    pydicom only warns when a file ends inside an element, and returns what came before.
    """
    try:
        dataset = dcmread(io.BytesIO(content), force=True)
    except Exception as error:  # pydicom raises many kinds on damaged files
        raise UnreadableFile(f"It is damaged and cannot be read ({type(error).__name__}).") from error
    elements = list(dataset.values())
    start = tail_start(elements, len(content))
    if start is not None:
        return parse(content[:start])
    if not elements or any(map(_is_short, elements)) or _ends_in_a_head(elements[-1], len(content)):
        raise UnreadableFile("It is cut short: the file ends inside an element.")
    return dataset


def _is_short(element: Element) -> bool:
    if not isinstance(element, RawDataElement):
        return False
    if element.value is None and element.VR is not None and element.VR not in STANDARD_VR:
        return True  # pydicom cannot even look at it
    if element.length == _UNDEFINED:  # pydicom found no end of it
        return element.value is None
    return len(element.value or b"") < element.length


def _ends_in_a_head(last: Element, size: int) -> bool:
    """Return whether one to seven bytes follow the last element: the beginning of another one's head."""
    if not isinstance(last, RawDataElement) or last.value is None:
        return False
    end = last.value_tell + len(last.value) + (8 if last.length == _UNDEFINED else 0)
    return 0 < size - end < 8


def output_name(task: Task, made: Plan, content: bytes) -> str:
    """Return the relative output name, made of surrogates only."""
    if task.disc:
        return _name_on_disc(task, made, content)
    mark = ""
    if task.duplicate:
        mark = "-" + task.keyring.code("content", hashlib.sha256(content).hexdigest(), 6)
    return str(PurePosixPath(made.patient, made.study, made.series, f"{made.instance}{mark}.dcm"))


def _name_on_disc(task: Task, made: Plan, content: bytes) -> str:
    own = made.instance[-8:]
    if task.duplicate:
        own = task.keyring.code("content", hashlib.sha256(content).hexdigest())
    return str(PurePosixPath(made.patient[-8:], made.study[-8:], made.series[-8:], own))
