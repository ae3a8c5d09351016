"""`Chosen`: the classes to validate against, by one rule for every command.

Either ``--runner NAME``, which takes those of an installed runner and its plugin's validator, or ``--spec`` and
``--document`` with references ``module:Class``. A module may lie in the current directory, which is searched last, so
that nothing in it can stand before an installed module.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, final

from pydantic import BaseModel

from hotagents.cli.output import UsageError
from hotagents.plugins import Plugins, load_plugins
from hotagents.spec import AgentSpec
from hotagents.strictness import strict_codes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Chosen", "choose", "codes_of"]

M = TypeVar("M", bound=BaseModel)


@final
@dataclass(frozen=True, slots=True)
class Chosen:
    """What to validate against.

    Attributes:
        spec: Class of every agent, or classes by agent's name.
        documents: Models of required documents by path.
        plugins: Whose validators are asked too, None for nobody's.
        recover: Whether texts that YAML refuses are taken as they stand.
        strict: Codes of warnings that are errors.
    """

    spec: type[AgentSpec] | Mapping[str, type[AgentSpec]] = AgentSpec
    documents: Mapping[str, type[BaseModel] | None] | None = None
    plugins: Plugins | None = None
    recover: bool = True
    strict: frozenset[str] = frozenset()


def choose(
    *,
    runner: str | None,
    spec: str | None,
    documents: Sequence[str] | None,
    no_recover: bool = False,
    strict: Sequence[str] | None = None,
) -> Chosen:
    """Return what the options name.

    Raises:
        UsageError: If a reference leads nowhere, both ways are used at once, or there is no such code.
        PluginError: If no such runner is installed.
    """
    codes = codes_of(strict)
    if runner is None:
        chosen_spec = AgentSpec if spec is None else _class("--spec", spec, AgentSpec)
        models = dict(_document(text) for text in documents or ())
        return Chosen(chosen_spec, models, recover=not no_recover, strict=codes)
    if spec is not None or documents:
        raise UsageError("--runner brings its own classes; leave out --spec and --document, or --runner")
    plugins = load_plugins()
    info = plugins.runner(runner)
    return Chosen(info.spec, info.documents, plugins.hosting([runner]), not no_recover, codes)


def codes_of(strict: Sequence[str] | None) -> frozenset[str]:
    """Return the codes that ``--strict`` names.

    Raises:
        UsageError: If there is no such code.
    """
    try:
        return strict_codes(strict or ())
    except ValueError as error:
        raise UsageError(f"--{error}") from error


def _document(text: str) -> tuple[str, type[BaseModel]]:
    path, _, reference = text.rpartition("=")
    if path.startswith("/") or ".." in path.split("/"):
        raise UsageError(f'--document: expected a path inside the set, got "{path}"')
    if not path:
        raise UsageError(f'--document: expected PATH=module:Class, got "{text}"')
    return path, _class("--document", reference, BaseModel)


def _class(option: str, reference: str, base: type[M]) -> type[M]:
    module, _, name = reference.partition(":")
    if not module or not name:
        raise UsageError(f'{option}: expected module:Class, got "{reference}"')
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found: object = reduce(getattr, name.split("."), import_module(module))
    except Exception as error:  # whatever a module of the user's raises while it is imported
        raise UsageError(f"{option}: cannot import {reference}: {type(error).__name__}: {error}") from error
    if isinstance(found, type) and issubclass(found, base):
        return found
    raise UsageError(f"{option}: {reference} is no subclass of {base.__module__}.{base.__qualname__}")
