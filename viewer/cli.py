"""The same engine without a window: the command line and its exit codes; no Qt."""

from collections.abc import Sequence

import click

from viewer import PRODUCT, VERSION
from viewer.commands.clean import clean
from viewer.commands.conformance import conformance
from viewer.commands.demo import demo
from viewer.commands.inspect import inspect
from viewer.commands.reveal import reveal
from viewer.commands.terminal import FOUND, WRONG_USE, notes
from viewer.commands.verify import verify
from viewer.dicom.errors import DeidError
from viewer.dicom.quiet import keep_values_out_of_logs


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name=PRODUCT)
def commands() -> None:
    """De-identify DICOM studies: header, pixels, and proof. Without a command the window opens."""


for _command in (inspect, clean, verify, reveal, conformance, demo):
    commands.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Return the exit code of a command line: 0 done, 1 something held or found, 2 wrong use or set-up."""
    keep_values_out_of_logs()
    try:
        commands.main(args=list(arguments), prog_name=PRODUCT, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return WRONG_USE
    except DeidError as error:
        notes.print(str(error), markup=False, soft_wrap=True)
        return WRONG_USE
    except OSError as error:
        notes.print(
            f"A file or folder cannot be used ({type(error).__name__}).", markup=False, soft_wrap=True
        )
        return WRONG_USE
    except click.Abort:
        notes.print("Stopped; nothing unfinished was left behind.")
        return FOUND
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0
