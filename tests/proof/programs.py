"""The other processes of `test_stress.py`: a writer, a pod, and a process with very many registries.

Each is told what to do by lines of JSON, the name of a method and its arguments, and answers each with a line.
"""

from __future__ import annotations

import ctypes
import gc
import json
import logging
import os
import random
import sys
import threading
import time
import warnings
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import ConfigRegistry, ForkedError
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Generation

PATIENCE: Final = 60.0
CHANCE: Final = random.SystemRandom()
READINGS: Final = 5
NEW_USER: Final = 0x10000000  # <sched.h>


def measured() -> dict[str, int]:
    """Descriptors, inotify watches and threads of this process, and the memory that it holds."""
    gc.collect()
    watches = 0
    descriptors = os.listdir("/proc/self/fdinfo")
    for number in descriptors:
        try:
            watches += Path("/proc/self/fdinfo", number).read_text(encoding="ascii").count("inotify wd:")
        except FileNotFoundError:
            continue
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return {
        "descriptors": len(descriptors),
        "watches": watches,
        "threads": len(os.listdir("/proc/self/task")),
        "kilobytes": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    }


def describes(version: int, generation: Generation[Any]) -> bool:
    return str(generation.agents["a"].description) == f"version {version}"


@final
class Writer:
    """Swaps and remounts several volumes, one of which holds the others."""

    def __init__(self, root: str, volumes: str, files: str) -> None:
        self.files, self.version = int(files), 0
        self.outer = ConfigMapVolume(root)
        self.outer.write({"CLAUDE.md": "context"})
        self.inner = [self.outer.nested(f"agents/v{number}") for number in range(int(volumes))]

    def begin(self) -> None:
        for number in range(len(self.inner)):
            self.write(number)

    def write(self, number: int, *, recreate: bool = False) -> None:
        text = "---\nname: v{0}-{1}\ndescription: version {2}\n---\nbody\n"
        files = {f"{n}.md": text.format(number, n, self.version) for n in range(self.files)}
        if recreate:
            self.inner[number].swap_by_recreation(files)
        else:
            self.inner[number].write(files)

    def storm(self, swaps: int, seconds: float) -> int:
        """Return the version that every volume ends with."""
        end = time.monotonic() + seconds
        for _ in range(swaps):
            if time.monotonic() > end:
                break
            self.version += 1
            number = CHANCE.randrange(len(self.inner))
            self.inner[number].fs_group = CHANCE.random() < 0.1
            if CHANCE.random() < 0.05:
                self.inner[number].remount()
            if CHANCE.random() < 0.05:
                self.outer.write({"CLAUDE.md": f"version {self.version}"})
            if CHANCE.random() < 0.05:
                self.inner[number].update({"0.md": "---\nname: [\n---\n"})
            self.write(number, recreate=CHANCE.random() < 0.05)
            time.sleep(CHANCE.choice([0.0, 0.0, 0.001, 0.01]))  # the kubelet's own pause, not a wait for the reader
        self.version += 1
        self.begin()
        return self.version


@final
class Pod:
    """One registry with a subscriber, an iterator and pins, which waits for the versions that it is told of."""

    def __init__(self, path: str, resync_interval: str) -> None:
        logging.disable(logging.CRITICAL)
        self.registry: ConfigRegistry[Any] = ConfigRegistry(path, resync_interval=float(resync_interval))
        self.registry.start()
        self.registry.subscribe(lambda change: change.diff.to_dict())
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self) -> None:
        for change in self.registry.changes():
            with self.registry.pin() as pin:
                pin.allows("a", "Read")
                json.dumps(change.generation.to_dict())

    def wait(self, version: int) -> str:
        generation = self.registry.wait_for(partial(describes, version), timeout=PATIENCE)
        return str(generation.agents["a"].description)

    def reload(self) -> str:
        return self.registry.reload()

    def back_and_forth(self) -> str:
        history = self.registry.history
        self.registry.rollback(history[-1])
        return self.registry.resume()

    def measure(self) -> dict[str, int]:
        """Return the least of several readings, each after a reload: a look that is under way has a file open."""
        readings = []
        for _ in range(READINGS):
            self.registry.reload()
            readings.append(measured())
        return {name: min(reading[name] for reading in readings) for name in readings[0]}


@final
class Many:
    """Very many registries on one volume, with fewer inotify instances than that."""

    def __init__(self, path: str, limit: str) -> None:
        self.path = path
        self.warnings = 0
        self.registries: list[ConfigRegistry[Any]] = []
        limit_instances(int(limit))
        counter = logging.Handler(logging.WARNING)
        counter.emit = self.warned  # type: ignore[method-assign]
        logging.getLogger("hotagents.watching").addHandler(counter)
        with ConfigRegistry(path):
            pass  # what is loaded once is loaded now

    def warned(self, record: logging.LogRecord) -> None:
        self.warnings += "no events" in record.getMessage()

    def open(self, count: int) -> dict[str, Any]:
        for _ in range(count):
            registry: ConfigRegistry[Any] = ConfigRegistry(self.path, resync_interval=PATIENCE)
            registry.start()
            self.registries.append(registry)
        modes = Counter(registry.status.watch_mode for registry in self.registries)
        return {"modes": modes, "warnings": self.warnings, **measured()}

    def wait(self, version: int) -> int:
        """Return how many have come to it."""
        for registry in self.registries:
            registry.wait_for(partial(describes, version), timeout=PATIENCE)
        return len(self.registries)

    def fork(self) -> dict[str, Any]:
        """Return what a forked child finds, and how it ends."""
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # a process with threads forks: that is the case in question
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(write, json.dumps(self.as_a_child()).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read, encoding="ascii") as answer:
            found: dict[str, Any] = json.loads(answer.read())
        assert all(registry.healthy() for registry in self.registries)
        return {**found, "code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}

    def as_a_child(self) -> dict[str, Any]:
        told = 0
        for registry in self.registries:
            try:
                registry.reload()
            except ForkedError:
                told += 1
            registry.close()
        with ConfigRegistry(self.path) as own:
            return {"told": told, "own": own.current.agents["a"].description}

    def close(self) -> int:
        for registry in self.registries:
            registry.close()
        closed = sum(registry.status.state == "closed" for registry in self.registries)
        self.registries.clear()
        end = time.monotonic() + PATIENCE
        while any(t.name.startswith("hotagents") for t in threading.enumerate()) and time.monotonic() < end:
            threading.Event().wait(0.01)
        return closed

    def measure(self) -> dict[str, int]:
        return measured()


def limit_instances(limit: int) -> None:
    """Give this process a limit of its own, that others of its user do not feel; where it may not, imitate one."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_USER) != 0:
        imitate_limit(limit)
        return
    try:
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_text(line, encoding="ascii")
        Path("/proc/sys/user/max_inotify_instances").write_text(f"{limit}", encoding="ascii")
    except OSError:
        imitate_limit(limit)


def imitate_limit(limit: int) -> None:
    import errno  # noqa: PLC0415

    from hotagents.watchers import inotify  # noqa: PLC0415

    real: Any = inotify._libc()
    init = real.inotify_init1
    lock = threading.Lock()

    def limited(flags: int) -> int:
        with lock:
            if measured()["watches"] >= limit:
                ctypes.set_errno(errno.EMFILE)
                return -1
            return int(init(flags))

    real.inotify_init1 = limited


def main() -> None:
    kinds: dict[str, Callable[..., Any]] = {"writer": Writer, "pod": Pod, "many": Many}
    _, kind, *arguments = sys.argv
    program = kinds[kind](*arguments)
    for line in sys.stdin:
        name, *given = json.loads(line)
        print(json.dumps(getattr(program, name)(*given)), flush=True)  # noqa: T201 - this is how it talks
    os._exit(0)


if __name__ == "__main__":
    main()
