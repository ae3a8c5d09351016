"""What the fake API server says of itself: its version, and which groups and resources it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.testing.answers import Answer, document, text
from hotagents_k8s_monitor.testing.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["discovered"]

_VERSION: Final = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.2",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2025-11-11T00:00:00Z",
    "goVersion": "go1.24.9",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_HEALTH: Final = frozenset({"/healthz", "/livez", "/readyz"})
_VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_REVIEW_VERBS: Final = ("create",)


def discovered(path: str, installed: Collection[str] = ()) -> Answer | None:
    """Return what the server says of itself at a path, or None if it is a path of something else.

    Args:
        path: Which.
        installed: The API groups of add-ons that it has.
    """
    if path in _HEALTH:
        return text("ok")
    found = _documents(installed).get(path.rstrip("/"))
    return document(found) if found is not None else None


def _documents(installed: Collection[str]) -> Mapping[str, Any]:
    there = [kind for kind in KINDS if kind.group and (not kind.is_optional or kind.group in installed)]
    groups = sorted({(kind.group, kind.version) for kind in there})
    return {
        "/version": _VERSION,
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/api/v1": _resources("", "v1"),
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*group) for group in groups]},
        **{f"/apis/{group}": {"kind": "APIGroup", "apiVersion": "v1", **_group(group, of)} for group, of in groups},
        **{f"/apis/{group}/{version}": _resources(group, version) for group, version in groups},
    }


def _group(group: str, version: str) -> dict[str, Any]:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def _resources(group: str, version: str) -> dict[str, Any]:
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": [_resource(kind) for kind in KINDS if (kind.group, kind.version) == (group, version)],
    }


def _resource(kind: Kind) -> dict[str, Any]:
    return {
        "name": kind.plural,
        "singularName": kind.name.lower(),
        "namespaced": kind.is_namespaced,
        "kind": kind.name,
        "verbs": list(_REVIEW_VERBS if kind.name.endswith("Review") else _VERBS),
        "shortNames": list(kind.short_names),
    }
