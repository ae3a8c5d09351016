"""The two ConfigMaps as manifests that people can read and edit, and back: files to text, text to files.

The same files give the same bytes, so that a test can say that what is in ``k8s/`` is what is in ``config/``. Values
are literal blocks (``|``); what a block cannot hold is quoted. ``nox -s manifests`` writes them anew::

    python -m hotagents_k8s_monitor.manifests CONFIG_DIRECTORY MANIFEST_DIRECTORY
"""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from hotagents.diagnostics import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LONGEST", "config_map", "files_of", "main", "manifests_of"]

LONGEST: Final = 1_048_576
"""Bytes that the values of one ConfigMap may have together: the API server's limit."""

_PARTS: Final = {"orchestrator": "CLAUDE.md", "agents": "agents/*.md"}
_HEAD: Final = """\
# Written from config/ by `nox -s manifests`: in the repository, edit there. In a cluster, edit the ConfigMap.
apiVersion: v1
kind: ConfigMap
metadata:
  name: k8s-monitor-{part}
  namespace: k8s-monitor
  labels:
    app.kubernetes.io/name: k8s-monitor
    app.kubernetes.io/component: {part}
"""
_KEY: Final = re.compile(r"(?!\.\.)[-._a-zA-Z0-9]{1,253}")
# Others would be read as a number, a date, null or the start of a list.
_PLAIN_KEY: Final = re.compile(r"[a-zA-Z][-._a-zA-Z0-9]*\.md")
# Printable in YAML, less what some parsers take for the end of a line or for a byte order mark.
_BLOCK: Final = re.compile("[\t\n -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_INDENT: Final = 2


def manifests_of(config: Path) -> dict[str, str]:
    """Return the text of both manifests, by file name, for a directory with ``CLAUDE.md`` and ``agents/*.md``.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If one is not UTF-8, or as for `config_map`.
    """
    return {
        f"{part}-configmap.yaml": config_map(
            part, {path.name: path.read_bytes().decode() for path in sorted(config.glob(pattern))}
        )
        for part, pattern in _PARTS.items()
    }


def config_map(part: str, files: Mapping[str, str]) -> str:
    """Return the manifest of the ConfigMap ``k8s-monitor-<part>`` with these files, in their order.

    Raises:
        ValueError: If the API server would refuse it: for a key, or for its size.
    """
    for key in files:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{escape(key)}: expected a key of letters, digits, `-`, `_` and `.`; rename the file")
    size = sum(len(text.encode()) for text in files.values())
    if size > LONGEST:
        raise ValueError(f"k8s-monitor-{part}: expected at most {LONGEST} bytes, found {size}; shorten the files")
    entries = "".join(f"{' ' * _INDENT}{_key(key)}: {_scalar(text)}" for key, text in files.items())
    return f"{_HEAD.format(part=part)}data:{chr(10) + entries if files else ' {}' + chr(10)}"


def files_of(manifest: str) -> dict[str, str]:
    """Return the ``data`` of a manifest with one ConfigMap.

    Raises:
        ValueError: If it is no such manifest.
    """
    try:
        found: Any = yaml.safe_load(manifest)
    except yaml.YAMLError as error:
        raise ValueError(f"expected one YAML document; {escape(str(error))}") from error
    if not isinstance(found, dict) or found.get("kind") != "ConfigMap":
        raise ValueError("expected one manifest of kind ConfigMap, found something else")
    data = found.get("data") or {}
    if not isinstance(data, dict) or not all(isinstance(item, str) for entry in data.items() for item in entry):
        raise ValueError("data: expected texts by key, found another type; quote keys and values")
    return data


def main(arguments: list[str]) -> None:
    """Write both manifests into a directory.

    Args:
        arguments: The directory to read and the one to write.
    """
    config, directory = map(Path, arguments)
    for name, text in manifests_of(config).items():
        (directory / name).write_bytes(text.encode())


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else _quoted(key)


def _scalar(text: str) -> str:
    content = text.rstrip("\n")
    if not content or not _BLOCK.fullmatch(text):
        return f"{_quoted(text)}\n"
    # Where the text itself starts with white space, a reader cannot tell the depth of the block from it.
    depth = str(_INDENT) if text[0].isspace() else ""
    chomp = {0: "-", 1: ""}.get(len(text) - len(content), "+")
    margin = " " * _INDENT * 2
    lines = "".join(f"{margin}{line}\n" if line else "\n" for line in text.removesuffix("\n").split("\n"))
    return f"|{depth}{chomp}\n{lines}"


def _quoted(text: str) -> str:
    quoted: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=math.inf)
    return quoted.removesuffix("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
