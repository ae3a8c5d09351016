"""Label and field selectors, as the API server reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["field_selector", "label_selector"]

_KEY: Final = r"[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?"
_EXISTS: Final = re.compile(rf"(?P<not>!?)\s*(?P<key>{_KEY})")
_EQUALS: Final = re.compile(rf"(?P<key>{_KEY})\s*(?P<sign>==|=|!=)\s*(?P<value>[-A-Za-z0-9_.]*)")
_SET: Final = re.compile(rf"(?P<key>{_KEY})\s+(?P<sign>in|notin)\s*\((?P<values>[-A-Za-z0-9_.,\s]*)\)")
_COMMA_OUTSIDE: Final = re.compile(r",(?![^(]*\))")
_FIELD: Final = re.compile(r"(?P<key>[A-Za-z.]+)\s*(?P<sign>==|=|!=)\s*(?P<value>[^,=!]*)")

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "metadata.name": ("metadata", "name"),
    "metadata.namespace": ("metadata", "namespace"),
    "spec.nodeName": ("spec", "nodeName"),
    "status.phase": ("status", "phase"),
    "involvedObject.kind": ("involvedObject", "kind"),
    "involvedObject.name": ("involvedObject", "name"),
    "involvedObject.namespace": ("involvedObject", "namespace"),
    "involvedObject.uid": ("involvedObject", "uid"),
}
_OWNERS: Final[Mapping[str, frozenset[str]]] = {  # of the first part of a field; "metadata" is everybody's
    "spec": frozenset({"pods"}),
    "status": frozenset({"pods", "namespaces"}),
    "involvedObject": frozenset({"events"}),
}


def label_selector(text: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return what tells whether an object has the labels that a selector asks for.

    Raises:
        ValueError: If it cannot be read.
    """
    tests = [_label_test(part.strip()) for part in _COMMA_OUTSIDE.split(text)] if text.strip() else []

    def matches(item: Mapping[str, Any]) -> bool:
        labels = item["metadata"].get("labels") or {}
        return all(test(labels) for test in tests)

    return matches


def field_selector(text: str, resource: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return what tells whether an object has the fields that a selector asks for.

    Raises:
        ValueError: If it cannot be read, or names a field that the API server has no selector for.
    """
    tests = [_field_test(part.strip(), resource) for part in text.split(",")] if text.strip() else []
    return lambda item: all(test(item) for test in tests)


def _label_test(part: str) -> Callable[[Mapping[str, str]], bool]:
    if (found := _SET.fullmatch(part)) is not None:
        key, wanted = found["key"], {value.strip() for value in found["values"].split(",")}
        if found["sign"] == "in":
            return lambda labels: labels.get(key) in wanted
        return lambda labels: labels.get(key) not in wanted
    if (found := _EQUALS.fullmatch(part)) is not None:
        key, value = found["key"], found["value"]
        if found["sign"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if (found := _EXISTS.fullmatch(part)) is not None:
        key, is_wanted = found["key"], not found["not"]
        return lambda labels: (key in labels) is is_wanted
    raise ValueError(f"unable to parse requirement: {part!r}")


def _field_test(part: str, resource: str) -> Callable[[Mapping[str, Any]], bool]:
    found = _FIELD.fullmatch(part)
    if found is None:
        raise ValueError(f"invalid selector: {part!r}; can't understand {part!r}")
    key, value, is_wanted = found["key"], found["value"].strip(), found["sign"] != "!="
    if not _is_supported(key, resource):
        raise ValueError(f"field label not supported: {key}")
    outer, inner = _FIELDS[key]
    return lambda item: ((item.get(outer) or {}).get(inner, "") == value) is is_wanted


def _is_supported(key: str, resource: str) -> bool:
    owners = _OWNERS.get(key.partition(".")[0])
    return key in _FIELDS and (owners is None or resource in owners)
