"""`Generator`: pydantic's schema of a model, mended where a file may say more than that.

Pydantic's schema names one spelling of a field where a file may use several, and looks through a validator that runs
before the type is looked at, which may take anything. Here every spelling counts, and such a validator's input is
proposed and not enforced, unless the class says what it takes (``WithJsonSchema``, ``json_schema_input_type``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, final

from pydantic import AliasChoices, AliasPath
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from hotagents.schema.format import literal
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema

__all__ = ["Generator", "canonical", "keys_of", "maybe", "spelled"]

_BEFORE: Final = frozenset({"function-before", "function-wrap"})


def keys_of(model: type[BaseModel], name: str) -> tuple[list[str], list[str]]:
    """Return the keys that fill a field, the first to be proposed, and those of which a part fills it."""
    info, config = model.model_fields[name], model.model_config
    alias = info.validation_alias or info.alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [] if alias is None else [alias]
    if config.get("validate_by_alias") is False:
        choices = []
    keys = [choice for choice in choices if isinstance(choice, str)]
    if alias is None or config.get("populate_by_name") or config.get("validate_by_name"):
        keys.append(name)
    paths = [str(choice.path[0]) for choice in choices if isinstance(choice, AliasPath)]
    return list(dict.fromkeys(keys)), paths


def canonical(model: type[BaseModel], name: str) -> str:
    """Return the key by which pydantic's schema calls a field."""
    info = model.model_fields[name]
    alias = info.validation_alias or info.alias
    for choice in alias.choices if isinstance(alias, AliasChoices) else [alias]:
        if isinstance(choice, str):
            return choice
        if isinstance(choice, AliasPath) and len(choice.path) == 1:
            return str(choice.path[0])
    return name


def spelled(model: type[BaseModel], found: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the schema of some fields of a model, under every key that fills them; the first is the one to propose."""
    properties: dict[str, Any] = {}
    others: dict[str, Any] = {}
    required: list[str] = []
    rules: list[dict[str, Any]] = []
    strict = model.model_config.get("extra") == "forbid"
    for name in names:
        (keys, paths), key = keys_of(model, name), canonical(model, name)
        if key not in found["properties"] or not keys:
            continue
        properties[keys[0]] = found["properties"][key]
        others |= {f"^{literal(path)}$": {} for path in paths}
        others |= {f"^{literal(other)}$": found["properties"][key] for other in keys[1:]}
        if key in found.get("required", ()) and not paths:
            required += keys if len(keys) == 1 else ()
            rules += [{"anyOf": [{"required": [each]} for each in keys]}] if len(keys) > 1 else ()
        rules += [{"not": {"required": list(pair)}} for pair in combinations(keys, 2)] if strict else ()
    said = {"properties": properties, "patternProperties": others, "required": required, "allOf": rules}
    return {key: value for key, value in said.items() if value or key == "properties"}


def maybe(schema: JsonSchemaValue) -> JsonSchemaValue:
    """Return a schema that proposes what another one wants, and takes anything."""
    return {"anyOf": [schema, {}]} if schema else {}


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    return value is None or type(value) in {bool, int, str} or (type(value) is float and math.isfinite(value))


@final
class Generator(GenerateJsonSchema):
    """Pydantic's generator, which takes what a file may say for what it is."""

    def emit_warning(self, kind: object, detail: str) -> None:
        """Say nothing: what cannot be described is left out, and is still judged by the library."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Call a field by its key alone; pydantic would call ``timeZone`` Timezone."""
        del schema
        return False

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """Propose what the validator makes of the value, where it does not say what it takes."""
        found = super().function_before_schema(schema)
        return found if schema.get("json_schema_input_schema") else maybe(found)

    def function_wrap_schema(self, schema: core_schema.WrapValidatorFunctionSchema) -> JsonSchemaValue:
        """Do the same: it may do anything before it, too."""
        found = super().function_wrap_schema(schema)
        return found if schema.get("json_schema_input_schema") else maybe(found)

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Take the model apart from validators that run before it: what they make of a value is not known."""
        inner: Any = schema["schema"]
        sure = True
        while "function" in inner and "schema" in inner:
            sure = sure and inner["type"] not in _BEFORE
            inner = inner["schema"]
        found = super().model_schema({**schema, "schema": inner})
        model = schema["cls"]
        if "properties" in found and not issubclass(model, AgentSpec):
            found = {k: v for k, v in found.items() if k != "required"} | spelled(model, found, model.model_fields)
        return found if sure else maybe(found)

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        """Take seconds as a number, and any text: a format would refuse ``00:15:00``."""
        del schema
        return {"type": ["number", "string"]}

    def set_schema(self, schema: core_schema.SetSchema) -> JsonSchemaValue:
        """Take a value that is there twice: the set has it once."""
        return {key: value for key, value in super().set_schema(schema).items() if key != "uniqueItems"}

    def frozenset_schema(self, schema: core_schema.FrozenSetSchema) -> JsonSchemaValue:
        """Do the same."""
        return {key: value for key, value in super().frozenset_schema(schema).items() if key != "uniqueItems"}

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> JsonSchemaValue:
        """Take anything where only code knows what is right."""
        del schema, error_info
        return {}

    def encode_default(self, dft: Any) -> Any:
        """Show a default only where a file says it as it is: a duration's would be refused by many a validator."""
        plain = dft.value if isinstance(dft, Enum) else dft
        if plain is None or not _is_plain(plain):
            raise PydanticSerializationError("not as a file says it")
        return super().encode_default(plain)
