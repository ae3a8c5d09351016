"""Write the recordings that are shipped anew: ``python -m hotagents_k8s_monitor.testing.scenarios [directory]``."""

from __future__ import annotations

import sys
from pathlib import Path

from hotagents_k8s_monitor.testing.recording import SHIPPED
from hotagents_k8s_monitor.testing.scenarios import scenarios

__all__ = ["main"]


def main(directory: Path) -> None:
    """Write each into a directory below this one."""
    for recording in scenarios():
        recording.save(directory / recording.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED)
