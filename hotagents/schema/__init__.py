"""JSON Schema 2020-12 of frontmatter: what an editor needs to complete an agent's file, and to mark what is wrong.

A schema accepts whatever the library serves without a word about a value, and refuses what the library refuses for one.
What the library ignores or reads otherwise with a warning is marked too, so that it is seen while it is typed. A schema
sees one file's frontmatter and no more: `hotagents validate` is the authority, and knows of bodies, names that are
there twice, ceilings, locks, and whatever a validator in Python says.

`hotagents.schema.format` has the file format's own keys, `hotagents.schema.models` what a program's classes add.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hotagents.schema.format import agent_format, misspelt_limits
from hotagents.schema.models import added, definitions, described, of_model
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

__all__ = ["agent_schema", "document_schema"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MARKED: Final = "What is marked here hotagents refuses, ignores, or warns of; hotagents validate has the last word."
_EXAMPLE: Final = {
    "name": "triage",
    "description": "Use when an alert fires.",
    "tools": "Read, Bash(kubectl get *)",
    "model": "haiku",
}


def agent_schema(
    spec: type[AgentSpec] | Mapping[str, type[AgentSpec]] = AgentSpec, *, closed: bool = False
) -> dict[str, Any]:
    """Return the schema of an agent's frontmatter, ready for JSON; the same classes give the same text.

    Args:
        spec: The class of every agent, or one by agent's name with ``"*"`` for the rest, as for a registry.
        closed: Whether a key that neither the format nor the class knows is refused, which the library only warns of.
    """
    classes = spec if isinstance(spec, Mapping) else {"*": spec}
    parts, models = added(classes.values())
    tools = {tool for each in classes.values() for tool in each.known_tools or ()}
    schema = agent_format(tools) | {"patternProperties": misspelt_limits(key for part in parts for key in part.own)}
    if isinstance(spec, Mapping):
        names = [name for name in classes if name != "*"]
        schema["properties"]["name"]["examples"] = names or _EXAMPLE["name"]
        if "*" not in classes:
            schema["properties"]["name"]["enum"] = names
        schema["allOf"] = [
            _for_agent(name, names, part.schema) for name, part in zip(classes, parts, strict=True) if part.schema
        ]
        title, description = "An agent's frontmatter", _MARKED
    else:
        _join(schema, parts[0].schema)
        own = spec is not AgentSpec
        title = f"The frontmatter of an agent, {spec.__name__}" if own else "An agent's frontmatter"
        description = f"{described(spec)}\n\n{_MARKED}" if own and described(spec) else _MARKED
    if closed:
        # Keys that a class adds stand below allOf, where additionalProperties would not see them.
        schema["unevaluatedProperties" if isinstance(spec, Mapping) else "additionalProperties"] = False
    return _whole(title, description, schema | {"examples": [_EXAMPLE]}, models)


def document_schema(model: type[BaseModel] | None = None) -> dict[str, Any]:
    """Return the schema of a document's frontmatter, ready for JSON: that of its model.

    Args:
        model: As for a registry; None is any frontmatter.
    """
    if model is None:
        return _whole("A document's frontmatter", "Anything may stand here.", {"type": "object"}, {})
    schema, models = of_model(model)
    title, description = schema.pop("title", model.__name__), schema.pop("description", _MARKED)
    return _whole(title, description, schema, models)


def _for_agent(name: str, names: Iterable[str], part: Mapping[str, Any]) -> dict[str, Any]:
    if name == "*":
        return {"if": {"properties": {"name": {"enum": list(names)}}}, "else": part}
    return {"if": {"properties": {"name": {"const": name}}, "required": ["name"]}, "then": part}


def _join(schema: dict[str, Any], part: Mapping[str, Any]) -> None:
    """Put what a class says into the schema of the format; of a key that both know, both count."""
    schema["required"] += [key for key in part.get("required", ()) if key not in schema["required"]]
    for key, said in part.get("properties", {}).items():
        known = schema["properties"].get(key)
        schema["properties"][key] = said if known is None else _narrowed(known, said, key in part.get("required", ()))
    schema["patternProperties"] |= part.get("patternProperties", {})
    if "allOf" in part:
        schema["allOf"] = part["allOf"]


def _narrowed(known: Mapping[str, Any], said: Mapping[str, Any], required: bool) -> dict[str, Any]:  # noqa: FBT001
    plain, _, default = known["description"].partition(" Default: ")
    end = "Required." if required else f"Default: {said['default']}." if "default" in said else f"Default: {default}"
    notes = {"description": said.get("description", f"{plain} {end}")}
    notes |= {"default": said["default"]} if "default" in said else {}
    rest = {key: value for key, value in said.items() if key not in notes}
    if "enum" in rest or rest.get("type") == ["string", "array"]:  # all that it may be, so nothing else is proposed
        return notes | rest
    kept = {key: value for key, value in known.items() if key not in {"default", "examples"}}
    return kept | notes | ({"allOf": [rest]} if rest else {})


def _whole(title: str, description: str, schema: Mapping[str, Any], models: Mapping[str, Any]) -> dict[str, Any]:
    whole = {"$schema": _DIALECT, "title": title, "description": description, **schema}
    used = definitions(whole, models)
    return whole | ({"$defs": used} if used else {})
