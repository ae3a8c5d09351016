"""What ``nox -s bench`` runs: every measurement, beside its floor and its peers; ``--help`` tells the arguments.

A program of its own, since what is measured is the *installed* package: the harness below this directory is put at the
end of the search path, where it hides nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))

if __name__ == "__main__":
    from bench.command import main

    sys.exit(main())
