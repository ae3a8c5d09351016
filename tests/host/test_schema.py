"""The classes that several runners of one host share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import pytest
from pydantic import BaseModel

from hotagents import AgentSpec, Cycle, CycleResult, PluginError, Runner, RunnerContext, RunnerInfo
from hotagents.host.schema import common_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    Wanted: TypeAlias = type[AgentSpec] | Mapping[str, type[AgentSpec]]


class Zoned(AgentSpec):
    zone: str = ""


class Priced(AgentSpec):
    price: int = 0


class Context(BaseModel):
    cluster: str


class Settings(BaseModel):
    level: int


class _Runner:
    def run(self, cycle: Cycle) -> CycleResult:
        raise NotImplementedError(cycle)


def _create(_context: RunnerContext) -> Runner:
    return _Runner()


def _infos(*specs: Wanted) -> list[RunnerInfo]:
    return [RunnerInfo(f"r{number}", "", _create, spec=spec) for number, spec in enumerate(specs)]


_SHARED: Final[list[tuple[Wanted, Wanted, dict[str, type[AgentSpec]]]]] = [
    (AgentSpec, AgentSpec, {"*": AgentSpec}),
    (AgentSpec, Zoned, {"*": Zoned}),
    (Zoned, Zoned, {"*": Zoned}),
    (AgentSpec, {"a": Zoned}, {"a": Zoned, "*": AgentSpec}),
    ({"a": AgentSpec}, {"a": Zoned}, {"a": Zoned}),
    ({"a": AgentSpec}, Zoned, {"a": Zoned, "*": Zoned}),
    ({"a": Zoned}, {"b": Priced}, {"a": Zoned, "b": Priced}),
    ({"a": Zoned, "*": AgentSpec}, {"b": Priced}, {"a": Zoned, "b": Priced, "*": AgentSpec}),
]


@pytest.mark.parametrize(("one", "other", "expected"), _SHARED)
def test_the_default_class_yields_in_either_order(
    one: Wanted,
    other: Wanted,
    expected: Mapping[str, type[AgentSpec]],
) -> None:
    assert common_schema(_infos(one, other))[0] == dict(expected)
    assert common_schema(_infos(other, one))[0] == dict(expected)


@pytest.mark.parametrize(
    ("one", "other", "of"),
    [
        (Zoned, Priced, "every agent"),
        ({"a": Zoned}, {"a": Priced}, 'agent "a"'),
        (Zoned, {"a": Priced}, 'agent "a"'),
        ({"*": Zoned}, {"*": Priced}, "every agent"),
    ],
)
def test_two_classes_for_one_agent_are_refused_with_both_runners_and_both_classes(
    one: Wanted,
    other: Wanted,
    of: str,
) -> None:
    message = rf'runners "r0" and "r2" want different classes for {of}: \S+\.Zoned and \S+\.Priced; run them'
    with pytest.raises(PluginError, match=message):
        common_schema(_infos(one, AgentSpec, other))


def test_one_model_may_be_wanted_twice_and_two_for_one_document_are_refused() -> None:
    infos = [
        RunnerInfo("one", "", _create, documents={"a.md": Context, "b.md": None}),
        RunnerInfo("two", "", _create, documents={"a.md": Context}),
    ]
    assert common_schema(infos)[1] == {"a.md": Context, "b.md": None}
    infos.append(RunnerInfo("three", "", _create, documents={"a.md": Settings}))
    with pytest.raises(PluginError, match=r'"one" and "three" want .* "a.md": \S+\.Context and \S+\.Settings'):
        common_schema(infos)
