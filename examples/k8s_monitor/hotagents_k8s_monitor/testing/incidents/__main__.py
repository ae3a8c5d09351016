"""Write the recordings anew: ``python -m hotagents_k8s_monitor.testing.incidents [directory]``."""

from __future__ import annotations

import sys
from pathlib import Path

from hotagents_k8s_monitor.shipped import recordings_dir
from hotagents_k8s_monitor.testing.incidents import scenes
from hotagents_k8s_monitor.testing.incidents.scene import write

__all__ = ["main"]


def main(directory: Path) -> None:
    """Write each into a directory of its own below this one; what is expected of them is left as it is."""
    for scene in scenes():
        write(scene, directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else recordings_dir())
