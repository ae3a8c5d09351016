"""What the types of the ``anthropic`` package say of the body of a request, read strictly.

The package describes a request by typed dictionaries, which pydantic can check. As they stand, their lists are checked
only when somebody reads them, further keys are let through, and a wrong block fails as each kind of block that it might
have been. So the schema is rewritten once: lists are lists, further keys are refused, and blocks go by their ``type``.
"""

from __future__ import annotations

import functools
from typing import Any, Final, final

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator, ValidationError

__all__ = ["misshapen", "prepare"]

_TAGS: Final = ("type", "role")
_LABELS: Final = frozenset({"user", "assistant", "system", "str"})  # of choices, which no body holds as keys
_LEFT_OUT: Final = frozenset({"serialization", "metadata"})


def prepare() -> None:
    """Load the types, which takes a second or two; what is loaded stays.

    Raises:
        ImportError: Without the ``anthropic`` package.
    """
    _validator()


def misshapen(body: Any) -> str:
    """Return what is wrong with the shape of a body, as ``path: reason``; empty if it is right."""
    try:
        _validator().validate_python(body, strict=True)
    except ValidationError as error:
        found = max(error.errors(include_url=False, include_input=False), key=lambda item: len(item["loc"]))
        first, *others = map(str, found["loc"] or ("body",))
        where = ".".join([first, *(part for part in others if part not in _LABELS and "[" not in part)])
        return f"{where}: {found['msg'].replace(' found using read()', '')}"
    return ""


@functools.cache
def _validator() -> SchemaValidator:
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming  # noqa: PLC0415 - heavy

    schema: Any = TypeAdapter(MessageCreateParamsNonStreaming).core_schema
    return SchemaValidator(_Strict(schema).rewritten(schema))


@final
class _Strict:
    """Rewrites a schema of pydantic's."""

    def __init__(self, schema: Any) -> None:
        self._definitions = {item["ref"]: item for item in schema.get("definitions", ())}

    def rewritten(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.rewritten(item) for item in node]
        if not isinstance(node, dict):
            return node
        match node.get("type"):
            case "generator":
                return {"type": "list", "items_schema": self.rewritten(node["items_schema"])}
            case "json-or-python":
                return self.rewritten(node["json_schema"])
            case "union":
                return self._union(node)
        left_out = _LEFT_OUT if isinstance(node.get("type"), str) else ()  # else it has fields by their names
        found = {key: self.rewritten(value) for key, value in node.items() if key not in left_out}
        if node.get("type") == "typed-dict" and node.get("extra_behavior") != "allow":
            found["extra_behavior"] = "forbid"
        return found

    def _union(self, node: Any) -> Any:
        choices = list(self._sent(node))
        for tag in _TAGS:
            by_tag = self._by(tag, choices)
            if by_tag:
                return {"type": "tagged-union", "discriminator": _reader(tag, self._usual(tag, choices)), **by_tag}
        return {"type": "union", "choices": [self.rewritten(choice) for choice in choices]}

    def _sent(self, node: Any) -> Any:
        """Yield what a union is of, but for the classes of answers, which no client sends as they are."""
        for choice in node["choices"]:
            if choice.get("type") == "union":
                yield from self._sent(choice)
            elif self._resolved(choice).get("type") != "model":
                yield choice

    def _by(self, tag: str, choices: list[Any]) -> dict[str, Any]:
        """Return the choices by the values of this field; nothing if it does not tell them apart."""
        found: dict[str, Any] = {}
        for choice in choices:
            values = self._values(choice, tag)
            if not values or found.keys() & set(values):
                return {}
            found.update(dict.fromkeys(values, self.rewritten(choice)))
        return {"choices": found}

    def _usual(self, tag: str, choices: list[Any]) -> str:
        """Return the value of the field that a choice has which may go without it; empty if there is none."""
        optional = (item for item in choices if not self._resolved(item)["fields"][tag]["required"])
        return next((self._values(item, tag)[0] for item in optional), "")

    def _values(self, choice: Any, tag: str) -> list[str]:
        schema = self._resolved(choice).get("fields", {}).get(tag, {}).get("schema", {})
        inner = schema.get("schema", {}) if schema.get("type") == "nullable" else schema
        return list(inner.get("expected", ()))

    def _resolved(self, choice: Any) -> Any:
        return self._definitions[choice["schema_ref"]] if choice.get("type") == "definition-ref" else choice


def _reader(tag: str, usual: str) -> Any:
    def read(value: Any) -> Any:
        found = value.get(tag) if isinstance(value, dict) else None
        return (found if isinstance(found, str) else None) or usual or None

    return read
