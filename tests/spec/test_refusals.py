"""What a model of the user's refuses, in the words and at the place of all other findings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from hotagents.fields import agent_from, document_from
from hotagents.frontmatter import parse
from hotagents.spec import AgentSpec

UNKNOWN = 'expected a key that is known here, got "{}"; correct its spelling, or remove it'


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("expected an even number; double it")
    return value


def _lower(value: str) -> str:
    if value != value.lower():
        raise ValueError(f"expected lower case, got {value.upper()}; write it small, or leave it; so it is")
    return value


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    even: Annotated[int, AfterValidator(_even)] = 0


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = ""
    number: Annotated[int, Field(ge=1, le=9)] = 1
    switch: bool = False
    names: tuple[str, ...] = ()
    pair: Annotated[tuple[int, ...], Field(min_length=2)] = (1, 2)
    parts: dict[Annotated[str, AfterValidator(_lower)], Part] = Field(default_factory=dict)
    choice: Literal["a", "b"] = "a"
    short: Annotated[str, Field(max_length=3)] = ""

    @field_validator("switch")
    @classmethod
    def _off(cls, value: bool) -> bool:  # noqa: FBT001  pydantic's signature
        if value:
            raise AssertionError("expected it to be off")
        return value

    @model_validator(mode="after")
    def _one(self) -> Whole:
        if self.text == self.short != "":
            raise ValueError("expected text and short to differ, got one twice; change one")
        return self


def refused(text: str, model: type[BaseModel] = Whole) -> list[str]:
    document, found = document_from(parse("x.md", f"---\n{text}\n---\n".encode()), model, "")
    assert document is None
    return [str(problem) for problem in found]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("text: 3", "2:7: invalid-field: text: expected a string, got 3"),
        ("number: many", '2:9: invalid-field: number: expected a whole number, got "many"'),
        ("number: 1.5", "2:9: invalid-field: number: expected a whole number, got 1.5"),
        ("number: []", "2:9: invalid-field: number: expected a whole number, got a list"),
        ("number: 0", "2:9: invalid-field: number: expected a value greater than or equal to 1, got 0"),
        ("number: 10", "2:9: invalid-field: number: expected a value less than or equal to 9, got 10"),
        ("switch: perhaps", '2:9: invalid-field: switch: expected true or false, got "perhaps"'),
        ("switch: {}", "2:9: invalid-field: switch: expected true or false, got a mapping"),
        ("switch: true", "2:9: invalid-field: switch: expected it to be off, got true"),
        ("names:", "2:7: invalid-field: names: expected a list, got nothing; write: names: []"),
        ("names: a b", '2:8: invalid-field: names: expected a list, got "a b"; write: names: ["a b"]'),
        (f"names: {'x' * 81}", f'2:8: invalid-field: names: expected a list, got "{"x" * 80}"'),
        ("names: {}", "2:8: invalid-field: names: expected a list, got a mapping"),
        ("pair: [1]", "2:7: invalid-field: pair: expected at least 2 of these, got 1"),
        ("names:\n- a\n- 3", "4:3: invalid-field: names.1: expected a string, got 3"),
        ("parts: [x]", "2:8: invalid-field: parts: expected a mapping, got a list"),
        ("parts: {a: 3}", "2:12: invalid-field: parts.a: expected a mapping, got 3"),
        ("parts:\n  a:\n    even: 3", "4:11: invalid-field: parts.a.even: expected an even number, got 3; double it"),
        ("parts:\n  a:\n    evne:\n      - 3", f"4:5: invalid-field: parts.a.evne: {UNKNOWN.format('evne')}"),
        (
            "parts:\n  a: {}\n  B: {}",
            "4:3: invalid-field: parts.B: expected lower case, got B; write it small, or leave it; so it is",
        ),
        ("choice: c", "2:9: invalid-field: choice: expected 'a' or 'b', got \"c\""),
        ("short: long", '2:8: invalid-field: short: String should have at most 3 characters, got "long"'),
        ("text: a\nshort: a", "1:1: invalid-field: expected text and short to differ, got one twice; change one"),
    ],
)
def test_a_refusal_says_what_was_expected_what_was_found_and_what_to_do(text: str, said: str) -> None:
    assert refused(text) == [f"x.md:{said}"]


def test_an_unknown_key_of_a_strict_document_is_refused_where_it_stands() -> None:
    assert refused("text: a\nnubmer: 3") == [f"x.md:3:1: invalid-field: nubmer: {UNKNOWN.format('nubmer')}"]


def test_a_missing_field_says_what_to_add() -> None:
    class Needy(BaseModel):
        text: str

    assert refused("other: 3", Needy) == [
        "x.md:1:1: invalid-field: text: expected this field, got nothing; add: text: ..."
    ]


@pytest.mark.parametrize("value", ["{a: {even: 1}}", "{A: {even: 2}}"])
def test_an_agents_own_fields_are_refused_alike(value: str) -> None:
    class Own(AgentSpec):
        my_parts: dict[Annotated[str, AfterValidator(_lower)], Part] = Field(default_factory=dict)

    page = parse("a.md", f"---\nname: a\ndescription: b\nmyParts: {value}\n---\n".encode())
    _, (error,) = agent_from(page, spec=Own, digest="")
    assert (error.line, error.severity, error.key.split(".")[0]) == (4, "error", "myParts")
    assert error.message.startswith("expected ")
    assert error.hint


def test_of_many_refusals_the_first_fifty_are_told() -> None:
    found = refused("names: [" + ", ".join(["3"] * 60) + "]")
    assert len(found) == 51
    assert found[-1].endswith("and 10 more of these")


def test_a_validator_without_a_hint_has_none() -> None:
    def fail(_: Any) -> Any:
        raise ValueError("no")

    class Failing(BaseModel):
        text: Annotated[str, AfterValidator(fail)]

    assert refused("text: a", Failing) == ['x.md:2:7: invalid-field: text: no, got "a"']


class Odd(BaseModel):
    value: Any = None

    @field_validator("value")
    @classmethod
    def _refuse(cls, value: object) -> object:
        if value == "own code":
            raise PydanticCustomError("too_short", "by far")
        if value == "nothing said":
            raise ValueError
        assert value != "asserted", "expected another one"
        return value


@pytest.mark.parametrize("value", ["own code", "nothing said", "asserted"])
def test_whatever_a_validator_raises_is_a_refusal_with_words(value: str) -> None:
    page = parse("a.md", f"---\nvalue: {value}\n---\n".encode())
    document, (finding,) = document_from(page, Odd, "")
    assert document is None
    assert (finding.code, finding.line, finding.key) == ("invalid-field", 2, "value")
    assert finding.message.startswith(
        ("by far, got ", "expected a value that the model accepts, got ", "expected another one")
    )


class Branches(BaseModel):
    names: int | list[int] = 0


def test_no_line_is_given_to_paste_that_is_no_key_of_the_file() -> None:
    page = parse("a.md", b"---\nnames: many\n---\n")
    _, findings = document_from(page, Branches, "")
    assert [finding.hint for finding in findings if "list[int]" in finding.hint] == []
