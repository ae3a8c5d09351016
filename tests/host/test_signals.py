"""A host in the main thread of a process of its own, and the signals that the process gets."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from hotagents.host.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

_PROGRAM = """
import logging, signal, sys, threading
from hotagents import ConfigRegistry, CycleResult, Host

def earlier(number, frame):
    print("earlier", flush=True)

signal.signal(signal.SIGHUP, earlier)

class Runner:
    def run(self, cycle):
        print("begin", cycle.trigger, flush=True)
        if sys.argv[1] == "deaf":
            threading.Event().wait(60)
        if sys.argv[1] == "hang":
            cycle.cancelled.wait(20)
        return CycleResult()

    def teardown(self):
        print("teardown", flush=True)

registry = ConfigRegistry.fixed({"a.md": "---\\nname: a\\ndescription: text\\n---\\n"})
logging.basicConfig(format="%(levelname)s %(message)s", level="INFO", stream=sys.stdout)
logging.getLogger("hotagents").addFilter(lambda record: "ending" in record.msg)
grace = 0.0 if sys.argv[1] == "hang" else 20.0
host = Host(registry, [Runner()], interval=1e9, grace=grace, on_result=lambda r: print(r.status, flush=True))
host.run()
print("returned", flush=True)
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
signal.raise_signal(signal.SIGHUP)
print([t.name for t in threading.enumerate() if t is not threading.main_thread()], flush=True)
"""


@pytest.fixture
def process(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _PROGRAM, request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        limit = threading.Timer(30.0, child.kill)  # so that reading a line always ends
        limit.start()
        yield child
        limit.cancel()
        child.kill()


def _lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


@pytest.mark.parametrize("process", ["obey"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sighup_runs_a_cycle_now_and_sigterm_and_sigint_end_the_run(
    process: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert _lines(process, 2) == ["begin start", "ok"]
    process.send_signal(signal.SIGHUP)
    assert _lines(process, 2) == ["begin manual", "ok"]
    process.send_signal(number)
    assert _lines(process, 4) == ["INFO ending", "teardown", "returned", "earlier"]
    assert process.wait(10.0) == 0


@pytest.mark.parametrize("process", ["hang"], indirect=True)
def test_sigterm_during_a_cycle_cancels_it_after_the_grace(process: subprocess.Popen[str]) -> None:
    assert _lines(process, 1) == ["begin start"]
    process.send_signal(signal.SIGTERM)
    lines = _lines(process, 4)
    lines.remove("INFO ending; waiting up to 0 s for: Runner")  # said by another thread than the rest
    assert lines == ["cancelled", "teardown", "returned"]
    assert process.wait(10.0) == 0


@pytest.mark.parametrize("process", ["deaf"], indirect=True)
def test_a_second_signal_waits_for_nobody(process: subprocess.Popen[str]) -> None:
    assert _lines(process, 1) == ["begin start"]
    process.send_signal(signal.SIGINT)
    assert _lines(process, 1) == ["INFO ending; waiting up to 20 s for: Runner"]
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert _lines(process, 3) == ["WARNING ending at once; not waiting for: Runner", "cancelled", "returned"]
    assert process.wait(10.0) == 0
    assert time.monotonic() - begun < 10.0  # of a grace of 20


def test_another_thread_than_the_main_one_leaves_the_handlers_alone() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), list[Any]()

    def look() -> None:
        with Signals(lambda: None, lambda: None):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join(10.0)
    assert seen == [before]


def test_a_system_without_sighup_has_the_other_two(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    hangup = signal.getsignal(number := signal.SIGHUP)
    monkeypatch.delattr(signal, "SIGHUP")
    with Signals(lambda: called.append("stop"), lambda: called.append("trigger")):
        assert signal.getsignal(number) is hangup
        signal.raise_signal(signal.SIGTERM)
    assert called == ["stop"]


def test_a_handler_that_python_cannot_put_back_becomes_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    install = signal.signal
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}

    def foreign(number: int, handler: Any) -> Any:
        earlier = install(number, handler)
        return None if number == signal.SIGHUP else earlier

    monkeypatch.setattr(signal, "signal", foreign)
    try:
        with Signals(lambda: None, lambda: None):
            assert signal.getsignal(signal.SIGHUP) is not before[signal.SIGHUP]
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is before[signal.SIGTERM]
    finally:
        for number, handler in before.items():
            install(number, handler)


_WAITING = """
import sys, threading
from hotagents import ConfigRegistry, Host

class Runner:
    def run(self, cycle):
        print("never", flush=True)

registry = ConfigRegistry(sys.argv[1], wait_for_source=60)
threading.Timer(0.5, lambda: print("waits", flush=True)).start()
Host(registry, [Runner()], interval=1).run()
print("returned", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_start_that_waits_for_its_mount_ends_at_once(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", _WAITING, str(tmp_path / "none")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        limit = threading.Timer(30.0, child.kill)
        limit.start()
        assert child.stdout is not None
        assert child.stdout.readline() == "waits\n"
        child.send_signal(number)
        out, err = child.communicate(timeout=30)
        limit.cancel()
    assert (out, child.returncode) == ("returned\n", 0), err
