"""``run`` serves metrics and probes where it is told to, and says that it is alive."""

from __future__ import annotations

import re
import signal
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing import FakeCluster


def get(port: str, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        text: str = answer.read().decode()
        return text


def test_metrics_of_the_monitor_stand_beside_those_of_the_host(
    start: Callable[..., Any], trouble: FakeCluster, mount: Any, home: Any
) -> None:
    process = start(
        "run",
        config_dir=mount.path,
        kubeconfig=trouble.kubeconfig(home),
        listen="127.0.0.1:0",
        dead_man_interval=0.2,
        detection_interval=1,
    )
    found = re.search(r"listening on port (\d+)", process.logged("listening on port"))
    assert found is not None
    assert "findings: " in process.logged("alive: cluster demo")
    text = get(found[1], "/metrics")
    assert 'k8s_monitor_findings{rule="node-not-ready",severity="SEV-2",state="open"} 1.0' in text
    assert 'hotagents_cycles_total{result="ok",runner="k8s-monitor"}' in text
    assert "checkout" not in text
    assert get(found[1], "/healthz") == "ok\n"
    assert process.end(signal.SIGTERM) == 0


def test_a_place_that_cannot_be_had_ends_with_2(start: Callable[..., Any], mount: Any) -> None:
    process = start("run", config_dir=mount.path, listen="nowhere")
    assert process.ended() == 2
    assert "K8S_MONITOR_LISTEN: expected HOST:PORT" in process.log[-1]
