"""The command line's way in: the console script ``hotagents``, and ``python -m hotagents``."""

from __future__ import annotations

import sys

__all__ = ["main"]

_EXTRA = frozenset({"rich", "typer"})


def main() -> None:
    """Run the command line; without its extra say what to install and exit with 2."""
    try:
        from hotagents.cli import app  # noqa: PLC0415 - the extra may not be there
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        hint = 'python -m pip install "hotagents[cli]"'
        print(f"hotagents: the command line needs {error.name}; install it with: {hint}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    try:
        app(prog_name="hotagents")
    except SystemExit as ending:
        from hotagents.cli.ending import end  # noqa: PLC0415 - the extra is there by now

        end(ending)
        raise


if __name__ == "__main__":
    main()
