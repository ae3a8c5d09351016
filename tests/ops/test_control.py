from __future__ import annotations

import json
import os
import re
import socket
import stat
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from hotagents import ConfigRegistry, CycleResult, Host, Memory
from hotagents.echo import Echo
from hotagents.ops.asking import RefusedError, ask
from hotagents.ops.control import Control
from hotagents.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents import Cycle, Snapshot

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")
root = pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can be somebody else")
BROKEN = "---\nname: triage\n---\n"


@pytest.fixture
def source(agent: Callable[..., str]) -> Memory:
    return Memory({"triage.md": agent()})


@pytest.fixture
def registry(source: Memory) -> Iterator[ConfigRegistry[Any]]:
    with ConfigRegistry(source) as registry:
        yield registry


@pytest.fixture
def room() -> Iterator[Path]:
    """A directory with a shorter name than that of `tmp_path`: a socket's path has little room."""
    with tempfile.TemporaryDirectory(prefix="ctl") as name:
        yield Path(name)


@pytest.fixture
def path(room: Path) -> str:
    return str(room / "ctl.sock")


def raw(path: str, content: bytes) -> dict[str, Any]:
    """What is answered to bytes; empty where it is nothing."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10.0)
        connection.connect(path)
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    answer: dict[str, Any] = json.loads(received) if received else {}
    return answer


def test_a_status_is_the_report(registry: ConfigRegistry[Any], path: str) -> None:
    with Control(path, registry):
        answer = ask(path, "status")
    assert answer["result"] == "ok"
    assert answer["report"]["generation"]["digest"] == registry.current.digest


def test_going_back_holds_and_letting_go_publishes(
    registry: ConfigRegistry[Any],
    source: Memory,
    path: str,
    agent: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    first = registry.current.digest
    with Control(path, registry):
        source.write({"triage.md": agent(text="other")})
        assert ask(path, "reload")["report"]["registry"]["generation"] == 2
        answer = ask(path, "rollback", to=first[:20])
        assert (answer["result"], answer["report"]["registry"]["digest"]) == ("held", first)
        assert ask(path, "resume")["result"] == "published"
        assert ask(path, "rollback", to=2)["result"] == "held"
        with pytest.raises(RefusedError, match="99 is not in the history, which holds 4"):
            ask(path, "rollback", to=99)
        source.write({"triage.md": BROKEN})
        assert ask(path, "reload")["result"] == "rejected"
    assert f"ctl: rollback {first[:20]} by user {os.geteuid()}, process {os.getpid()}" in caplog.text


def test_a_cycle_can_be_asked_for_where_there_are_runners(registry: ConfigRegistry[Any], path: str) -> None:
    cycles = threading.Semaphore(0)

    class Runner:
        name = "counting"

        def run(self, cycle: Cycle) -> CycleResult:
            cycles.release()
            return CycleResult(summary=cycle.trigger)

    host = Host(registry, [Runner()], interval=1e6)
    thread = threading.Thread(target=host.run, daemon=True)
    with Control(path, registry, host):
        thread.start()
        assert cycles.acquire(timeout=10.0)
        assert ask(path, "run-now")["result"] == "triggered"
        assert cycles.acquire(timeout=10.0)
        host.stop()
        thread.join(10.0)
    with Control(path, registry), pytest.raises(RefusedError, match="expected a process that hosts runners"):
        ask(path, "run-now")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\n", "expected one JSON object in a line"),
        (b"nonsense\n", "expected one JSON object in a line"),
        (b"[" * 4000 + b"\n", "expected one JSON object in a line"),
        (b"[]\n", "expected a JSON object, got list"),
        (b"{}\n", "expected schema 1, got None"),
        (b'{"schema": 2, "command": "status"}\n', "expected schema 1, got 2"),
        (b'{"schema": 1, "command": "stop\\u001b"}\n', r"expected one of status, rollback, .*, got stop\\x1b"),
        (b'{"schema": 1, "command": ["status"]}\n', "expected one of"),
        (b'{"schema": 1, "command": "rollback"}\n', "to: expected a generation's number or digest"),
        (b'{"schema": 1, "command": "status", "to": 1}\n', "and with nothing else"),
        (b'{"schema": 1, "command": "rollback", "to": true}\n', "expected a generation, its number"),
        (b'{"schema": 1, "command": "rollback", "to": {}}\n', "expected a generation, its number"),
        (b"x" * 5000, "at most 4096 bytes"),
        (b"no newline", "got 10 bytes and the connection's end"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    registry: ConfigRegistry[Any], path: str, content: bytes, said: str
) -> None:
    with Control(path, registry):
        answer = raw(path, content)
        assert (answer["schema"], answer["ok"]) == (1, False)
        assert re.search(said, answer["message"])
        assert raw(path, b'{"schema": 1, "command": "status"}\n')["ok"] is True


def test_a_defect_is_logged_and_not_told(
    registry: ConfigRegistry[Any], path: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd:
        def trigger(self) -> None:
            raise ZeroDivisionError("secret")

    odd: Any = Odd()
    with Control(path, registry, odd), pytest.raises(RefusedError, match="see the process's log"):
        ask(path, "run-now")
    assert "ZeroDivisionError: secret" in caplog.text


def test_before_the_start_orders_are_refused_and_the_status_is_told(source: Memory, path: str) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(source)
    with Control(path, registry):
        assert ask(path, "status")["report"]["registry"]["state"] == "starting"
        with pytest.raises(RefusedError, match="it is starting, and serves nothing yet"):
            ask(path, "reload")
    hosted = Control(path, registry, Host(registry, [Echo()], interval=60.0))
    with hosted, pytest.raises(RefusedError, match="serves nothing yet"):
        ask(path, "run-now")


def once_free(path: str, command: Literal["status", "resume"]) -> dict[str, Any]:
    """The answer once there is a place: who was answered holds his for a moment more."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return ask(path, command)
        except RefusedError as error:
            if "requests are being served" not in str(error) or time.monotonic() > deadline:
                raise


def test_an_order_that_hangs_takes_no_place_from_whoever_asks_for_the_status(
    agent: Callable[..., str], path: str
) -> None:
    reading, go_on = threading.Event(), threading.Event()

    class Hanging:
        def __init__(self) -> None:
            self.memory = Memory({"triage.md": agent()})
            self.hangs = False

        def read(self) -> Snapshot:
            if self.hangs:
                reading.set()
                assert go_on.wait(20.0)
            return self.memory.read()

        def token(self) -> object:
            return self.memory.token()

        def watcher(self) -> Any:
            return self.memory.watcher()

    source = Hanging()
    with ConfigRegistry(source, clock=FakeClock()) as registry, Control(path, registry):
        source.hangs = True
        answers: list[dict[str, Any]] = []
        order = threading.Thread(target=lambda: answers.append(ask(path, "reload")), daemon=True)
        order.start()
        assert reading.wait(10.0)
        for _ in range(5):
            with pytest.raises(RefusedError, match="another order is being carried out"):
                once_free(path, "resume")
            assert once_free(path, "status")["result"] == "ok"
        go_on.set()
        order.join(10.0)
        assert [answer["result"] for answer in answers] == ["unchanged"]


def test_more_than_four_at_once_are_told_to_ask_again(registry: ConfigRegistry[Any], path: str) -> None:
    with Control(path, registry):
        silent = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for connection in silent:
            connection.connect(path)
        with pytest.raises(RefusedError, match="4 requests are being served; ask again"):
            ask(path, "status")
        for connection in silent:
            connection.close()


def test_a_client_that_says_nothing_is_let_go_of_in_time(
    registry: ConfigRegistry[Any], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotagents.ops.control._REQUEST", 0.05)
    with Control(path, registry), socket.socket(socket.AF_UNIX) as silent:
        silent.settimeout(10.0)
        silent.connect(path)
        silent.sendall(b"{")
        answer = json.loads(silent.makefile().readline())
    assert answer["message"].startswith("expected a line within 0.05 s") or "timed out" in answer["message"]


# --- the socket -------------------------------------------------------------------------------------------------------


def test_only_its_owner_can_open_it_and_it_is_gone_at_the_end(
    registry: ConfigRegistry[Any], path: str, room: Path
) -> None:
    before = os.umask(0)
    try:
        with Control(path, registry):
            status = os.lstat(path)
            assert stat.S_ISSOCK(status.st_mode)
            assert stat.S_IMODE(status.st_mode) == 0o600
            assert [p.name for p in room.iterdir()] == ["ctl.sock"]
    finally:
        os.umask(before)
    assert not list(room.iterdir())


@root
@pytest.mark.skipif(sys.platform != "linux", reason="the system does not say who connects")
def test_another_user_is_refused_even_where_the_mode_was_opened(
    registry: ConfigRegistry[Any], room: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Control(path, registry):
        os.chmod(room, 0o755)
        os.chmod(path, 0o666)
        opened = os.open(room, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.settimeout(10.0)
            try:
                os.fchdir(opened)  # the directories above belong to root alone
                os.seteuid(65_534)
                stranger.connect("ctl.sock")
            finally:
                os.seteuid(0)
                os.chdir("/")
                os.close(opened)
            stranger.sendall(b'{"schema": 1, "command": "reload"}\n')
            answer = json.loads(stranger.makefile().readline())
    assert answer["error"] == "PermissionError"
    assert "user 65534 may not ask" in answer["message"]
    assert "refused a request of user 65534" in caplog.text


def test_a_socket_that_nobody_listens_on_is_replaced(registry: ConfigRegistry[Any], path: str) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(path)
    dead.close()
    with Control(path, registry):
        assert ask(path, "status")["ok"] is True


def test_a_socket_that_somebody_listens_on_stays(registry: ConfigRegistry[Any], path: str, room: Path) -> None:
    with Control(path, registry):
        with pytest.raises(OSError, match="another process listens there"):
            Control(path, registry)
        assert ask(path, "status")["ok"] is True
        assert [p.name for p in room.iterdir()] == ["ctl.sock"]


def test_what_is_no_socket_stays(registry: ConfigRegistry[Any], path: str, room: Path) -> None:
    for make in (
        lambda: (room / "ctl.sock").write_text("precious"),
        lambda: (room / "ctl.sock").symlink_to(room / "elsewhere"),
    ):
        make()
        with pytest.raises(OSError, match="expected a socket or nothing there"):
            Control(path, registry)
        assert os.path.lexists(path)
        os.unlink(path)


def test_what_somebody_else_laid_there_meanwhile_stays_at_the_end(registry: ConfigRegistry[Any], path: str) -> None:
    with Control(path, registry):
        os.unlink(path)
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
    assert os.path.exists(path)


@pytest.mark.parametrize("name", ["x" * 120, "missing/ctl.sock"])
def test_a_place_that_cannot_be_had_is_told(registry: ConfigRegistry[Any], room: Path, name: str) -> None:
    with pytest.raises(OSError, match=r"at most 90 bytes|No such file"):
        Control(str(room / name), registry)
    assert not list(room.iterdir())


def test_nobody_who_listens_is_told(path: str) -> None:
    with pytest.raises(OSError, match="No such file"):
        ask(path, "status")


def test_an_answer_that_is_none_is_told(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as odd:
        odd.bind(path)
        odd.listen()
        for content in (b"nonsense\n", b""):

            def answer(content: bytes = content) -> None:
                connection, _ = odd.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(content)

            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            with pytest.raises(OSError, match=r"expected one JSON object|no answer"):
                ask(path, "status")
            thread.join(10.0)
