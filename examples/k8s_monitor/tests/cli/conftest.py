"""The command line as real processes, against a cluster on the loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import datetime, timezone
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Final, final

import pytest

from hotagents.testing import ConfigMapVolume
from hotagents_k8s_monitor.manifests import files_of
from hotagents_k8s_monitor.settings import PREFIX
from hotagents_k8s_monitor.shipped import manifest
from hotagents_k8s_monitor.testing import FakeCluster, Recording

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

BOUND: Final = 40.0
MAIN: Final = "from hotagents_k8s_monitor.cli import main; main()"
UNSET: Final = (PREFIX, "ANTHROPIC_", "KUBE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NO_COLOR")


@final
class Process:
    """A running program whose lines can be waited for; ended by force rather than hang a test."""

    def __init__(self, command: list[str], environment: dict[str, str], directory: Path) -> None:
        self.process = subprocess.Popen(
            command, env=environment, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.out: list[str] = []
        self.log: list[str] = []
        self._heard = threading.Condition()
        streams = ((self.process.stdout, self.out), (self.process.stderr, self.log))
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True) for pair in streams]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str] | None, lines: list[str]) -> None:
        assert stream is not None
        for line in stream:
            with self._heard:
                lines.append(line.rstrip("\n"))
                self._heard.notify_all()

    def logged(self, text: str, *, times: int = 1) -> str:
        """Wait until the log has that many lines with the text, and return the last of them."""

        def found() -> list[str]:
            return [line for line in self.log if text in line]

        with self._heard:
            arrived = self._heard.wait_for(lambda: len(found()) >= times, BOUND)
            assert arrived, f"{text!r} did not come {times} times; the log has:\n" + "\n".join(self.log)
            return found()[times - 1]

    def ended(self) -> int:
        """Wait for the end and for the last lines; return the exit code."""
        code = self.process.wait(BOUND)
        for reader in self._readers:
            reader.join(BOUND)
        return code

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.ended()

    def close(self) -> None:
        self.process.kill()
        self.ended()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """All that a process is given: a home, a place for temporary files, a current directory; all of them empty."""
    for name in ("home", "tmp", "here"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """What a process may know of this one's environment: no setting, no proxy, no kubeconfig."""
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(UNSET)}
    return environment | {
        "HOME": str(home / "home"),
        "TMPDIR": str(home / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "K8S_MONITOR_DATA_DIR": str(home / "data"),
    }


@pytest.fixture
def start(home: Path, environment: dict[str, str]) -> Iterator[Callable[..., Process]]:
    """Start ``k8s-monitor`` with settings (``context="x"``), and nothing of this process's own environment."""
    running: list[Process] = []

    def started(
        *arguments: str | Path,
        program: list[str] | None = None,
        variables: Mapping[str, str] = MappingProxyType({}),
        **settings: str | Path | float,
    ) -> Process:
        set_here = {f"K8S_MONITOR_{name.upper()}": str(value) for name, value in settings.items()}
        command = [sys.executable, *(program or ["-c", MAIN]), *map(str, arguments)]
        running.append(Process(command, {**environment, **variables, **set_here}, home / "here"))
        return running[-1]

    yield started
    for process in running:
        process.close()


def cluster_of(recording: str) -> FakeCluster:
    return FakeCluster(Recording.load(recording).frames[-1].moved_to(datetime.now(timezone.utc)))


@pytest.fixture
def trouble() -> Iterator[FakeCluster]:
    with cluster_of("trouble") as cluster:
        yield cluster


@pytest.fixture
def healthy() -> Iterator[FakeCluster]:
    with cluster_of("healthy") as cluster:
        yield cluster


@final
class Mount:
    """The two ConfigMaps as a pod has them, the second nested in the first."""

    def __init__(self, root: Path) -> None:
        self.path = root
        self._contents = {part: files_of(manifest(f"{part}-configmap.yaml")) for part in ("orchestrator", "agents")}
        outer = ConfigMapVolume(root)
        outer.write(self._contents["orchestrator"])
        self._volumes = {"orchestrator": outer, "agents": ConfigMapVolume(root / "agents")}
        self._volumes["agents"].write(self._contents["agents"])

    def edit(self, name: str, old: str, new: str) -> None:
        part = "orchestrator" if name == "CLAUDE.md" else "agents"
        files = self._contents[part]
        assert files[name].count(old) == 1
        self._contents[part] = {**files, name: files[name].replace(old, new)}
        assert self._volumes[part].write(self._contents[part])


@pytest.fixture
def mount(home: Path) -> Mount:
    return Mount(home / "mount")
