"""Kubeconfig files, as far as they must be understood to say what is wrong with them.

The official client reads them too, and for good. But its messages quote what they complain about, tokens included, and
it takes a user that is not there for nobody. So a context is looked up here first.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hotagents.diagnostics import did_you_mean, escape
from hotagents_k8s_monitor.cluster.errors import ClusterError
from hotagents_k8s_monitor.cluster.objects import at, items_at, mapping_at, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Context", "context_of", "default_location"]

_NAMES_SHOWN: Final = 10
_MOST_BYTES: Final = 4 << 20
_ADVICE: Final = "`kubectl config view` shows what is there"


class Context(NamedTuple):
    """A context that a kubeconfig has.

    Attributes:
        name: Its name.
        plugin: The program or provider that must give the credential; empty where the file has it.
    """

    name: str
    plugin: str


def default_location() -> str:
    """Return the files that ``kubectl`` would read: of ``KUBECONFIG``, or else the one in the home directory."""
    return os.environ.get("KUBECONFIG") or "~/.kube/config"


def context_of(location: str, name: str | None) -> Context:
    """Return a context that can be used.

    Args:
        location: One or more files, separated as in ``KUBECONFIG``; those that are missing are passed over.
        name: Which context; the current one for None.

    Raises:
        ClusterError: If no file is there, one is broken, or the context is unknown or refers to nothing.
    """
    files = [(path, _read(path)) for path in _paths(location)]
    if not files:
        raise ClusterError(f"kubeconfig {escape(location)}: no such file; name another one, or another context's")
    where = f"kubeconfig {escape(os.pathsep.join(str(path) for path, _ in files))}"
    contexts = _named("contexts", files)
    wanted = name or next(filter(None, (text_at(file, "current-context") for _, file in files)), "")
    if wanted not in contexts:
        raise ClusterError(f"{where}: {_unknown(wanted, list(contexts))}")
    return _checked(where, wanted, contexts[wanted], files)


def _paths(location: str) -> list[Path]:
    try:
        paths = [Path(part).expanduser() for part in location.split(os.pathsep) if part]
        return [path for path in paths if path.exists()]
    except (OSError, RuntimeError, ValueError) as error:  # no home directory, no right to look, a null byte
        raise ClusterError(f"kubeconfig {escape(location)}: cannot be looked for: {type(error).__name__}") from None


def _read(path: Path) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415 - not needed inside a cluster

    where = f"kubeconfig {escape(str(path))}"
    try:
        found = yaml.safe_load(_text(path, where))
    except OSError as error:
        raise ClusterError(f"{where}: cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise ClusterError(f"{where}: not YAML{line}; correct it, {_ADVICE}") from None
    except (ValueError, RecursionError, yaml.YAMLError):  # bytes that are no UTF-8, control characters, a bad date
        raise ClusterError(f"{where}: not a text file in YAML; expected a kubeconfig") from None
    if not isinstance(found, Mapping):
        raise ClusterError(f"{where}: expected a mapping with clusters, users and contexts; {_ADVICE}")
    return found


def _text(path: Path, where: str) -> str:
    """Return the text of a regular file: what is none may never end, and can be read only once."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # else a FIFO's writer is waited for
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ClusterError(f"{where}: not a regular file; write the kubeconfig into one, it is read more than once")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(_MOST_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > _MOST_BYTES:
        raise ClusterError(f"{where}: larger than {_MOST_BYTES >> 20} MiB; expected a kubeconfig")
    return content.decode("utf-8")


def _named(section: str, files: Sequence[tuple[Path, Mapping[str, Any]]]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for item in _items(section, files):
        found.setdefault(text_at(item, "name"), item)  # the first file wins, as for kubectl
    found.pop("", None)
    return found


def _items(section: str, files: Sequence[tuple[Path, Mapping[str, Any]]]) -> Iterator[Mapping[str, Any]]:
    for _, file in files:
        yield from items_at(file, section)


def _unknown(wanted: str, known: list[str]) -> str:
    names = [escape(name, limit=100) for name in known[:_NAMES_SHOWN]]
    more = f" and {len(known) - _NAMES_SHOWN} more" if len(known) > _NAMES_SHOWN else ""
    there_are = f"it has {', '.join(names)}{more}" if names else "it has none"
    if not wanted:
        return f"no current context; choose one: {there_are}"
    hint = did_you_mean(wanted, known)
    return f'no context "{escape(wanted)}"; {escape(hint) + " " if hint else ""}{there_are}'


def _checked(
    where: str, name: str, entry: Mapping[str, Any], files: Sequence[tuple[Path, Mapping[str, Any]]]
) -> Context:
    place = f'{where}: context "{escape(name)}"'
    cluster, user = text_at(entry, "context", "cluster"), text_at(entry, "context", "user")
    clusters, users = _named("clusters", files), _named("users", files)
    if not text_at(clusters.get(cluster), "cluster", "server"):
        raise ClusterError(f'{place}: cluster "{escape(cluster)}" is not there, or has no server; {_ADVICE}')
    if user and user not in users:
        raise ClusterError(f'{place}: user "{escape(user)}" is not there; {_ADVICE}')
    credential = mapping_at(users.get(user), "user")
    plugin = text_at(credential, "exec", "command") or text_at(credential, "auth-provider", "name")
    return Context(name, plugin or ("a plugin" if at(credential, "exec") is not None else ""))
