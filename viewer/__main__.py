"""No arguments or paths -> window; a sub-command -> command line; --self-test LOG -> check of a build."""

import sys
from collections.abc import Sequence
from multiprocessing import freeze_support

COMMANDS = ("inspect", "clean", "verify", "reveal", "conformance", "demo")
"""What `viewer.cli` knows, which is imported only when one of them is asked for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code; Qt is imported for the window and the self-test only."""
    freeze_support()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["--self-test"] and len(given) == 2:
        from viewer.ui.self_test import self_test

        return self_test(given[1])
    if given and (given[0] in COMMANDS or given[0].startswith("-")):
        from viewer.cli import run

        return run(given)
    from viewer.display import has_display

    if not has_display():
        if sys.stderr is not None:  # a windowed program on Windows has none
            print("No display was found. Use a command; --help lists them.", file=sys.stderr)
        return 2
    from viewer.ui.main import run_window

    return run_window(given)


if __name__ == "__main__":
    sys.exit(main())
