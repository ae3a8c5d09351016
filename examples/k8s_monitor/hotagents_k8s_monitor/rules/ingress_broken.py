"""``ingress-broken``: an Ingress whose class nobody serves, or that leads to a Service or port that is not there.

What does not look like a Service to the API may be one to the controller: a resource as a backend, and the actions that
some controllers read from annotations (port ``use-annotation``), are left alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import at, items_at, mapping_at, name_of, namespace_of, text_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "ingress-broken"
_BY_ANNOTATION: Final = "use-annotation"
_LONGEST: Final = 253


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for ingress in snapshot.all("ingresses.networking.k8s.io"):
        if is_leaving(ingress):
            continue
        lost = _lost_class(ingress, snapshot)
        backends = list(_backends(ingress))
        broken = [said for backend in backends if (said := _broken(backend, namespace_of(ingress), snapshot))]
        if not lost and not broken:
            continue
        yield Signal(
            rule=_ID,
            owner=itself("Ingress", ingress),
            impact="down" if lost or len(broken) == len(backends) else "degraded",
            message=lost or "; ".join(dict.fromkeys(broken)),
            objects=(f"ingress/{name_of(ingress)}",),
        )


def _lost_class(ingress: Object, snapshot: Snapshot) -> str:
    name = text_at(ingress, "spec", "ingressClassName")
    if not name or snapshot.find("ingressclasses.networking.k8s.io", "", name) is not None:
        return ""
    is_sure = snapshot.is_whole(("ingressclasses.networking.k8s.io",))
    return f"there is no ingress class {cut(name, _LONGEST)}" if is_sure else ""


def _backends(ingress: Object) -> Iterator[Any]:
    """Yield what leads to Services."""
    found = [at(ingress, "spec", "defaultBackend")]
    for rule in items_at(ingress, "spec", "rules"):
        found += [path.get("backend") for path in items_at(rule, "http", "paths")]
    for backend in found:
        service = mapping_at(backend, "service")
        if text_at(service, "name") and text_at(service, "port", "name") != _BY_ANNOTATION:
            yield service


def _broken(backend: Any, namespace: str, snapshot: Snapshot) -> str:
    name = text_at(backend, "name")
    service = snapshot.find("services", namespace, name)
    if service is None:
        return f"there is no service {cut(name, _LONGEST)}" if snapshot.is_whole(("services",)) else ""
    ports = list(items_at(service, "spec", "ports"))
    if not ports and text_at(service, "spec", "type") == "ExternalName":
        return ""
    number, port = at(backend, "port", "number"), text_at(backend, "port", "name")
    if number is None and not port:
        return ""
    has_it = any(each.get("name") == port if port else each.get("port") == number for each in ports)
    return "" if has_it else f"service {cut(name, _LONGEST)} has no port {cut(str(port or number), _LONGEST)}"


RULE: Final = Rule(
    id=_ID,
    summary="an Ingress whose class, or a Service or port that it leads to, is not there",
    detect=_detect,
    needs=("ingresses.networking.k8s.io", "ingressclasses.networking.k8s.io", "services"),
    hold=timedelta(minutes=5),
)
