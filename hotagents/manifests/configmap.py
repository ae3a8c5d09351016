"""`Content`: what a ConfigMap or Secret holds, and what the API server would refuse of it."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from hotagents.manifests.names import check_names
from hotagents.manifests.nodes import Record, Scalar
from hotagents.manifests.problems import quoted
from hotagents.manifests.secrets import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents.manifests.nodes import Node
    from hotagents.manifests.problems import Problems
    from hotagents.manifests.stream import Resource

__all__ = ["KINDS", "Content", "Value", "content_of", "key_fault"]

KINDS: Final = frozenset({"ConfigMap", "Secret"})

_KNOWN: Final = ("apiVersion", "kind", "metadata", "data", "binaryData", "stringData", "immutable", "type")
_LARGEST: Final = 1_048_576
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+", re.ASCII)
_LONGEST_KEY: Final = 253
_DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
# Where values are, and how each is written; what stands further down covers a key of what stands above.
_FIELDS: Final[Mapping[str, tuple[tuple[str, bool], ...]]] = {
    "ConfigMap": (("data", False), ("binaryData", True)),
    "Secret": (("data", True), ("stringData", False)),
}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """The value of one key.

    Attributes:
        key: As it is mounted where no item says otherwise.
        content: Its bytes.
        node: Where it stands.
        name: Where its key stands.
        owner: What it is, for people: ``ConfigMap agents, key triage.md``.
    """

    key: str
    content: bytes
    node: Scalar
    name: Scalar
    owner: str


@final
@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What an object holds.

    Attributes:
        resource: The object.
        values: By key.
    """

    resource: Resource
    values: Mapping[str, Value]


def content_of(resource: Resource, problems: Problems) -> Content:
    """Return what a ConfigMap or Secret holds; what is wrong with a value is said, and it is left out."""
    root = resource.root
    problems.repeated(root)
    version = root.get("apiVersion")
    if not isinstance(version, Scalar):
        problems.error(root, "manifest-field", f"{resource}: expected an apiVersion, got none", "write: apiVersion: v1")
    elif version.text != "v1":
        message = f"{resource}: expected apiVersion v1, got {quoted(version.text)}"
        problems.error(version, "manifest-field", message, "write: apiVersion: v1")
    problems.slips(root, _KNOWN, str(resource))
    check_names(resource, problems, hint="give it the name that the volume mounts")
    if problems.flag(root, "immutable"):
        message = f"{resource} is immutable: an edit is refused, and a pod that runs never sees one that was recreated"
        problems.warning(root.values["immutable"], "configmap-immutable", message, "remove immutable")
    values: dict[str, Value] = {}
    for value in _values(resource, problems):
        _refuse_second(resource, values.get(value.key), value, problems)
        values[value.key] = value
    size = sum(len(value.content) for value in values.values())
    if size > _LARGEST:
        message = f"{resource}: expected values of at most {_LARGEST} bytes in all, got {size}"
        hint = "split it in two, mounted side by side or in one projected volume"
        problems.error(_at(resource), "configmap-too-large", message, hint)
    return Content(resource, values)


def key_fault(key: str) -> str:
    """Return what the API server has against a key, or nothing."""
    if len(key) > _LONGEST_KEY:
        return f"a key of at most {_LONGEST_KEY} characters, got {len(key)}"
    if not _KEY.fullmatch(key):
        return f"a key of letters, digits, `-`, `_` and `.`, got {quoted(key)}"
    if key == "." or key.startswith(".."):
        return f'a key that is not "." and does not begin with "..", got {quoted(key)}'
    return ""


def _values(resource: Resource, problems: Problems) -> Iterator[Value]:
    for field, is_base64 in _FIELDS[resource.kind]:
        record = problems.record(resource.root, field, secret=resource.kind == SECRET)
        for key, node in record.values.items() if record is not None else ():
            name = record.keys[key] if record is not None else None
            if name is None or not _is_key(resource, field, name, problems):
                continue
            content = _content(resource, field, key, node, problems, is_base64=is_base64)
            if content is not None and isinstance(node, Scalar):
                yield Value(key, content, node, name, f"{resource}, key {key}")


def _is_key(resource: Resource, field: str, name: Scalar, problems: Problems) -> bool:
    fault = key_fault(name.text)
    hint = "a path with directories is an entry of items in the volume: {key: ..., path: ...}" if "/" in fault else ""
    if not fault and name.kind != "text" and not _DIGITS.fullmatch(name.text):
        # kubectl makes a text of it, and not always this one: yes becomes "true", 012 becomes "10".
        fault, hint = f"a text as a key, got {name.kind} {name.text}", f"write: {quoted(name.text)}: ..."
    if fault:
        problems.error(name, "configmap-key", f"{resource}: {field}: expected {fault}", hint)
    return not fault


def _content(
    resource: Resource, field: str, key: str, node: Node, problems: Problems, *, is_base64: bool
) -> bytes | None:
    label = f"{resource}: {field}: {key}"
    if not isinstance(node, Scalar):
        found = "a mapping" if isinstance(node, Record) else "a list"
        hint = "write | behind the key, so that what follows is one text"
        problems.error(node, "configmap-value", f"{label}: expected a text, got {found}", hint)
        return None
    if node.kind != "text":
        if resource.kind == SECRET:  # its values are repeated nowhere
            message, hint = f"expected a text, got {node.kind}", "put the value into quotes"
        else:
            message, hint = _no_text(node), f"write: {key}: {quoted(node.text)}"
        problems.error(node, "configmap-value", f"{label}: {message}", hint)
        return None
    if not is_base64:
        return node.text.encode(errors="surrogatepass")
    try:
        return base64.b64decode(node.text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        other = "data" if resource.kind == "ConfigMap" else "stringData"
        message = f"{label}: expected base64, got something else"
        problems.error(node, "configmap-value", message, f"encode it with base64 -w0, or put the text into {other}")
        return None


def _no_text(node: Scalar) -> str:
    if node.kind == "null":
        return "expected a text, got nothing, of which one tool makes an empty file and another no file"
    if node.kind == "tagged":
        return f"expected a text, got the YAML tag {quoted(node.tag or '')}"
    return f"expected a text, got {node.kind} {quoted(node.text)[1:-1]}"


def _refuse_second(resource: Resource, first: Value | None, second: Value, problems: Problems) -> None:
    """Refuse a key in both of a ConfigMap's maps; of a Secret, ``stringData`` covers ``data``."""
    if first is not None and resource.kind == "ConfigMap":
        message = f"{resource}: expected {quoted(second.key)} in data or in binaryData, got it in both"
        hint = f"remove one of the two; the other is on line {first.name.place.line}"
        problems.error(second.name, "configmap-key", message, hint)


def _at(resource: Resource) -> Node:
    """Return where an object's values begin."""
    return next((resource.root.keys[f] for f, _ in _FIELDS[resource.kind] if f in resource.root.keys), resource.root)
