"""`common_schema`: one set of classes that every runner of a host can work with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from hotagents.errors import PluginError
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from hotagents.runner import RunnerInfo

__all__ = ["common_schema"]

Documents: TypeAlias = "dict[str, type[BaseModel] | None]"


def common_schema(infos: Sequence[RunnerInfo]) -> tuple[dict[str, type[AgentSpec]], Documents]:
    """Return classes by agent's name, with ``"*"`` for the rest, and models by document's path.

    `AgentSpec` is a base of every class, so a runner that asks for no more is content with what another one wants.
    A document's None is not: it gives a mapping where a model gives an object.

    Raises:
        PluginError: If two runners want different classes for one agent or document.
    """
    wanted = {info.name: info.spec if isinstance(info.spec, Mapping) else {"*": info.spec} for info in infos}
    names = dict.fromkeys(name for classes in wanted.values() for name in classes)
    specs = {name: spec for name in names if (spec := _spec_for(name, wanted)) is not None}
    return specs, _documents(infos)


def _spec_for(name: str, wanted: Mapping[str, Mapping[str, type[AgentSpec]]]) -> type[AgentSpec] | None:
    """Return what all want for one agent, each through its own ``"*"`` where it does not name that agent."""
    chosen: tuple[str, type[AgentSpec]] | None = None
    for runner, classes in wanted.items():
        spec = classes.get(name, classes.get("*"))
        if spec is None or (chosen is not None and spec is AgentSpec):
            continue
        if chosen is not None and chosen[1] is not AgentSpec and chosen[1] is not spec:
            of = "every agent" if name == "*" else f'agent "{name}"'
            raise _clash(of, *chosen, runner, spec)
        chosen = runner, spec
    return None if chosen is None else chosen[1]


def _documents(infos: Sequence[RunnerInfo]) -> Documents:
    chosen: dict[str, tuple[str, type[BaseModel] | None]] = {}
    for info in infos:
        for path, model in info.documents.items():
            earlier = chosen.setdefault(path, (info.name, model))
            if earlier[1] is not model:
                raise _clash(f'"{path}"', *earlier, info.name, model)
    return {path: model for path, (_, model) in chosen.items()}


def _clash(of: str, one: str, first: type | None, other: str, second: type | None) -> PluginError:
    return PluginError(
        f'runners "{one}" and "{other}" want different classes for {of}: {_named(first)} and {_named(second)};'
        " run them in two hosts"
    )


def _named(model: type | None) -> str:
    return "none" if model is None else f"{model.__module__}.{model.__qualname__}"
