"""Generate resources/standard/ from a folder of tables taken out of the DICOM Standard.

    python resources/make_standard.py FOLDER

FOLDER holds the CSV and JSON files named in TABLES. Nothing in resources/standard/ is edited by hand:
a new edition is a new folder and another run of this script. The manifest carries the edition, the
number of rows and a SHA-256 of every generated file; the program checks them when it loads a table.
"""

import csv
import gzip
import hashlib
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

EDITION = "2026d"
ROWS_E1_1 = 657
OPTIONS = (
    "rtn_safe_priv", "rtn_uids", "rtn_dev_id", "rtn_inst_id", "rtn_pat_chars",
    "rtn_long_full_dates", "rtn_long_modif_dates", "clean_desc", "clean_struct_cont", "clean_graph",
)  # fmt: skip
TABLES = {
    "confidentiality_profile.csv": "profile.json",
    "safe_private.csv": "safe_private.json",
    "structured_content.csv": "structured_content.json",
    "deid_methods.csv": "methods.json",
    "output_attributes.csv": "output_attributes.json",
    "vr_sweep.csv": "vr_sweep.json",
    "burned_in_risk.csv": "burned_in_risk.json",
}
HERE = Path(__file__).resolve().parent


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a header line."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def tag_and_mask(text: str) -> tuple[int, int]:
    """Return value and mask of a tag as printed; `x` is any digit, the odd groups are mask 0x10000."""
    if "odd" in text:
        return 0x00010000, 0x00010000
    digits = re.sub(r"[(), ]", "", text).lower()
    value = int(digits.replace("x", "0"), 16)
    mask = int("".join("0" if d == "x" else "f" for d in digits), 16)
    return value, mask


def profile(rows: Iterable[dict[str, str]]) -> list[dict[str, object]]:
    """Return Table E.1-1 with numeric tags and only the option columns that hold a code."""
    table = []
    for row in rows:
        tag, mask = tag_and_mask(row["tag"])
        options = {option: row[option] for option in OPTIONS if row[option]}
        table.append(
            {"tag": tag, "mask": mask, "name": row["name"], "vr": row["vr"], "basic": row["basic"]}
            | {"in_iod": row["in_std_composite_iod"] == "Y", "options": options}
        )
    return table


def vocabulary() -> list[str]:
    """Return the words of the code meanings of PS3.16 that pydicom carries: anatomy and technique.

    Breeds are left out, and words that are only ever written with a capital inside a meaning: names.
    """
    from pydicom.sr._concepts_dict import concepts

    inside: set[str] = set()
    first: set[str] = set()
    for scheme in concepts.values():
        for codes in scheme.values():
            for meaning, *_ in codes.values():
                if "breed" not in meaning:
                    words = re.findall(r"[A-Za-z]{2,}", meaning)
                    first.update(words[:1])
                    inside.update(words[1:])
    names = {w.lower() for w in inside if w[1:].islower() and w[0].isupper() and w.lower() not in inside}
    return sorted({w.lower() for w in first | inside} - names)


def write(name: str, content: bytes, manifest: dict[str, dict[str, object]], rows: int) -> None:
    """Write one generated file and its line in the manifest."""
    (HERE / "standard" / name).write_bytes(content)
    manifest[name] = {"rows": rows, "sha256": hashlib.sha256(content).hexdigest()}
    print(f"{name}: {rows} rows, {len(content)} bytes")


def compact(table: object) -> bytes:
    """Return JSON with one row per line, so that a new edition shows as a readable difference."""
    if isinstance(table, list):
        lines = ",\n".join(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in table)
        return f"[\n{lines}\n]\n".encode()
    return json.dumps(table, ensure_ascii=False, sort_keys=True).encode()


def main(folder: Path) -> None:
    """Generate every file."""
    (HERE / "standard").mkdir(exist_ok=True)
    manifest: dict[str, dict[str, object]] = {}
    for source, target in TABLES.items():
        rows = read_rows(folder / source)
        table: list[dict[str, object]] = profile(rows) if target == "profile.json" else list(map(dict, rows))
        if target == "profile.json" and len(table) != ROWS_E1_1:
            sys.exit(f"Table E.1-1 of {EDITION} has {ROWS_E1_1} rows, these are {len(table)}")
        write(target, compact(table), manifest, len(table))
    types = json.loads(gzip.decompress((folder / "iod_attribute_types.json.gz").read_bytes()))
    packed = gzip.compress(compact(types), mtime=0)
    write("iod_types.json.gz", packed, manifest, len(types["modules"]))
    words = vocabulary()
    write("vocabulary.json", compact(words), manifest, len(words))
    head = {"edition": EDITION, "iod_edition": types["edition"], "files": manifest}
    (HERE / "standard" / "manifest.json").write_text(json.dumps(head, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
