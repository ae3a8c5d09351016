"""``python -m hotagents_k8s_monitor`` is ``k8s-monitor``."""

from __future__ import annotations

from hotagents_k8s_monitor.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
