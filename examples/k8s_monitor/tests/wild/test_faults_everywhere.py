"""Each list, failing in each way while things are wrong: nothing is called well, resolved or gone for that."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents import SystemClock
from hotagents_k8s_monitor.cluster.collector import Collector
from hotagents_k8s_monitor.cluster.connection import connect
from hotagents_k8s_monitor.cluster.doubts import _SPEAKS
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.testing import FakeCluster, Fault
from hotagents_k8s_monitor.testing.objects import pod
from hotagents_k8s_monitor.testing.sick import sick_cluster

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.cluster import Snapshot

MINUTE: Final = timedelta(minutes=1)
LATER: Final = timedelta(seconds=31)  # two looks so far apart settle that something is over
FAULTS: Final = {
    "forbidden": Fault.forbidden(),
    "unauthorized": Fault.unauthorized(),
    "missing": Fault.missing(),
    "failed": Fault.status(500),
    "unavailable": Fault.status(503),
    "teapot": Fault.status(418),
    "redirected": Fault.status(302, headers={"Location": "http://127.0.0.1:9/"}),
    "throttled": Fault.throttled(3600),
    "cut off": Fault.cut(),
    "a page in HTML": Fault.garbage(),
    "half a document": Fault.broken_json(),
    "odd items": Fault.wrong_shape(),
    "a list at the root": Fault.wrong_shape(is_root=True),
    "of another kind": Fault.status(200, {"kind": "Status", "status": "Success"}),
    "nothing": Fault.status(200, ""),
    "no content": Fault.status(204, ""),
    "slow": Fault.slow(30),
    "no answer": Fault.hang(),
    "null": Fault.null_items(),
}


class Looking:
    """Looks for as long as it takes, and for a second at most where an answer may never come."""

    def __init__(self, cluster: FakeCluster, directory: Path) -> None:
        path = str(cluster.kubeconfig(directory))
        self._patient, self._hurried = (
            Collector(lambda: connect(kubeconfig=path, context=None), clock=SystemClock(), total=total)
            for total in (60.0, 1.0)
        )
        self.hurries = False

    def collect(self) -> Snapshot:
        return (self._hurried if self.hurries else self._patient).collect()

    def close(self) -> None:
        self._patient.close()
        self._hurried.close()


@pytest.fixture(autouse=True)
def _retries_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _seconds: None))


def objects() -> list[dict[str, Any]]:
    """A cluster in which every rule finds something, and in which what is listed belongs together."""
    found = [item for items in sick_cluster().values() for item in items]
    by_kind = {item["kind"]: item for item in found}
    user = pod("store-1", owner=by_kind["StatefulSet"])
    user["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    return [*found, user, pod("agent-x", owner=by_kind["DaemonSet"]), pod("endless-x", owner=by_kind["Job"])]


OFTEN: Final = frozenset({"pods", "deployments.apps", "services", "certificates.cert-manager.io"})


@pytest.mark.untraced
@pytest.mark.parametrize(
    "resource", [pytest.param(name, marks=() if name in OFTEN else pytest.mark.stress) for name in RESOURCES]
)
def test_no_fault_of_a_list_makes_anything_well(make_bench: Callable[..., Any], tmp_path: Path, resource: str) -> None:
    problems: list[str] = []
    with FakeCluster(objects()) as cluster, closing(Looking(cluster, tmp_path)) as collector:
        bench = make_bench(collector=collector)
        bench.again(after=9 * MINUTE)
        before = {f["fingerprint"] for f in bench.again(after=9 * MINUTE).data["findings"]}
        assert len(before) > 30
        bench.heard.taken()
        for name, fault in FAULTS.items():
            if name == "null" and resource not in _SPEAKS:  # then it is how Go writes an empty list
                continue
            cluster.fault(resource, fault)
            collector.hurries = name in {"slow", "no answer"}
            for _ in range(2):
                result = bench.again(after=LATER)
                assert (result.status, result.error) == ("ok", "")
                problems += [f"{name}: {result.data['verdict']}"] if result.data["verdict"] != "blind" else []
            cluster.clear_faults()
            collector.hurries = False
            lost = before - {f["fingerprint"] for f in bench.again(after=LATER).data["findings"]}
            problems += [f"{name}: {len(lost)} lost"] if lost else []
            ends = [f"{name}: {kind} {about}" for kind, _, about in bench.heard.taken() if kind in {"resolved", "gone"}]
            problems += [end for end in ends if not end.endswith(" k8s-monitor")]
    assert problems == []
