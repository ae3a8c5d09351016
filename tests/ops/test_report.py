from __future__ import annotations

import json
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, Cycle, CycleResult, Host, Memory, SourceError
from hotagents.ops.health import unhealthy, unready
from hotagents.ops.report import encoded, report
from hotagents.ops.seen import ReportError, Seen
from hotagents.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = "the-words-of-a-prompt"


class Finding:
    """A runner whose result holds what must not leave the process."""

    name = "finding"

    def run(self, cycle: Cycle) -> CycleResult:
        del cycle
        return CycleResult(summary="found 2 things", data={"finding": WORDS})


def ran_once(registry: ConfigRegistry[Any]) -> Host:
    """A host that has ended, each of whose runners had a cycle."""

    def stop(_: CycleResult) -> None:
        host.stop()

    host = Host(registry, [Finding()], interval=1e6, on_result=stop)
    host.run()
    return host


def test_it_says_what_is_served_and_by_whom(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"triage.md": agent()})) as registry:
        host = ran_once(registry)
        found = json.loads(encoded(report(registry, host)))
        assert (found["schema"], found["error"], found["interval"]) == (1, "", None)
        assert found["registry"]["digest"] == found["generation"]["digest"] == registry.current.digest
        assert found["generation"]["volumes"]["."]["digest"] == registry.current.digest
        assert found["generation"]["agents"]["triage"]["tools"] == ["Read", "Bash(git *)"]
        (runner,) = found["host"]["runners"]
        assert (runner["results"]["ok"], runner["last"]["summary"]) == (1, "found 2 things")
        assert datetime.fromisoformat(found["at"]).tzinfo is not None


def test_nothing_of_a_prompt_a_document_a_file_or_a_finding_is_in_it(agent: Callable[..., str]) -> None:
    good = {
        "triage.md": agent(prompt=f"{WORDS}\n"),
        "CLAUDE.md": f"# Cluster\n\n{WORDS}\n",
        "data.json": f'"{WORDS}"',
    }
    source = Memory(good)
    with ConfigRegistry(source, on_invalid="hold-file") as registry:
        host = ran_once(registry)
        assert WORDS.encode() not in encoded(report(registry, host))
        broken = f"---\nname: 7\ntools: [\n---\n{WORDS}\n---\nname: {WORDS}\n"
        source.write(good | {"triage.md": broken, "new.md": f"---\nname: x\n---\n{WORDS}\n"})
        registry.reload()
        assert registry.status.diagnostics
        assert WORDS.encode() not in encoded(report(registry, host))


def test_it_is_bounded_however_large_the_set_and_whatever_is_wrong_with_it(agent: Callable[..., str]) -> None:
    tools = ", ".join(f"Bash(x{i} *)" for i in range(500))
    files = {f"{i}.md": agent(f"a{i}", tools="Read") for i in range(1100)} | {"t.md": agent("t", tools=tools)}
    files |= {f"odd{i}.md": agent(f"odd{i}") + "---\n" for i in range(5)}
    source = Memory(files)
    with ConfigRegistry(source) as registry:
        found = report(registry)
        assert len(found["generation"]["agents"]) == 1000
        assert found["generation"]["agents_left_out"] == len(registry.current.agents) - 1000
        source.write({f"{i}.md": "---\nname: x\n---\n" for i in range(300)})
        registry.reload()
        found = report(registry)
        assert len(found["registry"]["diagnostics"]) == 100
        assert found["registry"]["diagnostics_left_out"] > 0


def test_before_the_start_and_after_the_end_it_says_so(agent: Callable[..., str]) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory({"triage.md": agent()}))
    before = report(registry)
    assert (before["registry"]["state"], before["generation"]) == ("starting", None)
    assert (before["unhealthy"], before["unready"]) == ("", "no generation yet")
    registry.start()
    assert (report(registry)["unhealthy"], report(registry)["unready"]) == ("", "")
    registry.close()
    after = report(registry)
    assert (after["registry"]["state"], after["unhealthy"], after["unready"]) == ("closed", "closed", "closed")
    assert after["generation"]["number"] == 1


def test_every_report_can_be_read_again(agent: Callable[..., str]) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory({"triage.md": agent()}))
    clock = FakeClock()
    Seen.read(encoded(report(registry)))
    with registry:
        host = ran_once(registry)
        seen, value = Seen.read(encoded(report(registry, host, interval=5.0, clock=clock)))
        assert seen.generation is not None
        assert seen.generation.agents["triage"].tools == ("Read", "Bash(git *)")
        assert value["hotagents"] == seen.hotagents
        assert list(seen.faults(clock.now())) == ["unready"]  # its host has ended


def test_a_report_is_stale_after_three_intervals_unless_it_is_the_last(agent: Callable[..., str]) -> None:
    clock = FakeClock()
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory({"triage.md": agent()}))
    with registry:
        live, _ = Seen.read(report(registry, interval=5.0, clock=clock))
        asked, _ = Seen.read(report(registry, clock=clock))
    last, _ = Seen.read(report(registry, interval=5.0, clock=clock))
    assert not live.is_stale(clock.now())
    clock.advance(15.1)
    assert (live.is_stale(clock.now()), asked.is_stale(clock.now()), last.is_stale(clock.now())) == (True, False, False)
    assert list(live.faults(clock.now())) == ["stale"]
    assert next(last.faults(clock.now())) == "ended"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "as JSON"),
        (b"\xff", "as JSON"),
        (b"[" * 100_000, "as JSON"),
        (b"[]", "expected a JSON object, got list"),
        (b"{}", "schema 1, got None"),
        (b'{"schema": "\\u001b[2J"}', r"schema 1, got '\x1b[2J'"),
        (b'{"schema": 1}', "hotagents is wrong"),
    ],
)
def test_what_is_no_report_is_told_why(content: bytes, said: str) -> None:
    with pytest.raises(ReportError) as caught:
        Seen.read(content)
    assert said in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_watch_that_finishes_no_check_is_a_reason_for_a_restart_and_a_rejection_is_none(
    agent: Callable[..., str],
) -> None:
    clock = FakeClock()
    source = Memory({"triage.md": agent()})
    with ConfigRegistry(source, clock=clock) as registry:
        source.write({"triage.md": "---\nname: triage\n---\n"})
        registry.reload()
        assert registry.status.state == "behind"
        assert (unhealthy(registry), unready(registry)) == ("", "")
    registry = ConfigRegistry(Memory({"triage.md": agent()}), clock=clock, resync_interval=86_400.0)
    with registry:
        clock.advance(86_400.0 * 4)
        assert unhealthy(registry).startswith("no check has finished since 20")


def test_a_stuck_runner_is_named(agent: Callable[..., str], until: Callable[[Callable[[], object]], None]) -> None:
    go_on = threading.Event()

    class Deaf:
        name = "deaf\x1b[2J"

        def run(self, cycle: Cycle) -> None:
            del cycle
            assert go_on.wait(20.0)

    with ConfigRegistry(Memory({"triage.md": agent()})) as registry:
        host = Host(registry, [Deaf()], interval=1e6, timeout=0.01, grace=0.01)  # type: ignore[list-item]  # returns none
        assert unready(registry, host) == "the runners have not begun, or have ended"
        thread = threading.Thread(target=host.run, daemon=True)
        thread.start()
        until(lambda: not host.status.healthy)
        assert unhealthy(registry, host) == r"stuck past its deadline: deaf\x1b[2J"
        go_on.set()
        host.stop()
        thread.join(10.0)


def test_what_cannot_be_read_is_in_the_reason(agent: Callable[..., str]) -> None:
    clock = FakeClock(datetime(2030, 1, 1, tzinfo=timezone.utc))

    class Failing:
        def __init__(self) -> None:
            self.memory = Memory({"triage.md": agent()})
            self.fails = False

        def read(self) -> Any:
            if self.fails:
                raise SourceError("the mount is gone", reason="Detached")
            return self.memory.read()

        def token(self) -> object:
            return self.memory.token()

        def watcher(self) -> Any:
            return self.memory.watcher()

    source = Failing()
    with ConfigRegistry(source, clock=clock) as registry:
        source.fails = True
        registry.reload()
        clock.advance(100.0)
        assert unhealthy(registry).endswith(": the mount is gone")
