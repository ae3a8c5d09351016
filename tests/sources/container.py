"""What runs inside a "container": a process with a mount table of its own, told by lines of JSON what to do.

Run as a program by test_namespaces.py. Its first line says whether it may have such a table; then each line is the
name of a method of `Container` with its arguments, and each answer a line with the result or the error.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import ConfigRegistry, SourceError, Tree
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Values of <sched.h> and <sys/mount.h>.
_NEW_MOUNTS: Final = 0x20000
_NEW_USER: Final = 0x10000000
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 0x1, 0x20, 0x1000, 0x4000, 0x40000
_LAZY: Final = 2
_LONGEST: Final = 20.0


@final
class Container:
    """The commands."""

    def __init__(self, libc: ctypes.CDLL) -> None:
        self._libc = libc
        self._registry: ConfigRegistry[Any] | None = None

    def bind(self, source: str, target: str) -> None:
        self._mount(source, target, "", _BIND)

    def memory(self, target: str) -> None:
        self._mount("tmpfs", target, "tmpfs", 0)

    def read_only(self, target: str) -> None:
        self._mount("", target, "", _REMOUNT | _BIND | _READ_ONLY)

    def unmount(self, target: str, *, lazily: bool = False) -> None:
        _checked(self._libc.umount2(target.encode(), _LAZY if lazily else 0))

    def write(self, volume: str, files: dict[str, str]) -> None:
        ConfigMapVolume(volume).write(files)

    def start(self, path: str, *, settle: float = 0.1, **options: Any) -> dict[str, Any]:
        self._registry = ConfigRegistry(Tree(path, settle=settle), **options)
        try:
            self._registry.start()
        except SourceError as error:
            return {"error": str(error), "reason": error.reason}
        return self.look()

    def reload(self) -> str:
        assert self._registry is not None
        return self._registry.reload()

    def look(self) -> dict[str, Any]:
        """What is served, and the status."""
        assert self._registry is not None
        status = self._registry.status
        agents = self._registry.current.agents
        return {
            "served": {name: agent.description for name, agent in agents.items()},
            "number": self._registry.current.number,
            "conditions": {c.type: c.to_dict() for c in status.conditions},
            "diagnostics": [d.to_dict() for d in status.diagnostics],
            "missed": status.missed_changes,
        }

    def await_watching(self, reason: str, *words: str) -> dict[str, Any]:
        """Return the first look in which the condition has that reason and, in its message, these words.

        A look in the midst of a removal finds the link gone and the directory still there, and says so.
        """
        return self._await(lambda seen: _says(seen["conditions"]["Watching"], reason, words))

    def await_served(self, name: str, description: str) -> dict[str, Any]:
        return self._await(lambda seen: seen["served"].get(name) == description)

    def await_unhealthy(self, max_age: float) -> None:
        registry = self._registry
        assert registry is not None
        self._await(lambda _: not registry.healthy(max_age=max_age))

    def healthy(self) -> bool:
        assert self._registry is not None
        return self._registry.healthy(max_age=_LONGEST)

    def close(self) -> None:
        if self._registry is not None:
            self._registry.close()

    def _mount(self, source: str, target: str, kind: str, flags: int) -> None:
        _checked(self._libc.mount(source.encode(), target.encode(), kind.encode(), flags, None))

    def _await(self, claim: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + _LONGEST
        while not claim(seen := self.look()):
            if time.monotonic() > deadline:
                raise TimeoutError(json.dumps(seen))
            threading.Event().wait(0.01)  # no event tells of a condition
        return seen


def _says(condition: dict[str, Any], reason: str, words: Iterable[str]) -> bool:
    return condition["reason"] == reason and all(word in condition["message"] for word in words)


def _checked(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _enter(libc: ctypes.CDLL) -> None:
    """Get a mount table of one's own; where the user may not, as root of a user namespace of one's own."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEW_MOUNTS) != 0:
        _checked(libc.unshare(_NEW_MOUNTS | _NEW_USER))
        for name, line in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(line)
    _checked(libc.mount(None, b"/", None, _RECURSIVE | _PRIVATE, None))


def _answer(container: Container, line: str) -> dict[str, Any]:
    name, arguments, options = json.loads(line)
    try:
        return {"result": getattr(container, name)(*arguments, **options)}
    except Exception as error:  # noqa: BLE001 - the other side raises it
        return {"error": f"{name}: {type(error).__name__}: {error}"}


def main() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        _enter(libc)
    except OSError as error:
        print(json.dumps({"refused": str(error)}), flush=True)  # noqa: T201 - this is how it talks
        return
    print(json.dumps({"refused": ""}), flush=True)  # noqa: T201
    container = Container(libc)
    for line in sys.stdin:
        print(json.dumps(_answer(container, line)), flush=True)  # noqa: T201
    container.close()


if __name__ == "__main__":
    main()
