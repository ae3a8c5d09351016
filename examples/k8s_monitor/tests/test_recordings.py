"""What the recorded clusters come to: nothing where the day is ordinary, each fault where it is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.testing import Recording

if TYPE_CHECKING:
    from collections.abc import Callable


def lapse(bench: Any, name: str) -> list[Any]:
    """Look at each frame at its time, and once a minute in between; return all results."""
    frames, results = Recording.load(name).frames, []
    bench.clock.advance((frames[0].at - bench.clock.now()).total_seconds())
    for frame, following in zip(frames, [*frames[1:], None], strict=True):
        results.append(bench.look(*frame.objects))
        while following is not None and (left := (following.at - bench.clock.now()).total_seconds()) > 60:
            bench.clock.advance(min(60.0, left))
            results.append(bench.again())
        if following is not None:
            bench.clock.advance((following.at - bench.clock.now()).total_seconds())
    return results


@pytest.mark.parametrize("name", ["healthy", "rollout", "node-drain"])
def test_an_ordinary_day_has_no_findings(make_bench: Callable[[], Any], name: str) -> None:
    bench = make_bench()
    results = lapse(bench, name)
    assert len(results) >= len(Recording.load(name).frames)
    assert {result.data["verdict"] for result in results} == {"healthy"}
    assert bench.heard.taken() == []


def test_the_healthy_cluster_has_300_pods(bench: Any) -> None:
    (result,) = lapse(bench, "healthy")
    assert result.data["seen"]["pods"] == 300


def test_a_cluster_in_trouble_has_each_of_its_faults_and_no_other(bench: Any, rated: Any) -> None:
    (result,) = lapse(bench, "trouble")
    assert rated(result) == {
        "checkout-api container-waiting": "open SEV-1",
        "checkout-api deployment-short": "open SEV-1",
        "node-c node-not-ready": "open SEV-2",
        "storefront container-waiting": "open SEV-2",
        "storefront deployment-short": "open SEV-2",
        "report-generator container-waiting": "open SEV-3",
        "trainer deployment-short": "open SEV-3",
        "trainer pod-unschedulable": "open SEV-3",
    }


def test_what_the_cluster_says_reaches_no_terminal_as_it_is(bench: Any) -> None:
    (result,) = lapse(bench, "trouble")
    frame = Recording.load("trouble").frames[0]
    hostile = [p for p in frame.objects if "\\u001b" in json.dumps(p)]
    assert hostile, "the recording holds an escape sequence"
    lines = [*bench.heard.lines, result.summary, *(finding["message"] for finding in result.data["findings"])]
    assert all(line.isprintable() for line in lines)
