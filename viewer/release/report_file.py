"""The report as a file: JSON without identity."""

from pathlib import Path

import msgspec

from viewer.release.channels import CHANNELS, KINDS
from viewer.release.report import Report, Written
from viewer.rules.recipe import Recipe


def report_json(report: Report, *, product: str, recipe: Recipe) -> bytes:
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
        "profile": recipe.profile.name,
        "options": sorted(option.value for option in recipe.profile.options),
        "text": recipe.profile.text.value,
        "overrides": [{"selector": o.selector, "action": o.action.value} for o in recipe.profile.overrides],
        "set_aside": [{"what": w.blocker, "reason": w.reason} for w in recipe.waivers],
        "counts": report.counts,
        "cancelled": report.cancelled,
        "seconds": round(report.seconds, 3),
        "search": [
            {"channel": channel, "kind": kind, "clean": c.clean, "waived": c.waived, "held": c.held}
            | ({"reasons": sorted(c.reasons)} if c.reasons else {})
            for (channel, kind), c in sorted(report.search_table().items(), key=_in_order)
        ],
        "instances": rows,
        "rejected": report.rejected,
        "notes": report.notes,
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2)


def _in_order(row: tuple[tuple[str, str], object]) -> tuple[int, int]:
    return CHANNELS.index(row[0][0]), KINDS.index(row[0][1])


def _written_extras(written: Written) -> dict[str, object]:
    return {
        "looked_at": written.looked_at,
        "burned_in_text_likely": written.burned_in_text_likely,
        "pixels": written.pixels,
        "text_in_pixels": written.reading,
        "claims": [c.value for c in written.claims],
    }


def write_report(content: bytes, path: Path) -> None:
    """Write a report beside or outside the output folder; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
