"""What the scenarios are told with, and the option that takes their guards away.

Each scenario is a promise about one way in which reloading goes wrong elsewhere; ``test_s16_...`` shows number 16. With
``--sabotage`` each runs under the sabotage of its number (`sabotages.py`), which removes the guard that makes it hold:
then it has to fail, and does so soon, since nobody is patient.
"""

from __future__ import annotations

import errno
import os
import re
import runpy
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents import ConfigRegistry
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from hotagents import Generation, Host, Snapshot, Source
    from hotagents.sources import SourceLike
    from hotagents.watchers import Watcher
    from tests.scenarios.sabotages import Sabotage

_SABOTAGES: Final = Path(__file__).with_name("sabotages.py")
_NUMBER: Final = re.compile(r"test_(s\d\d)_")
_PATIENCE: Final = 10.0
_PATIENCE_WITH_A_SABOTAGE: Final = 1.0
# In a child: the same guard is taken away there, before its own code begins.
_IN_A_CHILD: Final = """
import pytest, runpy
runpy.run_path({path!r})["SABOTAGES"][{number!r}].apply(pytest.MonkeyPatch())
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sabotage", action="store_true", help="run each scenario without the guard that makes it hold")


def sabotages() -> Mapping[str, Sabotage]:
    """All sabotages by number; run by their file, since tests are no package."""
    found: Mapping[str, Sabotage] = runpy.run_path(str(_SABOTAGES))["SABOTAGES"]
    return found


@pytest.fixture
def sabotaged(request: pytest.FixtureRequest) -> str:
    """Number of the sabotage under which the test runs; empty as a rule."""
    found = _NUMBER.match(request.node.name)
    return found[1] if found and request.config.getoption("--sabotage", default=False) else ""


@pytest.fixture(autouse=True)
def sabotage(sabotaged: str) -> Iterator[None]:
    """Takes the guard away, for the length of the test."""
    with pytest.MonkeyPatch.context() as patch:
        if sabotaged:
            sabotages()[sabotaged].apply(patch)
        yield


@pytest.fixture(autouse=True)
def no_thread_is_left(sabotage: None, sabotaged: str) -> Iterator[None]:
    _ = sabotage  # looks while the guard is still away, and asks nothing of what has none
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5.0
    while not sabotaged and (
        left := [t.name for t in threading.enumerate() if t not in before and t.name.startswith("hotagents")]
    ):
        assert time.monotonic() < deadline, left
        threading.Event().wait(0.01)  # a thread that has yet to begin cannot be joined


@pytest.fixture
def patience(sabotaged: str) -> float:
    """Seconds after which what is awaited will not come."""
    return _PATIENCE_WITH_A_SABOTAGE if sabotaged else _PATIENCE


@pytest.fixture
def until(patience: float) -> Callable[[Callable[[], object]], None]:
    """A function that waits for a claim to come true, for states that nothing announces."""

    def wait(claim: Callable[[], object]) -> None:
        deadline = time.monotonic() + patience
        while not claim():
            assert time.monotonic() < deadline, "what was awaited did not come"
            threading.Event().wait(0.005)

    return wait


@pytest.fixture
def arrives(patience: float) -> Callable[[ConfigRegistry[Any], str], Generation[Any]]:
    """A function that waits for the generation in which every agent is described by a text, and returns it."""

    def wait(registry: ConfigRegistry[Any], text: str) -> Generation[Any]:
        return registry.wait_for(
            lambda g: {agent.description for agent in g.agents.values()} == {text}, timeout=patience
        )

    return wait


@pytest.fixture
def agent() -> Callable[..., str]:
    """A function that writes an agent's file."""

    def write(name: str = "a", text: str = "text", *, tools: str | None = None, prompt: str = "Do it.\n") -> str:
        lines = [f"name: {name}", f"description: {text}", *([] if tools is None else [f"tools: {tools}"])]
        return "---\n" + "\n".join(lines) + f"\n---\n{prompt}"

    return write


@pytest.fixture
def volume(tmp_path: Path, agent: Callable[..., str]) -> ConfigMapVolume:
    """A mounted ConfigMap with one agent, ``a``, described as ``one``."""
    volume = ConfigMapVolume(tmp_path / "mount")
    volume.write({"a.md": agent("a", "one")})
    return volume


@pytest.fixture
def plain(tmp_path: Path, agent: Callable[..., str]) -> Path:
    """A plain directory with the same agent."""
    directory = tmp_path / "plain"
    directory.mkdir()
    (directory / "a.md").write_text(agent("a", "one"))
    return directory


@pytest.fixture
def start(no_thread_is_left: None) -> Iterator[Callable[..., ConfigRegistry[Any]]]:
    """A function that starts a registry, closed at the end; only events tell it of changes, unless a test says more."""
    _ = no_thread_is_left  # looks after this one has closed the registries
    with ExitStack() as started:

        def begin(source: SourceLike, **options: Any) -> ConfigRegistry[Any]:
            return started.enter_context(ConfigRegistry(source, **{"resync_interval": 3600, **options}))

        yield begin


@final
class Hooked:
    """A source around another one; each hook is given the inner method and answers in its place."""

    def __init__(
        self,
        inner: Source,
        *,
        read: Callable[[Callable[[], Snapshot]], Snapshot] = lambda real: real(),
        token: Callable[[Callable[[], Hashable]], Hashable] = lambda real: real(),
        watcher: Callable[[Callable[[], Watcher]], Watcher] = lambda real: real(),
    ) -> None:
        self._inner, self._read, self._token, self._watcher = inner, read, token, watcher

    def read(self) -> Snapshot:
        return self._read(self._inner.read)

    def token(self) -> Hashable:
        return self._token(self._inner.token)

    def watcher(self) -> Watcher:
        return self._watcher(self._inner.watcher)


@pytest.fixture
def hooked() -> type[Hooked]:
    """The class of sources whose steps a test may count, hold up or change."""
    return Hooked


@pytest.fixture
def denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Denies root, too, what a mode denies to everybody."""
    if os.geteuid() != 0:
        return
    real = os.open

    def open_as_anybody(path: Any, *rest: Any, **more: Any) -> int:
        fd = real(path, *rest, **more)
        if not os.fstat(fd).st_mode & 0o444:
            os.close(fd)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return fd

    monkeypatch.setattr(os, "open", open_as_anybody)


@pytest.fixture
def launch(no_thread_is_left: None) -> Iterator[Callable[[Host], None]]:
    """A function that runs a host in a thread; all of them are stopped at the end."""
    _ = no_thread_is_left  # looks after this one has stopped the hosts
    launched: list[tuple[Host, threading.Thread]] = []

    def run(host: Host) -> None:
        thread = threading.Thread(target=host.run, name="scenario-host", daemon=True)
        thread.start()
        launched.append((host, thread))

    yield run
    for host, _thread in launched:
        host.stop()
    for _host, thread in launched:
        thread.join(10.0)


@pytest.fixture
def child(sabotaged: str) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that runs code in another process, sabotaged like this one; killed at the end where it still runs."""
    prelude = _IN_A_CHILD.format(path=str(_SABOTAGES), number=sabotaged) if sabotaged else ""
    with ExitStack() as running:

        def run(code: str, *arguments: object) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", prelude + code, *map(str, arguments)]
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield run
