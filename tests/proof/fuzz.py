"""What ``nox -s fuzz`` runs: attempts (`attempts.py`) with bytes that atheris invents, by the arguments of libFuzzer.

A program of its own, since only what is imported under atheris' eyes tells it which bytes lead to something new.
"""

from __future__ import annotations

import atexit
import importlib
import runpy
import shutil
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Try until told to stop, or until something breaks."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["hotagents", "yaml"]):
        try_bytes = runpy.run_path(str(Path(__file__).with_name("attempts.py")))["try_bytes"]
    room = Path(tempfile.mkdtemp(prefix="hotagents-fuzz-"))
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    atheris.Setup(sys.argv, lambda content: try_bytes(content, room))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
