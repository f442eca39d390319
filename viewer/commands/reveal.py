"""reveal: move encrypted originals back into cleaned files, for who holds the key."""

import io
import sys
from pathlib import Path

import click
from cryptography import x509
from pydicom import dcmread

from viewer.commands.terminal import FOUND, PATHS
from viewer.custody.envelope import private_key, revealed
from viewer.dicom.elements import CONVERSION_ERRORS
from viewer.dicom.errors import BadSelector, UnreadableFile


@click.command()
@PATHS
@click.option("--out", "destination", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option(
    "--key", required=True, type=click.Path(exists=True, path_type=Path), help="Private key in PEM."
)
@click.option(
    "--certificate", required=True, type=click.Path(exists=True, path_type=Path), help="Certificate in PEM."
)
@click.option("--password", is_flag=True, help="Ask for the password of the key.")
def reveal(paths: tuple[Path, ...], destination: Path, key: Path, certificate: Path, password: bool) -> None:
    """Write files with their originals moved back (PS3.15 E.1.2); what the key does not open is told."""
    secret = click.prompt("Password of the key", hide_input=True, err=True).encode() if password else None
    opener = private_key(key.read_bytes(), secret)
    try:
        holder = x509.load_pem_x509_certificate(certificate.read_bytes())
    except ValueError as error:
        raise BadSelector("The certificate cannot be read: it must be X.509 in PEM.") from error
    files = [file for path in paths for file in (sorted(path.rglob("*.dcm")) if path.is_dir() else [path])]
    destination.mkdir(parents=True, exist_ok=True)
    done = 0
    for number, file in enumerate(files, start=1):
        try:
            made = revealed(dcmread(file), holder, opener)
            out = io.BytesIO()
            made.save_as(out, enforce_file_format=True)
        except UnreadableFile as error:
            click.echo(f"{file.name}: {error}")
            continue
        except CONVERSION_ERRORS as error:
            click.echo(f"{file.name}: It cannot be read or written ({type(error).__name__}).")
            continue
        (destination / f"{number:06d}.dcm").write_bytes(out.getvalue())
        done += 1
    click.echo(f"revealed {done} of {len(files)} files")
    sys.exit(0 if done == len(files) else FOUND)
