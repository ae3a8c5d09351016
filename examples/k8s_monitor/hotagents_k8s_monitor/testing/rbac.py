"""What a role grants: the rules of a ClusterRole, as the API server applies them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Access", "grants"]


@final
@dataclass(frozen=True, slots=True)
class Access:
    """What somebody wants to do.

    Attributes:
        verb: ``get``, ``list``, ``create`` ...
        group: The API group, empty for the core.
        resource: In the plural, with the subresource: ``pods``, ``pods/log``.
        namespace: Empty for the whole cluster.
        name: Of one object, else empty.
    """

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


def grants(rules: Sequence[Mapping[str, Any]] | None, access: Access) -> bool:
    """Say whether one of the rules allows it; None allows everything."""
    return rules is None or any(_covers(rule, access) for rule in rules)


def _covers(rule: Mapping[str, Any], access: Access) -> bool:
    names = rule.get("resourceNames") or ()
    return (
        _holds(rule.get("verbs"), access.verb)
        and _holds(rule.get("apiGroups"), access.group)
        and (_holds(rule.get("resources"), access.resource) or _holds_subresource(rule, access))
        and (not names or access.name in names)
    )


def _holds(values: Sequence[str] | None, wanted: str) -> bool:
    return values is not None and ("*" in values or wanted in values)


def _holds_subresource(rule: Mapping[str, Any], access: Access) -> bool:
    _, slash, subresource = access.resource.partition("/")
    return bool(slash) and f"*/{subresource}" in (rule.get("resources") or ())
