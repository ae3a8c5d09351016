"""What the builders of objects share: names, times and numbers that are the same each time."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NOW", "address", "bare", "condition", "digest", "metadata", "of_owner", "suffix", "text_of", "uid"]

NOW: Final = datetime(2026, 11, 24, 10, 0, tzinfo=timezone.utc)
"""The moment at which the defaults of the builders make sense: what is healthy has been so for days."""

LONG_AGO: Final = NOW - timedelta(days=3)
"""When things were made and became healthy, where nothing else is said."""

_UIDS: Final = uuid.UUID("6f9619ff-8b86-5d11-b42d-00c04fc964ff")
_SAFE: Final = "bcdfghjklmnpqrstvwxz2456789"  # what Kubernetes makes suffixes of: no vowels, no words


def text_of(time: datetime) -> str:
    """Return an aware time as the API server writes it: in UTC, with ``Z``, in whole seconds."""
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def uid(*parts: str) -> str:
    """Return the same uid each time for the same parts."""
    return str(uuid.uuid5(_UIDS, "/".join(parts)))


def digest(*parts: str) -> str:
    """Return the same 64 hexadecimal digits each time for the same parts."""
    return sha256("/".join(parts).encode()).hexdigest()


def suffix(*parts: str, length: int = 5) -> str:
    """Return the same suffix each time for the same parts: 5 characters for a pod, 10 for a pod template."""
    number = int(digest(*parts), 16)
    return "".join(_SAFE[number // len(_SAFE) ** at % len(_SAFE)] for at in range(length))


def address(*parts: str, prefix: str) -> str:
    """Return the same IPv4 address each time for the same parts, such as ``10.0.3.7`` for ``10.0``."""
    number = int(digest(*parts), 16)
    return f"{prefix}.{number % 250}.{number // 250 % 250 + 2}"


def bare(api_version: str, kind: str, name: str, *, namespace: str = "") -> dict[str, Any]:
    """Return an object of any kind with nothing but metadata, such as a DaemonSet that owns pods."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata(kind, name, namespace=namespace, created=LONG_AGO),
    }


def metadata(
    kind: str,
    name: str,
    *,
    namespace: str = "",
    created: datetime,
    labels: Mapping[str, str] | None = None,
    owner: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the metadata of an object; the owner is its controller."""
    found: dict[str, Any] = {"name": name}
    if namespace:
        found["namespace"] = namespace
    # A pod that is made anew under its old name, as of a StatefulSet, is another one.
    found |= {"uid": uid(kind, namespace, name, text_of(created)), "creationTimestamp": text_of(created)}
    if labels:
        found["labels"] = dict(labels)
    if owner is not None:
        found["ownerReferences"] = [_reference(owner)]
    return found


def of_owner(owner: Mapping[str, Any] | None, namespace: str | None) -> str:
    """Return a namespace: the given one, else the owner's, else ``default``."""
    if namespace is not None:
        return namespace
    return "default" if owner is None else owner["metadata"].get("namespace", "default")


def condition(kind: str, status: str, since: datetime, *, reason: str = "", message: str = "") -> dict[str, Any]:
    """Return a condition."""
    found = {"type": kind, "status": status, "lastTransitionTime": text_of(since)}
    if reason:
        found["reason"] = reason
    if message:
        found["message"] = message
    return found


def _reference(owner: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
