"""From a page to a spec or a document: what each key may hold, and what becomes of a value that it may not.

Three outcomes, by what a wrong value would cost. What other readers ignore too is a warning and the default holds
(`hotagents.fields.values`). What limits an agent's tools is read the narrow way, also under a misspelt key, or is an
error where a limit would be lost (`hotagents.fields.limits`). What makes a file no agent at all (no description, a bad
name, broken hooks) is an error. Nothing here raises for what a file says, and no text from it is executed or expanded.

`hotagents.frontmatter` makes the page; `hotagents.spec` holds the model and the tables of allowed values.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from pydantic import AliasChoices

from hotagents.diagnostics import errors_in
from hotagents.fields.limits import limit_meant, limits_of
from hotagents.fields.lines import added
from hotagents.fields.notes import Notes
from hotagents.fields.unknown import note_unknown
from hotagents.fields.values import ABSENT, READ
from hotagents.spec import FORMAT_KEYS, AgentSpec, Document, freeze, thaw

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from hotagents.diagnostics import Diagnostic
    from hotagents.frontmatter import Page

__all__ = ["agent_from", "document_from", "kind_of", "problems_in", "without_guesses"]

S = TypeVar("S", bound=AgentSpec)

_REQUIRED: Final = {"name": "name: my-agent", "description": "description: Use when ..."}


def kind_of(page: Page) -> tuple[Literal["agent", "document"], tuple[Diagnostic, ...]]:
    """Say whether a page is an agent, and what there is to say where it is not.

    A page with a ``name`` is one, also with a name that `agent_from` then refuses. Any other gets ``not-an-agent``
    (information) or, where it looks like an agent, ``likely-agent`` (a warning).
    """
    said = page.frontmatter
    if said.get("name") is not None:
        return "agent", ()
    notes = Notes(page)
    if "name" in said:
        notes.add("likely-agent", "warning", ("name",), "expected a name, got nothing", "such as: name: my-agent")
    elif key := next((key for key in said if key.casefold() == "name"), None):
        notes.add_at_key("likely-agent", "warning", key, f'expected "name", got "{key}"', "write it as name:")
    elif "description" in said and ("tools" in said or "model" in said):
        message = "expected a name beside description and tools or model, got none: the file is no agent"
        hint = added(page, _REQUIRED["name"], below="description")
        notes.add_at_key("likely-agent", "warning", "description", message, hint)
    else:
        notes.add("not-an-agent", "info", (), "no name: served as a document")
    return "document", tuple(notes.found)


def without_guesses(page: Page, spec: type[AgentSpec]) -> Page:
    """Return the page with an error in place of each text that was taken literally where nothing may be guessed.

    That is a field that the model adds, since only its author knows what it means, and whatever would limit the agent.
    """
    limits = (key for key in page.recovered if key not in FORMAT_KEYS and limit_meant(key))
    return page.refusing(_own_keys(spec).union(limits)) if page.recovered else page


def problems_in(page: Page, specs: Collection[type[AgentSpec]]) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the values that can be read of a page that has errors and so is no agent.

    Nothing is said to be missing: it may stand in what cannot be read.

    Args:
        page: Any page; its own diagnostics are not repeated.
        specs: The models that it might be for; several where its name is not known.
    """
    notes = Notes(replace(page, frontmatter=page.readable))
    tools = {spec.known_tools for spec in specs}
    own = frozenset(key for spec in specs for key in _own_keys(spec))
    _base_values(notes, own, tools.pop() if len(tools) == 1 else None)
    return tuple(notes.found)


def agent_from(page: Page, *, spec: type[S], digest: str) -> tuple[S | None, tuple[Diagnostic, ...]]:
    """Return the agent that a page defines, and everything that is wrong with it.

    Args:
        page: A page that `kind_of` calls an agent.
        spec: The model; fields that it adds are filled from the keys of their names or aliases, as YAML gave them.
            Literal texts that were taken for such a field are values like others here, see `without_guesses`.
        digest: Of the file's bytes, ``sha256:...``.

    Returns:
        No agent where one of the diagnostics, or of the page's own, is an error. The page's own are not repeated.
    """
    if page.broken:
        return None, problems_in(page, [spec])
    notes = Notes(page)
    _note_missing(notes)
    own = _own_keys(spec)
    base = _base_values(notes, own, spec.known_tools) | _file_values(page, digest)
    keys = _input_keys(spec)
    values = {keys[field]: value for field, value in base.items()}
    values |= {key: thaw(value) for key, value in page.frontmatter.items() if key in own}
    agent = None if errors_in(notes.found) else notes.validated(spec, values)
    return agent, tuple(notes.found)


def document_from(
    page: Page, model: type[BaseModel] | None, digest: str
) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """Return the document that a page is, and everything that the model has against it.

    Args:
        page: Any page; of one with errors, what could be read of it counts.
        model: What its frontmatter must satisfy; None accepts everything and gives a read-only mapping.
        digest: Of the file's bytes, ``sha256:...``.

    Returns:
        No document where the model refuses the frontmatter.
    """
    notes = Notes(page)
    said = freeze(page.frontmatter) if model is None else notes.validated(model, thaw(page.frontmatter))
    document = None if said is None else Document(said, page.body, page.path, digest)
    return document, tuple(notes.found)


def _file_values(page: Page, digest: str) -> dict[str, str]:
    return {"prompt": page.body, "path": page.path, "digest": digest}


def _base_values(notes: Notes, own: Collection[str], known_tools: Collection[str] | None) -> dict[str, Any]:
    said = notes.page.frontmatter
    read = {FORMAT_KEYS[key]: READ[key](notes, key, said[key]) for key in READ if key in said}
    meant = {key: limit_meant(key) for key in said if key not in FORMAT_KEYS and key not in own}
    limits = limits_of(notes, meant, known_tools)
    unknown = [key for key, limit in meant.items() if limit is None]
    if unknown:
        note_unknown(notes, unknown, (*FORMAT_KEYS, *own))
    values = {field: value for field, value in read.items() if value is not ABSENT}
    return values | limits | {"extra": {key: said[key] for key in unknown}}


def _note_missing(notes: Notes) -> None:
    for key in (key for key in _REQUIRED if key not in notes.page.frontmatter):
        notes.add(f"missing-{key}", "error", (key,), f"expected a {key}, got none", added(notes.page, _REQUIRED[key]))


@lru_cache  # asking pydantic for a class's fields is dear
def _own_keys(spec: type[AgentSpec]) -> frozenset[str]:
    """Return the keys of the fields that a subclass adds: names and aliases."""
    added = ((name, info) for name, info in spec.model_fields.items() if name not in AgentSpec.model_fields)
    return frozenset(key for name, info in added for key in (name, *_aliases(info))) - FORMAT_KEYS.keys()


@lru_cache
def _input_keys(spec: type[AgentSpec]) -> Mapping[str, str]:
    """Return the key by which a model takes each of its fields."""
    return MappingProxyType({name: next(iter(_aliases(info)), name) for name, info in spec.model_fields.items()})


def _aliases(info: FieldInfo) -> Iterable[str]:
    alias = info.validation_alias or info.alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return (choice for choice in choices if isinstance(choice, str))
