"""What a program's classes add to the format, and what they narrow of it.

A narrowed field of the format is asked of the value as a file has it: a list of tools may be a text there. How
pydantic's schemas are made is in `hotagents.schema.generating`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from pydantic.json_schema import models_json_schema

from hotagents.schema.format import QUOTE, literal
from hotagents.schema.generating import Generator, canonical, keys_of, maybe, spelled
from hotagents.spec import FORMAT_KEYS, PERMISSION_MODE_ALIASES, AgentSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

__all__ = ["Part", "added", "definitions", "described", "of_model"]

_REFERENCE: Final = "#/$defs/"
_LISTS: Final = frozenset({"tools", "disallowedTools", "skills"})
_NOTES: Final = frozenset({"title", "default"})


@final
@dataclass(frozen=True, slots=True)
class Part:
    """What one class adds.

    Attributes:
        own: Keys of its own.
        schema: What it wants beside the format, and of the format's keys where it narrows them.
    """

    own: frozenset[str]
    schema: dict[str, Any]


def added(specs: Iterable[type[AgentSpec]]) -> tuple[list[Part], dict[str, Any]]:
    """Return what each class adds, and the definitions that all of them refer to."""
    wanted = list(specs)
    found, models = _generated([AgentSpec, *wanted])
    base, _ = _opened(found[AgentSpec], models)
    return [_part(spec, base, found[spec], models) for spec in wanted], models


def of_model(model: type[BaseModel]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema of a model, and the definitions that it may refer to."""
    found, models = _generated([model])
    schema = found[model]
    return dict(models[_name(schema)] if schema.keys() == {"$ref"} else schema), models


def definitions(schema: object, models: Mapping[str, Any]) -> dict[str, Any]:
    """Return those definitions that a schema refers to, directly or not, by name."""
    names, new = set[str](), set(_references(schema))
    while new:
        names |= new
        new = {name for known in new for name in _references(models[known])} - names
    return {name: models[name] for name in sorted(names)}


def described(spec: type[AgentSpec]) -> str:
    """Return the first paragraph of a class's docstring."""
    return inspect.cleandoc(spec.__doc__ or "").partition("\n\n")[0]


def _generated(models: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], Any], dict[str, Any]]:
    wanted = list(dict.fromkeys(models))
    found, rest = models_json_schema(
        [(model, "validation") for model in wanted], ref_template=f"{_REFERENCE}{{model}}", schema_generator=Generator
    )
    return {model: found[model, "validation"] for model in wanted}, rest.get("$defs", {})


def _part(spec: type[AgentSpec], base: Mapping[str, Any], found: Mapping[str, Any], models: Mapping[str, Any]) -> Part:
    said, sure = _opened(found, models)
    names = [name for name in spec.model_fields if name not in AgentSpec.model_fields]
    own = frozenset(key for name in names for key in keys_of(spec, name)[0]) - FORMAT_KEYS.keys()
    part = spelled(spec, said, names)
    if not sure:  # what a validator makes of the whole is not known
        part = {"properties": {key: maybe(value) for key, value in part["properties"].items()}}
    for key, name in FORMAT_KEYS.items() if sure else ():
        info, known = spec.model_fields[name], AgentSpec.model_fields[name]
        here, there = (_property(cls, name, of) for cls, of in ((spec, said), (AgentSpec, base)))
        narrowed = _in_a_file(key, here, models) if here != there else {}
        narrowed |= _default(info) if info.get_default() != known.get_default() else {}
        if narrowed:
            part["properties"][key] = narrowed
        if info.is_required() and not known.is_required():
            part["required"] = [*part.get("required", ()), key]
    return Part(own, {key: value for key, value in part.items() if value})


def _property(spec: type[AgentSpec], name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    found = said["properties"][canonical(spec, name)]
    return {key: value for key, value in found.items() if key not in _NOTES}


def _default(info: FieldInfo) -> dict[str, Any]:
    default = info.get_default()
    return {"default": default} if isinstance(default, (str, int)) else {}


def _in_a_file(key: str, narrowed: dict[str, Any], models: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a narrowed field of the format asks of the value in a file, of which it sees only what is read."""
    if key in _LISTS:
        return _list_in_a_file(narrowed, models, may_be_empty=key == "disallowedTools")  # an empty one says nothing
    if key == "maxTurns":
        return {"anyOf": [narrowed, {"type": "string"}]}
    words = _words(narrowed, models)
    modes = PERMISSION_MODE_ALIASES if key == "permissionMode" else {}
    old = [word for word, mode in modes.items() if words is None or mode in words]
    if words is None:
        return {"anyOf": [narrowed, {"enum": old}]} if old else narrowed
    told = {note: narrowed[note] for note in ("description", "deprecated", "examples") if note in narrowed}
    return told | {"enum": [*words, *old]}


def _list_in_a_file(narrowed: Mapping[str, Any], models: Mapping[str, Any], *, may_be_empty: bool) -> dict[str, Any]:
    """Return the same for a list, which may be a text: its words, and whether it may be empty; more is not enforced."""
    branches = [found for branch in narrowed.get("anyOf", [narrowed]) if (found := dict(branch)) != {"type": "null"}]
    if len(branches) != 1 or branches[0].get("type") != "array":
        return {}
    said: dict[str, Any] = {}
    if words := _words(branches[0].get("items", {}), models):
        text = rf"^[\s,]*(?:{QUOTE}*{literal(*map(str, words))}{QUOTE}*(?:[\s,]+|$))*$"
        said |= {
            "type": ["string", "array"],
            "pattern": text,
            "items": {"anyOf": [{"enum": words}, {"type": "string", "pattern": text}]},
        }
    if branches[0].get("minItems", 0) > 0 and not may_be_empty:
        said |= {"minItems": 1, "allOf": [{"pattern": rf"(?!{QUOTE})[^\s,]"}]}
    return said


def _words(schema: Mapping[str, Any], models: Mapping[str, Any]) -> list[Any] | None:
    """Return the values that a schema takes, None where that is no list of them."""
    if "$ref" in schema:
        return _words(models[_name(schema)], models)
    if "enum" in schema or "const" in schema:
        return list(schema.get("enum", [schema.get("const")]))
    branches = [_words(branch, models) for branch in schema.get("anyOf", ()) if branch != {"type": "null"}]
    if not branches or None in branches:
        return None
    return [word for words in branches for word in words or ()]


def _opened(schema: Mapping[str, Any], models: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Return the object that is meant, and whether it is enforced."""
    sure = True
    while "properties" not in schema:
        sure = sure and "$ref" in schema
        schema = models[_name(schema)] if "$ref" in schema else schema["anyOf"][0]
    return schema, sure


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema["$ref"]).removeprefix(_REFERENCE)


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield _name(schema)
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
