"""A process that is killed (SIGKILL) at any effect it has: the next one tells what is missing, and nothing twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing import FakeSlack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHANNELS: Final = ("#incidents", "#operations")
KILLED: Final = -9
LOOKS: Final = {"alerts": 1, "one gets worse": 2, "both are over": 4}
FEWEST: Final = 12  # effects of a look at which something is told

Life = "Callable[..., int]"


@pytest.fixture(scope="module")
def zygote() -> Iterator[Any]:
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_")}
    environment = {**inherited, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    program = [sys.executable, str(Path(__file__).with_name("dying.py"))]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def live(zygote: Any, tmp_path: Path) -> Callable[..., int]:
    """Let a process live from a look on, and die in one of them; return how it ended."""

    def lived(slack: FakeSlack, directory: Path, **order: int) -> int:
        defaults = {"begin": 0, "die_in": -1, "die_at": 0, "late": 0}
        places = {"directory": str(directory), "api": slack.api, "progress": str(tmp_path / "progress")}
        zygote.stdin.write(json.dumps({**defaults, **places, **order}) + "\n")
        zygote.stdin.flush()
        return int(zygote.stdout.readline())

    return lived


def heard(slack: FakeSlack) -> list[tuple[str, list[str]]]:
    """What people read: each first message as it is now, and the replies below it."""
    replies: dict[str, list[str]] = {}
    for item in slack.posted:
        replies.setdefault(item.thread_ts or item.ts, []).append(_said(item.versions[0]))
    return sorted((_said(root.text), replies[root.ts][1:]) for root in slack.roots)


def _said(text: str) -> str:
    """The first line; what follows has times in it."""
    return text.splitlines()[0]


def recorded(directory: Path) -> list[tuple[str, str | None, int]]:
    """Of each incident whose it was, how it ended, and how often the file says that people were told."""
    found = [json.loads(path.read_text()) for path in directory.glob("incident-*.json")]
    return sorted(
        (i["owner"]["name"], i["end"], sum(event["what"].startswith("told") for event in i["events"])) for i in found
    )


@pytest.mark.parametrize("die_in", LOOKS.values(), ids=LOOKS.keys())
def test_whenever_it_is_killed_all_is_told_and_nothing_twice(
    live: Callable[..., int], tmp_path: Path, die_in: int
) -> None:
    with FakeSlack(*CHANNELS) as slack:
        assert live(slack, tmp_path / "whole") == 0
        wanted = heard(slack)
    kept = recorded(tmp_path / "whole")
    assert kept == [("cart", "resolved", 2), ("checkout-api", "resolved", 3)]
    assert sorted(len(replies) for _, replies in wanted) == [1, 2]
    for die_at in range(1000):
        with FakeSlack(*CHANNELS) as slack:
            records = tmp_path / f"{die_at}"
            code = live(slack, records, die_in=die_in, die_at=die_at)
            if code != 0:
                assert code == KILLED
                assert live(slack, records, begin=int((tmp_path / "progress").read_text()), late=1) == 0
            assert heard(slack) == wanted, f"killed at effect {die_at}"
            assert recorded(records) == kept, f"killed at effect {die_at}"
            assert not any("perhaps sent before" in version for item in slack.posted for version in item.versions)
        if code == 0:
            break
    assert die_at >= FEWEST
