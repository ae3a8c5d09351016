"""What the API asks of a JSON schema that an answer, or the input of a strict tool, is bound to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["schema_problems"]

_UNSUPPORTED: Final = frozenset({
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "maxItems", "uniqueItems", "contains", "prefixItems"),
    *("minProperties", "maxProperties", "patternProperties", "propertyNames", "dependentRequired"),
    *("oneOf", "not", "if", "then", "else"),
})  # fmt: skip
_ONE_EACH: Final = ("items",)
_MANY: Final = ("anyOf", "allOf")
_NAMED: Final = ("properties", "$defs", "definitions")


def schema_problems(schema: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield what is wrong with a schema, and where, beginning with the path that is given."""
    for key in sorted(_UNSUPPORTED & schema.keys()):
        yield f"{where}: For '{schema.get('type', 'any')}' type, property '{key}' is not supported"
    if schema.get("minItems", 0) not in {0, 1}:
        yield f"{where}: For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false"
    if not str(schema.get("$ref", "#")).startswith("#"):
        yield f"{where}: external '$ref' is not supported"
    if any(isinstance(value, dict | list) for value in schema.get("enum", ())):
        yield f"{where}: an 'enum' may hold only strings, numbers, booleans and null"
    for name, inner in _inner(schema):
        yield from schema_problems(inner, f"{where}.{name}")


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    found = [(key, schema.get(key)) for key in _ONE_EACH]
    found += [(f"{key}.{n}", item) for key in _MANY for n, item in enumerate(schema.get(key, ()))]
    found += [(f"{key}.{name}", item) for key in _NAMED for name, item in schema.get(key, {}).items()]
    yield from ((name, item) for name, item in found if isinstance(item, dict))
