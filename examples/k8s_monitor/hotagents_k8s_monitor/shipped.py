"""Where the files are that are deployed: in the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

__all__ = ["config_dir", "manifest", "recordings_dir"]


def config_dir() -> Path:
    """Return the directory of the shipped ``CLAUDE.md`` and ``agents/``: an example to start from, read-only."""
    return _root() / "config"


def manifest(name: str) -> str:
    """Return the text of a shipped manifest, by its path below ``k8s/``: ``deployment.yaml``.

    Raises:
        FileNotFoundError: If there is none of that name.
    """
    return (_root() / "k8s" / name).read_text(encoding="utf-8")


def recordings_dir() -> Path:
    """Return the directory of the recorded incidents and ordinary days, each with what it must come to; read-only."""
    return _root() / "recordings"


def _root() -> Path:
    package = Path(__file__).resolve().parent
    installed = package / "shipped"
    return installed if installed.is_dir() else package.parent
