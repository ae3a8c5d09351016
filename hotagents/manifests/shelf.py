"""`Shelf`: the ConfigMaps and Secrets of all manifests, where volumes take theirs from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import escape
from hotagents.manifests.configmap import Content, content_of
from hotagents.manifests.problems import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.manifests.nodes import Node
    from hotagents.manifests.problems import Problems
    from hotagents.manifests.stream import Resource

__all__ = ["Shelf"]

_OF_THE_CLUSTER: Final = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt"})  # in each namespace by itself
_MOST: Final = 200_000  # files that all volumes bring, however often they bring the same


@final
class Shelf:
    """The ConfigMaps and Secrets of all manifests.

    Args:
        resources: What there is.
        namespace: Of the workload, empty where it is not known.
        complete: Whether all manifests could be read; what is missing is an error only then.
        problems: Takes what is wrong with what is mounted.
    """

    __slots__ = ("_complete", "_contents", "_found", "_left", "_namespace", "_resources", "problems")

    def __init__(self, resources: Sequence[Resource], namespace: str, *, complete: bool, problems: Problems) -> None:
        self._resources: dict[tuple[str, str], list[Resource]] = {}
        for resource in resources:
            self._resources.setdefault((resource.kind, resource.name), []).append(resource)
        self._namespace = namespace
        self._complete = complete
        self._contents: dict[Resource, Content] = {}
        self._found: dict[tuple[str, str], list[Resource]] = {}
        self._left = _MOST
        self.problems = problems

    def take(self, kind: str, name: str, at: Node, *, optional: bool) -> Content | None:
        """Return what an object holds; None where there is none, which is an error unless it is optional."""
        named = self._resources.get((kind, name), [])
        if (kind, name) not in self._found:
            self._found[kind, name] = self._in_namespace(named)
        found = self._found[kind, name]
        if not found:
            self._miss(kind, name, at, named, optional=optional)
            return None
        if len(found) > 1:
            places = ", ".join(escape(resource.where) for resource in found[:3])
            message = f"expected one {kind} {quoted(name)}, got {len(found)}: {places}"
            hint = "give the manifests as they are applied, each object once"
            if len({resource.namespace for resource in found}) > 1:
                hint = "give the manifests as they are applied, or say --namespace"
            self.problems.error(at, "configmap-ambiguous", message, hint)
        resource = found[-1]
        if resource not in self._contents:
            self._contents[resource] = content_of(resource, self.problems)
        content = self._contents[resource]
        self._left -= len(content.values)
        if self._left < 0:
            message = f"expected volumes of at most {_MOST} files, got more"
            self.problems.error(self._resources[kind, name][0].root, "manifest-too-large", message)
            return None
        return content

    def miss_elsewhere(self, kind: str, name: str, at: Node) -> None:
        """Say of an object that only matters to whether the pod starts that it is not here."""
        if name not in _OF_THE_CLUSTER and not self._in_namespace(self._resources.get((kind, name), [])):
            message = f"{kind} {quoted(name)}, which the pod mounts elsewhere, is not in these manifests"
            self.problems.add(at, "configmap-missing", "info", message, "without it no pod starts")

    def _in_namespace(self, named: Sequence[Resource]) -> list[Resource]:
        if not self._namespace:
            return list(named)
        exact = [resource for resource in named if resource.namespace == self._namespace]
        return exact or [resource for resource in named if not resource.namespace]

    def _miss(self, kind: str, name: str, at: Node, named: Sequence[Resource], *, optional: bool) -> None:
        elsewhere = f"; there is one in namespace {escape(named[0].namespace)}" if named else ""
        if optional:
            message = (
                f"{kind} {quoted(name)} is not in these manifests{elsewhere}: as it is optional, nothing is mounted"
            )
            self.problems.add(at, "configmap-missing", "info", message)
        elif self._complete:
            message = f"expected {kind} {quoted(name)} in these manifests, got none{elsewhere}"
            self.problems.error(at, "configmap-missing", message, "give the manifest that it stands in, too")
