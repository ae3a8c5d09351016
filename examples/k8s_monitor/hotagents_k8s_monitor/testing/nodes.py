"""A builder of nodes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from hotagents_k8s_monitor.testing.building import LONG_AGO, NOW, address, condition, digest, metadata, text_of, uid

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["node"]

_PRESSURES: Final[Mapping[str, tuple[str, str]]] = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}
_READY: Final[Mapping[str, tuple[str, str]]] = {
    "True": ("KubeletReady", "kubelet is posting ready status"),
    "False": ("KubeletNotReady", "container runtime is down"),
    "Unknown": ("NodeStatusUnknown", "Kubelet stopped posting node status."),
}
_TAINTS: Final[Mapping[str, str]] = {"False": "not-ready", "Unknown": "unreachable"}
_GRACE: Final = timedelta(seconds=50)  # after so long without a heartbeat a node is taken for lost


def node(
    name: str,
    *,
    ready: Literal["True", "False", "Unknown"] = "True",
    since: datetime = LONG_AGO,
    unschedulable: bool = False,
    pressure: Collection[str] = (),
    now: datetime = NOW,
    created: datetime = LONG_AGO,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a node, by default one that is ready.

    Args:
        name: Of it.
        ready: The status of ``Ready``; ``Unknown`` for a kubelet that is not heard of, which makes all unknown.
        since: When that, and each pressure, began.
        unschedulable: Whether it is cordoned.
        pressure: Which of ``MemoryPressure``, ``DiskPressure``, ``PIDPressure`` it is under.
        now: When its kubelet was last heard of, if it is.
        created: When.
        labels: Beside the usual ones.
    """
    all_labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "m-4x16",
        "topology.kubernetes.io/zone": f"zone-{int(digest(name), 16) % 3 + 1}",
        **(labels or {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata("Node", name, created=created, labels=all_labels),
        "spec": _spec(name, ready, since, unschedulable=unschedulable),
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": address(name, prefix="10.0")},
                {"type": "Hostname", "address": name},
            ],
            "capacity": {"cpu": "4", "ephemeral-storage": "101430960Ki", "memory": "16374380Ki", "pods": "110"},
            "allocatable": {"cpu": "3920m", "ephemeral-storage": "93478772582", "memory": "15563372Ki", "pods": "110"},
            "conditions": _conditions(ready, since, pressure, now),
            "nodeInfo": _info(name),
        },
    }


def _spec(name: str, ready: str, since: datetime, *, unschedulable: bool) -> dict[str, Any]:
    number = int(digest(name), 16) % 250
    spec: dict[str, Any] = {"podCIDR": f"10.244.{number}.0/24", "podCIDRs": [f"10.244.{number}.0/24"]}
    taints: list[dict[str, str]] = []
    if ready in _TAINTS:
        taint = {"key": f"node.kubernetes.io/{_TAINTS[ready]}", "timeAdded": text_of(since)}
        taints += [taint | {"effect": "NoSchedule"}, taint | {"effect": "NoExecute"}]
    if unschedulable:
        spec["unschedulable"] = True
        taints.append({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
    return spec | ({"taints": taints} if taints else {})


def _conditions(ready: str, since: datetime, pressure: Collection[str], now: datetime) -> list[dict[str, Any]]:
    reason, message = _READY[ready]
    if ready == "Unknown":
        heard = since - _GRACE
        return [
            condition(kind, ready, since, reason=reason, message=message) | {"lastHeartbeatTime": text_of(heard)}
            for kind in (*_PRESSURES, "Ready")
        ]
    found = [_pressure(kind, since, is_there=kind in pressure) for kind in _PRESSURES]
    found.append(condition("Ready", ready, since, reason=reason, message=message))
    return [one | {"lastHeartbeatTime": text_of(now)} for one in found]


def _pressure(kind: str, since: datetime, *, is_there: bool) -> dict[str, Any]:
    if is_there:
        return condition(kind, "True", since, reason=f"KubeletHas{kind}", message=f"kubelet has {kind}")
    reason, message = _PRESSURES[kind]
    return condition(kind, "False", LONG_AGO, reason=reason, message=message)


def _info(name: str) -> dict[str, str]:
    return {
        "architecture": "amd64",
        "bootID": uid("boot", name),
        "containerRuntimeVersion": "containerd://2.1.4",
        "kernelVersion": "6.8.0-85-generic",
        "kubeProxyVersion": "",
        "kubeletVersion": "v1.34.2",
        "machineID": digest("machine", name)[:32],
        "operatingSystem": "linux",
        "osImage": "Ubuntu 24.04.3 LTS",
        "systemUUID": uid("system", name),
    }
