from __future__ import annotations

import json
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, Memory
from hotagents.ops.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    Cli = Callable[..., Result]
    Agent = Callable[..., str]

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


@pytest.fixture
def source(agent: Agent) -> Memory:
    return Memory({"triage.md": agent("triage")})


@pytest.fixture
def registry(source: Memory) -> Iterator[ConfigRegistry[Any]]:
    with ConfigRegistry(source) as registry:
        yield registry


@pytest.fixture
def path(registry: ConfigRegistry[Any]) -> Iterator[str]:
    """A control socket of a registry without runners."""
    with tempfile.TemporaryDirectory(prefix="ctl") as room, Control(str(Path(room, "s")), registry):
        yield str(Path(room, "s"))


def test_the_status_is_what_status_prints(cli: Cli, path: str) -> None:
    result = cli("ctl", path, "status")
    assert result.stdout.startswith("current: generation 1 sha256:")
    assert result.stdout.splitlines()[:3] == cli("status", path).stdout.splitlines()[:3]
    assert (result.exit_code, cli("status", path).exit_code) == (0, 0)
    assert json.loads(cli("ctl", path, "status", "--json").stdout)["schema"] == 1


def test_going_back_and_letting_go(
    cli: Cli, path: str, registry: ConfigRegistry[Any], source: Memory, agent: Agent
) -> None:
    first = registry.current.digest
    source.write({"triage.md": agent("triage", "other")})
    assert cli("ctl", path, "reload").stdout.startswith("published: generation 2 ") or registry.current.number == 2
    for target in ("1", first, first[:19], first.removeprefix("sha256:")[:16]):
        result = cli("ctl", path, "rollback", target)
        assert result.stdout.startswith("held: generation 3 ")
        assert "; Held: generation 3, which restores 1, is held" in result.stdout
        assert (result.exit_code, registry.current.digest) == (0, first)
    assert cli("ctl", path, "status").exit_code == 1
    facts = json.loads(cli("ctl", path, "resume", "--json").stdout)
    assert (facts["ok"], facts["result"], facts["report"]["generation"]["number"]) == (True, "published", 4)


def test_what_is_read_and_refused_is_a_finding(cli: Cli, path: str, source: Memory) -> None:
    source.write({"triage.md": "---\nname: triage\n---\n"})
    result = cli("ctl", path, "reload")
    assert result.stdout.startswith("rejected: generation 1 ")
    assert "; Rejected: triage.md:1:1: missing-description" in result.stdout
    assert result.exit_code == 1


def test_a_hold_that_ends_at_a_source_that_is_refused_is_a_finding(
    cli: Cli, path: str, registry: ConfigRegistry[Any], source: Memory, agent: Agent
) -> None:
    source.write({"triage.md": agent("triage", "other")})
    registry.reload()
    assert cli("ctl", path, "rollback", "1").exit_code == 0
    source.write({"triage.md": "---\nname: triage\n---\n"})
    result = cli("ctl", path, "resume")
    assert result.stdout.startswith("published: generation 4 ")
    assert "; Rejected: triage.md:1:1: missing-description" in result.stdout
    assert result.exit_code == 1
    assert cli("ctl", path, "rollback", "1").exit_code == 0  # it reads nothing
    assert cli("ctl", path, "reload").exit_code == 1


def test_a_part_that_is_refused_is_a_finding_though_the_rest_is_published(cli: Cli, agent: Agent) -> None:
    source = Memory({"triage.md": agent("triage"), "other.md": agent("other")})
    with (
        ConfigRegistry(source, on_invalid="hold-file") as registry,
        tempfile.TemporaryDirectory(prefix="ctl") as room,
        Control(str(Path(room, "s")), registry),
    ):
        source.write({"triage.md": "---\nname: triage\n---\n", "other.md": agent("other", "new")})
        registry.wait_for(lambda g: g.number == 2, timeout=10)
        source.write({"triage.md": "---\nname: triage\n---\n", "other.md": agent("other", "newer")})
        result = cli("ctl", Path(room, "s"), "reload")
    assert "; Rejected: triage.md:1:1: missing-description" in result.stdout
    assert result.exit_code == 1


def test_what_waits_for_its_lock_is_not_refused(cli: Cli, path: str, source: Memory, agent: Agent) -> None:
    source.write({"triage.md": agent("triage"), "hotagents.lock": f"# hotagents.lock 1\n{'0' * 64}  triage.md\n"})
    result = cli("ctl", path, "reload")
    assert result.stdout.startswith("held: generation 1 ")
    assert result.exit_code == 0


def test_what_the_process_refuses_is_one_line_with_its_reason(cli: Cli, path: str) -> None:
    result = cli("ctl", path, "rollback", "99")
    assert result.stderr == f"hotagents: 99 is not in the history, which holds 1 ({_digest(cli, path)})\n"
    assert (result.stdout, result.exit_code) == ("", 1)
    facts = json.loads(cli("ctl", path, "run-now", "--json").stdout)
    assert facts == {"ok": False, "error": "run-now: expected a process that hosts runners; this one has none"}


def _digest(cli: Cli, path: str) -> str:
    digest: str = json.loads(cli("ctl", path, "status", "--json").stdout)["generation"]["digest"]
    return digest[:19]


@pytest.mark.parametrize("arguments", [["rollback"], ["resume", "1"], ["stop"]])
def test_what_makes_no_sense_is_wrong_usage(cli: Cli, path: str, arguments: list[str]) -> None:
    assert cli("ctl", path, *arguments).exit_code == 2


def test_where_nobody_listens_that_is_told(cli: Cli, tmp_path: Path) -> None:
    result = cli("ctl", tmp_path / "s", "status")
    assert "No such file" in result.stderr
    assert (result.stderr.count("\n"), result.exit_code) == (1, 2)
