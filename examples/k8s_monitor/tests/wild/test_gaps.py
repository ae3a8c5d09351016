"""What could not be seen is no evidence: a list that fails, or comes in part, begins nothing but blindness."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.testing import Recording
from hotagents_k8s_monitor.testing.objects import NOW, cron_job, job

MINUTE: Final = timedelta(minutes=1)


def others(result: Any) -> set[str]:
    found = (f for f in result.data["findings"] if f["rule"] != "monitor-blind" and f["state"] == "open")
    return {f"{f['owner']['kind']} {f['owner']['name']} {f['rule']}" for f in found}


@pytest.fixture(scope="module")
def objects() -> list[Any]:
    return list(Recording.load("healthy").frames[0].moved_to(NOW).objects)


@pytest.fixture(scope="module")
def seen_whole(bench_of_module: Any, objects: list[Any]) -> set[str]:
    """What begins where nothing fails."""
    bench_of_module.look(*objects)
    for _ in range(5):
        bench_of_module.look(*objects, after=5 * MINUTE)
    return others(bench_of_module.again(after=MINUTE))


@pytest.mark.untraced
@pytest.mark.parametrize("is_partial", [False, True])
@pytest.mark.parametrize("resource", RESOURCES)
def test_a_list_that_fails_begins_nothing_else(
    bench: Any, objects: list[Any], seen_whole: set[str], resource: Any, is_partial: Any
) -> None:
    own = [item for item in objects if item["kind"] == KINDS[resource].name]
    seen = [item for item in objects if item not in own] + (own[: len(own) // 2] if is_partial else [])
    gap = Gap(resource, "truncated" if is_partial else "failed", "as it is")
    bench.look(*objects)
    for _ in range(5):
        bench.look(*seen, gaps=[gap], after=5 * MINUTE)
    result = bench.again(after=MINUTE)
    assert others(result) <= seen_whole  # in which what stays as it is comes late
    assert result.data["verdict"] == "blind"


def test_a_failed_run_of_which_a_later_one_may_not_have_been_seen_begins_nothing(bench: Any) -> None:
    cron = cron_job("report", scheduled=NOW, succeeded=None, created=NOW - MINUTE)
    failed = job("report-29404320", owner=cron, state="failed", finished=NOW - MINUTE)
    truncated = Gap("jobs.batch", "truncated", "only 1 came")
    assert others(bench.look(cron, failed, gaps=[truncated])) == set()
    assert others(bench.look(cron, failed, after=MINUTE)) == {"CronJob report job-failed"}
    bench.look(cron, gaps=[truncated], after=MINUTE)
    assert others(bench.again(after=MINUTE)) == {"CronJob report job-failed"}
