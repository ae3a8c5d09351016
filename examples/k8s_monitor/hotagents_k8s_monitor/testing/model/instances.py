"""Instances of JSON schemas: the smallest that is valid, always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["instance_of"]

_FORMATS: Final = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT1H",
    "email": "a@example.com",
    "hostname": "example.com",
    "uri": "https://example.com/",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_DEEP: Final = 12  # from here on, lists are empty and what may be null is null
_DEEPEST: Final = 64


def instance_of(schema: Mapping[str, Any], *, word: str = "ok") -> Any:
    """Return a value that the schema allows: what it requires, first values, one item a list, and numbers near one.

    Args:
        schema: A schema as an object, with its own ``$defs``.
        word: What strings are.

    Raises:
        ValueError: If it has none that ends, refers to what is not in it, or is no schema.
    """
    return _Builder(schema, word).of(schema, 0)


@final
class _Builder:
    def __init__(self, root: Mapping[str, Any], word: str) -> None:
        self._root = root
        self._word = word
        self._makers: dict[str, Callable[[Mapping[str, Any], int], Any]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._number,
            "number": self._number,
            "boolean": lambda _schema, _depth: True,
            "null": lambda _schema, _depth: None,
        }

    def of(self, schema: Any, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("schema: expected one with an instance that ends, got one that requires itself")
        plain = self._plain(schema, depth)
        if "const" in plain:
            return plain["const"]
        if plain.get("enum"):
            return plain["enum"][0]
        kind = _type_of(plain, depth)
        if kind not in self._makers:
            raise ValueError(f"schema: expected a type of JSON schema, got {kind!r}")
        return self._makers[kind](plain, depth)

    def _plain(self, schema: Any, depth: int) -> dict[str, Any]:
        """Return a schema without references and without parts that are schemas of the same value."""
        found = dict(schema) if isinstance(schema, dict) else {}  # true, or what is missing, allows anything
        for _ in range(_DEEPEST):
            if "$ref" in found:
                found = _merged(self._target(found.pop("$ref")), [found])
            elif found.get("allOf"):
                found = _merged(found, [self._plain(part, depth) for part in found.pop("allOf")])
            elif found.get("anyOf") or found.get("oneOf"):
                choices = found.pop("anyOf", None) or found.pop("oneOf")
                found = _merged(found, [self._chosen(choices, depth)])
            else:
                return found
        raise ValueError("schema: expected references that end, got some that lead to themselves")

    def _chosen(self, choices: list[Any], depth: int) -> Any:
        last = [choice for choice in choices if choice == {"type": "null"}] if depth > _DEEP else []
        return (last or choices)[0]

    def _target(self, ref: str) -> Mapping[str, Any]:
        found: Any = self._root
        for part in ref.removeprefix("#").strip("/").split("/") if ref != "#" else []:
            name = part.replace("~1", "/").replace("~0", "~")
            if not ref.startswith("#") or not isinstance(found, dict) or name not in found:
                raise ValueError(f"schema: expected a reference to a part of it, got {ref!r}")
            found = found[name]
        return found if isinstance(found, dict) else {}

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        return {name: self.of(properties.get(name), depth + 1) for name in schema.get("required", ())}

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        least = schema.get("minItems", 0)
        wanted = min(max(least, 1 if depth < _DEEP else 0), schema.get("maxItems", max(least, 1)))
        return [self.of(schema.get("items"), depth + 1) for _ in range(wanted)]

    def _string(self, schema: Mapping[str, Any], _depth: int) -> str:
        found: str = _FORMATS.get(schema.get("format", ""), self._word)
        found += found[-1] * (schema.get("minLength", 0) - len(found))
        most: int = schema.get("maxLength", len(found))
        return found[:most]

    def _number(self, schema: Mapping[str, Any], _depth: int) -> Any:
        least = max(1, schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        return min(least, schema.get("maximum", least), schema.get("exclusiveMaximum", least + 1) - 1)


def _type_of(schema: Mapping[str, Any], depth: int) -> str:
    found = schema.get("type") or ("object" if "properties" in schema else "array" if "items" in schema else "string")
    if not isinstance(found, list):
        return str(found)
    return "null" if depth > _DEEP and "null" in found else next((item for item in found if item != "null"), "null")


def _merged(schema: Mapping[str, Any], parts: list[Any]) -> dict[str, Any]:
    found = dict(schema)
    for part in parts:
        properties = {**found.get("properties", {}), **part.get("properties", {})}
        required = list(dict.fromkeys([*found.get("required", ()), *part.get("required", ())]))
        found.update(part)
        if properties:
            found.update({"properties": properties, "required": required})
    return found
