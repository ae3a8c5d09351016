from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, Cycle, CycleResult, Host, Memory
from hotagents.errors import InvalidConfigError
from hotagents.ops.report import encoded, report
from hotagents.ops.status_file import StatusFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]
    Agent = Callable[..., str]

BROKEN = "---\nname: triage\n---\n"


class At:
    """A clock that is wrong by so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._off = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self._off

    def monotonic(self) -> float:
        return 0.0

    def get(self, inbox: Any, timeout: float | None) -> Any:
        raise NotImplementedError


def written(path: Path, registry: ConfigRegistry[Any], host: Host | None = None, **options: Any) -> Path:
    path.write_bytes(encoded(report(registry, host, **options)))
    return path


def test_what_is_well_is_told_and_ends_with_0(cli: Cli, agent: Agent, tmp_path: Path) -> None:
    with ConfigRegistry(Memory({"triage.md": agent("triage", more="tools: Read, Grep\nmodel: opus\n")})) as registry:
        path = written(tmp_path / "status.json", registry, interval=5.0)
        result = cli("status", path)
        assert json.loads(cli("status", path, "--json").stdout) == json.loads(path.read_text())
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"current: generation 1 {registry.current.digest}, since 20")
    assert lines[0].endswith("s ago)")
    assert lines[1].split() == ["AGENT", "MODEL", "TOOLS"]
    assert lines[2].split() == ["triage", "opus", "Read,", "Grep"]
    assert lines[-1].startswith("hotagents ")
    assert (len(lines), result.exit_code) == (4, 0)


def test_what_is_not_is_told_with_reason_and_since_when_and_ends_with_1(cli: Cli, agent: Agent, tmp_path: Path) -> None:
    source = Memory({"triage.md": agent("triage")})
    with ConfigRegistry(source, clock=At(-7300)) as registry:
        source.write({"triage.md": BROKEN})
        registry.reload()
        path = written(tmp_path / "status.json", registry)
        result = cli("status", path)
        assert cli("status", path, "--json").exit_code == 1
    assert "\nCurrent: Rejected since 20" in result.stdout
    assert "(2 h ago): triage.md:1:1: missing-description: " in result.stdout
    assert f"last read: {registry.status.observed_digest}, which is not what is served" in result.stdout
    assert result.stdout.startswith("behind: generation 1 ")
    assert result.exit_code == 1


def test_release_and_restored_generation_are_told(cli: Cli, agent: Agent, tmp_path: Path) -> None:
    text = agent("triage")
    lock = f"# hotagents.lock 1\n# release: 1.4.2\n# commit: 9fceb02\n{sha256(text.encode()).hexdigest()}  triage.md\n"
    source = Memory({"triage.md": text, "hotagents.lock": lock})
    with ConfigRegistry(source) as registry:
        source.write({"triage.md": agent("triage", "other")})
        registry.reload()
        registry.rollback(1)
        result = cli("status", written(tmp_path / "status.json", registry))
    assert ", release 1.4.2, commit 9fceb02, restores 1, since " in result.stdout
    assert "nothing newer is published until `hotagents ctl SOCKET resume`" in result.stdout


def test_runners_are_told_with_their_last_result(cli: Cli, agent: Agent, tmp_path: Path) -> None:
    class Failing:
        name = "fails\x1b[2J"
        cycles = 0

        def run(self, cycle: Cycle) -> CycleResult:
            del cycle
            self.cycles += 1
            raise RuntimeError("no cluster")

    runner = Failing()

    def go_on(_: CycleResult) -> None:
        if runner.cycles < 3:
            host.trigger()
        else:
            host.stop()

    with ConfigRegistry(Memory({"triage.md": agent("triage")})) as registry:
        host = Host(registry, [runner], interval=1e6, on_result=go_on)
        before = cli("status", written(tmp_path / "status.json", registry, host))
        assert r"runner fails\x1b[2J: starting, no cycle yet" in before.stdout
        host.run()
        result = cli("status", written(tmp_path / "status.json", registry, host))
    assert r"runner fails\x1b[2J: stopped, last failed, 3 times in a row, begun 20" in result.stdout
    assert "): RuntimeError: no cluster\n" in result.stdout
    assert "not ready: the runners have not begun, or have ended" in result.stdout
    assert result.exit_code == 1


def test_a_report_that_is_overdue_is_called_stale(cli: Cli, agent: Agent, tmp_path: Path) -> None:
    with ConfigRegistry(Memory({"triage.md": agent("triage")})) as registry:
        path = written(tmp_path / "status.json", registry, interval=5.0, clock=At(-3 * 86_400))
        result = cli("status", path)
        assert "(3 days ago): stale, one is due every 5 s: the process hangs, is gone, or cannot write" in result.stdout
        assert result.exit_code == 1


def test_a_report_from_the_future_is_a_matter_of_clocks(cli: Cli, agent: Agent, tmp_path: Path) -> None:
    said = "the clock of the process or of this machine is wrong, so nobody knows how old this is"
    path = tmp_path / "status.json"
    with ConfigRegistry(Memory({"triage.md": agent("triage")}), clock=At(630)) as registry:
        result = cli("status", written(path, registry, interval=5.0, clock=At(630)))
        assert result.stdout.splitlines()[-1].endswith(f" (10 min in the future): {said}")
        assert " (10 min in the future)" in result.stdout.splitlines()[0]
        assert result.exit_code == 1
        assert cli("status", path, "--json").exit_code == 1
        little = cli("status", written(path, registry, interval=5.0, clock=At(10)))
        assert (said in little.stdout, little.exit_code) == (False, 0)
        # One that was made on demand is as old as the answer, whatever it is dated.
        asked = cli("status", written(path, registry, clock=At(630)))
        assert (said in asked.stdout, asked.exit_code) == (True, 0)
    ended = cli("status", written(path, registry, interval=5.0, clock=At(630)))
    assert (said in ended.stdout, ended.exit_code) == (True, 1)


def test_the_end_of_a_process_and_why_are_told(cli: Cli, agent: Agent, tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory({"triage.md": BROKEN}))
    assert cli("status", written(path, registry)).stdout.startswith("starting: nothing is served\n")
    with suppress(InvalidConfigError), StatusFile(path, registry):
        registry.start()
    result = cli("status", path)
    assert "\nended: triage.md:1:1: missing-description: " in result.stdout
    with ConfigRegistry(Memory({"triage.md": agent("triage")})) as registry:
        pass
    result = cli("status", written(path, registry))
    assert result.stdout.startswith("closed: generation 1 ")
    assert "unhealthy" not in result.stdout
    assert result.exit_code == 1


def test_many_agents_are_counted(cli: Cli, agent: Agent, tmp_path: Path) -> None:
    files = {f"{i}.md": agent(f"a{i}") for i in range(60)} | {"x.md": agent("x", more="tools: []\n")}
    with ConfigRegistry(Memory(files)) as registry:
        result = cli("status", written(tmp_path / "status.json", registry))
    assert "\nand 11 agents more\n" in result.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"nonsense", "expected a report as JSON"), (b'{"schema": 2}', "schema 1, got 2")],
)
def test_what_cannot_be_read_is_one_line_and_ends_with_2(
    cli: Cli, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "status.json"
    if content is not None:
        path.write_bytes(content)
    result = cli("status", path)
    assert said in result.stderr
    assert str(path) in result.stderr
    assert (result.stderr.count("\n"), result.stdout, result.exit_code) == (1, "", 2)
    assert said in json.loads(cli("status", path, "--json").stdout)["error"]


def test_nothing_of_a_hostile_report_moves_a_cursor(cli: Cli, agent: Agent, tmp_path: Path) -> None:
    with ConfigRegistry(Memory({"triage.md": agent("triage")})) as registry:
        found = report(registry)
    evil = "\x1b[2J\u202e\n"
    found["error"] = found["unhealthy"] = found["hotagents"] = found["registry"]["state"] = evil
    found["generation"]["agents"] = {evil: {"model": evil, "tools": [evil]}}
    found["registry"]["conditions"] = [
        {"type": evil, "status": False, "reason": evil, "message": evil, "since": found["at"]}
    ]
    (tmp_path / "status.json").write_bytes(encoded(found))
    result = cli("status", tmp_path / "status.json")
    assert result.exit_code == 1
    assert not set(result.stdout) & set("\x1b\u202e")


def test_watch_keeps_a_status_file(cli: Cli, volume: ConfigMapVolume, tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    assert cli("watch", volume.path, "--count", "1", "--status-file", path).exit_code == 0
    found = json.loads(path.read_text())
    assert (found["registry"]["state"], found["generation"]["number"], found["host"]) == ("closed", 1, None)
