"""What came of an export: one line per instance, written or held, without identity."""

from dataclasses import dataclass, field
from typing import TypeAlias

from viewer.dicom.decisions import Finding, MethodCode
from viewer.release.channels import Cell, Searched, table_of


@dataclass(frozen=True, slots=True)
class PixelProof:
    """What was shown about the pixels of a written file, from the file on disk.

    `basis`: "none" (no pixel data), "bytes" (pixel data byte-identical to the source), "decoded"
    (touched frames decoded and compared outside the boxes, untouched ones byte-identical) or "video"
    (coded anew: close to the source outside the boxes, not exact).
    """

    basis: str
    frames: int = 0
    frames_touched: int = 0
    pixels_blanked: int = 0
    pixels_changed_outside: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """An instance that passed every check and stands in the output folder."""

    number: int
    name: str
    """Relative path in the output folder, made of surrogates only, with `/`."""
    looked_at: bool
    """Whether a person has looked at its pixels."""
    burned_in_text_likely: bool
    """Whether its class makes burned-in text likely."""
    pixels: PixelProof
    claims: tuple[MethodCode, ...] = ()
    findings: tuple[Finding, ...] = ()
    searched: Searched = field(default_factory=Searched)
    reading: str = "not read again"
    """How hard its pixels were read again for text."""


@dataclass(frozen=True, slots=True)
class Held:
    """An instance of which nothing was written, and why, in one sentence."""

    number: int
    reason: str
    findings: tuple[Finding, ...] = ()


InstanceReport: TypeAlias = Written | Held


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one export. `rejected`: reasons of files that were never in the catalog."""

    instances: tuple[InstanceReport, ...]
    rejected: tuple[str, ...] = ()
    cancelled: bool = False
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    """What came up beside the instances, in sentences, such as a file that the index of a disc leaves out."""

    @property
    def counts(self) -> dict[str, int]:
        """Return how many instances were written and held and how many files were rejected."""
        written = sum(isinstance(i, Written) for i in self.instances)
        return {"written": written, "held": len(self.instances) - written, "rejected": len(self.rejected)}

    def search_table(self) -> dict[tuple[str, str], Cell]:
        """Return the residual search as one table: cells by channel and kind of identity."""
        written = [i.searched for i in self.instances if isinstance(i, Written)]
        return table_of(written, [i.findings for i in self.instances if isinstance(i, Held)])
