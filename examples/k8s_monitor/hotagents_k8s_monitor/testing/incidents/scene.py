"""`Scene`: what happens in a cluster, minute by minute; and the cluster in which it does, which else is well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast, final

from hotagents_k8s_monitor.cluster.snapshot import RESOURCES, Gap, Snapshot
from hotagents_k8s_monitor.rehearsal.recording import Header, RecordedLook
from hotagents_k8s_monitor.testing.building import NOW, bare, metadata
from hotagents_k8s_monitor.testing.kinds import kind_of
from hotagents_k8s_monitor.testing.objects import node
from hotagents_k8s_monitor.testing.scenarios.parts import daemons, namespaces, steady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["NODES", "Item", "Scene", "at", "claim", "cluster", "endpoints", "made", "service", "write"]

Item: TypeAlias = dict[str, Any]
NODES: Final = ("node-a", "node-b", "node-c", "node-d")
_SPACES: Final = ("batch", "kube-system", "ml", "payments", "shop")
_MIB: Final = 1 << 20
_HEARD: Final = 5  # minutes between two heartbeats of a node that has nothing to say


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What happens.

    Attributes:
        name: Of it, and of its directory: ``incidents/crash-loop``.
        summary: For people.
        minutes: When it ends; there is a look each minute.
        objects: Returns what is in the cluster at a minute.
        unseen: Returns what a look at a minute could not see.
        start: When it begins.
    """

    name: str
    summary: str
    minutes: int
    objects: Callable[[float], Iterable[Item]]
    unseen: Callable[[float], Iterable[Gap]] = lambda _minute: ()
    start: datetime = NOW

    @property
    def header(self) -> Header:
        """What its recording says of itself."""
        return Header(name=self.name.rpartition("/")[2], summary=self.summary, resources=RESOURCES)

    def looks(self) -> Iterator[RecordedLook]:
        """Yield a look for each minute."""
        for minute in range(self.minutes + 1):
            yield RecordedLook(self._seen(minute), timedelta(seconds=1))

    def _seen(self, minute: int) -> Snapshot:
        found: dict[str, list[Item]] = {resource: [] for resource in RESOURCES}
        for item in self.objects(minute):
            resource = kind_of(item["apiVersion"], item["kind"]).resource
            if resource in found:
                found[resource].append({key: value for key, value in item.items() if key not in {"apiVersion", "kind"}})
        gaps = {cast("Any", gap.resource): gap for gap in self.unseen(minute)}
        seen = {resource: tuple(items) for resource, items in found.items() if resource not in gaps}
        taken_at = self.start + timedelta(minutes=minute)
        return Snapshot(taken_at, MappingProxyType(cast("Any", seen)), MappingProxyType(gaps))


def write(scene: Scene, directory: Path) -> None:
    """Write a scene's recording below a directory, in place of what was there.

    Raises:
        OSError: If it cannot be written.
    """
    from hotagents_k8s_monitor.rehearsal.recording import FILE  # noqa: PLC0415 - only whoever writes needs these
    from hotagents_k8s_monitor.rehearsal.writing import Writer  # noqa: PLC0415

    (directory / scene.name / FILE).unlink(missing_ok=True)
    with Writer(directory / scene.name, scene.header, most_bytes=_MIB) as writer:
        for look in scene.looks():
            if not writer.add(look):
                raise ValueError(f"{scene.name}: more than a fixture may be")
    writer.path.chmod(0o644)


def at(minute: float, start: datetime = NOW) -> datetime:
    """Return the time of a minute of a scene."""
    return start + timedelta(minutes=minute)


def cluster(
    minute: float, *, without: Sequence[str] = (), lost: Sequence[str] = (), start: datetime = NOW
) -> list[Item]:
    """Return a cluster in which all is well.

    Args:
        minute: When.
        without: Names of Deployments, and of nodes, that the scene brings itself.
        lost: Nodes on which nothing of it runs.
        start: When the scene begins.
    """
    heard = at(minute - minute % _HEARD, start)
    here = [name for name in NODES if name not in lost]
    applications = [
        ("checkout-api", "payments", 3),
        ("ledger", "payments", 2),
        ("storefront", "shop", 5),
        ("cart", "shop", 3),
        ("search", "shop", 2),
        ("coredns", "kube-system", 2),
    ]
    found: list[Item] = [*namespaces(_SPACES), *(node(name, now=heard) for name in NODES if name not in without)]
    for name, namespace, replicas in applications:
        if name not in without:
            places = [here[number % len(here)] for number in range(replicas)]
            found += steady(name, namespace, places)
        if namespace != "kube-system":
            found += [service(name, namespace), endpoints(name, namespace, ready=replicas)]
    return [*found, *daemons("kube-proxy", "kube-system", here)]


def made(api_version: str, kind: str, name: str, namespace: str, **parts: Any) -> Item:
    """Return an object of any kind, with these parts beside its metadata."""
    return bare(api_version, kind, name, namespace=namespace) | parts


def service(name: str, namespace: str) -> Item:
    """Return a Service whose selector is the application of its name."""
    ports = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}]
    spec = {"selector": {"app": name}, "ports": ports, "type": "ClusterIP", "clusterIP": "10.96.0.9"}
    return made("v1", "Service", name, namespace, spec=spec, status={"loadBalancer": {}})


def endpoints(name: str, namespace: str, *, ready: int, unready: int = 0) -> Item:
    """Return the EndpointSlice of a Service."""
    states = [True] * ready + [False] * unready
    found = [
        {
            "addresses": [f"10.244.9.{number + 2}"],
            "conditions": {"ready": state, "serving": state, "terminating": False},
        }
        for number, state in enumerate(states)
    ]
    labels = {"kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller"}
    slice_ = made("discovery.k8s.io/v1", "EndpointSlice", f"{name}-x7k2p", namespace, addressType="IPv4")
    slice_["metadata"] = metadata(
        "EndpointSlice", f"{name}-x7k2p", namespace=namespace, created=NOW - timedelta(days=3), labels=labels
    )
    return slice_ | {"endpoints": found, "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}


def claim(name: str, namespace: str, *, phase: str, since: datetime, storage_class: str = "fast") -> Item:
    """Return a PersistentVolumeClaim."""
    found = made("v1", "PersistentVolumeClaim", name, namespace)
    found["metadata"] = metadata("PersistentVolumeClaim", name, namespace=namespace, created=since)
    resources: Mapping[str, Any] = {"requests": {"storage": "20Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": resources, "storageClassName": storage_class}
    return found | {"spec": spec, "status": {"phase": phase}}
