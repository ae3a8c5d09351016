"""What the largest list costs, against what the shipped pod may have."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import yaml

from hotagents_k8s_monitor.cluster.answers import MOST_BYTES, _decoded
from hotagents_k8s_monitor.shipped import manifest
from hotagents_k8s_monitor.testing.objects import pod


def large_pod(name: str) -> dict[str, Any]:
    """A pod of 4 kB and more, half of it managed fields, as most are."""
    found = pod(name, namespace="shop")
    found["spec"]["containers"][0]["env"] = [{"name": f"VARIABLE_{n}", "value": "x" * 30} for n in range(20)]
    fields: dict[str, Any] = {f"f:field-{n}": {"f:value": {}, ".": {}} for n in range(60)}
    found["metadata"]["managedFields"] = [{"manager": "kubelet", "operation": "Update", "fieldsV1": fields}]
    return found


def test_the_largest_list_fits_into_the_memory_of_the_shipped_pod() -> None:
    items = [large_pod(f"pod-{n:05}") for n in range(1000)]
    body = bytearray(json.dumps({"kind": "PodList", "items": items}, separators=(",", ":")).encode())
    tracemalloc.start()
    decoded = _decoded(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(decoded["items"]) == 1000
    times = 1 + peak / len(body)
    assert times < 6
    containers = yaml.safe_load(manifest("deployment.yaml"))["spec"]["template"]["spec"]["containers"]
    limit = containers[0]["resources"]["limits"]["memory"]
    assert limit.endswith("Mi")
    assert int(limit.removesuffix("Mi")) << 20 >= 6 * MOST_BYTES + (100 << 20)
