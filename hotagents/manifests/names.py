"""Names of objects, as the API server checks them.

An object has a ``name``, or a ``generateName`` to which the server adds a few letters; such a name is known only once
the object is there, so no volume can mount it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hotagents.manifests.nodes import Record, Scalar
from hotagents.manifests.problems import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.manifests.nodes import Node
    from hotagents.manifests.problems import Problems
    from hotagents.manifests.stream import Resource

__all__ = ["check_names", "label_fault", "name_fault"]

_PART: Final = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_LABEL: Final = re.compile(_PART, re.ASCII)
_SUBDOMAIN: Final = re.compile(rf"{_PART}(?:\.{_PART})*", re.ASCII)
_NAMES: Final = ("name", "generateName")
_LONGEST_LABEL: Final = 63
_LONGEST: Final[Mapping[str, int]] = {
    "CronJob": 52,  # its Jobs are called by it and the time
    "Job": 63,  # its pods have the name as a label's value
    "StatefulSet": 63,  # its pods, which are hosts, are called by it and a number
}
_LABELS: Final = frozenset({"StatefulSet"})  # kinds whose name may not have a "." in it
_LONGEST_BASE: Final[Mapping[str, int]] = {"CronJob": 47, "StatefulSet": 63}  # to a generateName the server adds five
_LONGEST_NAME: Final = 253
_ENDS: Final = "that begin and end with a letter or digit"


def check_names(resource: Resource, problems: Problems, *, hint: str) -> None:
    """Say what the API server has against an object's name and namespace; ``hint`` is for one without a name."""
    metadata = problems.record(resource.root, "metadata")
    if metadata is not None:
        _check(resource, metadata, "name", problems)
        _check(resource, metadata, "generateName", problems)
        namespace = problems.text(metadata, "namespace")
        if namespace and (fault := label_fault(namespace)):
            message = f"metadata.namespace of a {resource.kind}: expected {fault}"
            problems.error(metadata.values["namespace"], "manifest-field", message, _remedy("namespace", namespace))
    if all(_is_blank(resource.root.get("metadata", key)) for key in _NAMES) and _is_blank_or_record(resource):
        message = f"expected a {resource.kind} with metadata.name, got one without"
        problems.error(resource.root.keys.get("metadata", resource.root), "manifest-field", message, hint)


def label_fault(text: str) -> str:
    """Return what the API server has against a DNS label, as "..., got ...", or nothing."""
    if _LABEL.fullmatch(text) and len(text) <= _LONGEST_LABEL:
        return ""
    return f'at most {_LONGEST_LABEL} lower-case letters, digits and "-" {_ENDS}, got {_said(text, _LONGEST_LABEL)}'


def _is_blank(node: Node | None) -> bool:
    return node is None or (isinstance(node, Scalar) and (node.kind == "null" or not node.text))


def _is_blank_or_record(resource: Resource) -> bool:
    """Say whether the metadata can be looked into; what else they are was refused."""
    metadata = resource.root.get("metadata")
    return isinstance(metadata, Record) or _is_blank(metadata)


def name_fault(kind: str, name: str) -> str:
    """Return what the API server has against the name of an object, as "..., got ...", or nothing."""
    longest = _LONGEST.get(kind, _LONGEST_NAME)
    return "" if _is_name(kind, name, longest) else f"{_expected(kind, longest)}, got {_said(name, longest)}"


def _check(resource: Resource, metadata: Record, key: str, problems: Problems) -> None:
    text, kind = problems.text(metadata, key), resource.kind
    is_base = key == "generateName"
    longest = (_LONGEST_BASE if is_base else _LONGEST).get(kind, _LONGEST_NAME)
    whole = f"{text}x" if is_base and len(text) < longest else text  # as the server will complete it
    if not text or _is_name(kind, whole, longest):
        return
    message = f"metadata.{key} of a {kind}: expected {_expected(kind, longest)}, got {_said(text, longest)}"
    problems.error(metadata.values[key], "manifest-field", message, _remedy(key, text))


def _is_name(kind: str, text: str, longest: int) -> bool:
    return len(text) <= longest and (_LABEL if kind in _LABELS else _SUBDOMAIN).fullmatch(text) is not None


def _expected(kind: str, longest: int) -> str:
    dots, beside = ('and "-"', "") if kind in _LABELS else ('"-" and "."', ', also beside each "."')
    return f"at most {longest} lower-case letters, digits{'' if kind in _LABELS else ','} {dots} {_ENDS}{beside}"


def _said(text: str, longest: int) -> str:
    return f"{len(text)} characters" if len(text) > longest else quoted(text)


def _remedy(key: str, text: str) -> str:
    plain = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"write: {key}: {plain}" if plain and len(plain) <= _LONGEST_LABEL and _LABEL.fullmatch(plain) else ""
