"""What came of an export: one line per instance, written or held, without identity."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec

from viewer.dicom.decisions import Finding, MethodCode
from viewer.rules.recipe import Profile


@dataclass(frozen=True, slots=True)
class PixelProof:
    """What was shown about the pixels of a written file, from the file on disk.

    `basis`: "none" (no pixel data), "bytes" (pixel data byte-identical to the source) or "decoded"
    (touched frames decoded and compared outside the boxes, untouched ones byte-identical).
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

    @property
    def counts(self) -> dict[str, int]:
        """Return how many instances were written and held and how many files were rejected."""
        written = sum(isinstance(i, Written) for i in self.instances)
        return {"written": written, "held": len(self.instances) - written, "rejected": len(self.rejected)}


def report_json(report: Report, *, product: str, profile: Profile) -> bytes:
    """Return the report as JSON; catalog numbers and output names are the only names in it.

    Of the profile its name, options and overridden selectors are told, not the values put in.
    """
    rows = [
        {"number": i.number, "state": "written" if isinstance(i, Written) else "held"}
        | {
            "reason": "" if isinstance(i, Written) else i.reason,
            "output": i.name if isinstance(i, Written) else "",
            "findings": [
                {"code": f.code, "severity": f.severity.value, "where": f.where, "message": f.message}
                for f in i.findings
            ],
        }
        | (_written_extras(i) if isinstance(i, Written) else {})
        for i in report.instances
    ]
    whole = {
        "product": product,
        "profile": profile.name,
        "options": sorted(option.value for option in profile.options),
        "overrides": [{"selector": o.selector, "action": o.action.value} for o in profile.overrides],
        "counts": report.counts,
        "cancelled": report.cancelled,
        "seconds": round(report.seconds, 3),
        "instances": rows,
        "rejected": report.rejected,
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2)


def _written_extras(written: Written) -> dict[str, object]:
    return {
        "looked_at": written.looked_at,
        "burned_in_text_likely": written.burned_in_text_likely,
        "pixels": written.pixels,
        "claims": [c.value for c in written.claims],
    }


def write_report(content: bytes, path: Path) -> None:
    """Write a report beside or outside the output folder; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
