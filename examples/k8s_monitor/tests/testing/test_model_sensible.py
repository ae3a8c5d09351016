"""The sensible model, and the instances of schemas that it makes."""

from __future__ import annotations

from typing import Any

import anthropic
import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

from hotagents_k8s_monitor.testing import model
from hotagents_k8s_monitor.testing.model import ModelServer, Request

ANSWER = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": ["crash", "config"]},
        "confidence": {"type": "number"},
        "evidence": {"type": "array", "items": {"$ref": "#/$defs/Evidence"}},
        "more": {"type": "string"},
    },
    "required": ["verdict", "confidence", "evidence"],
    "additionalProperties": False,
    "$defs": {
        "Evidence": {
            "type": "object",
            "properties": {"quote": {"type": "string"}, "line": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
            "required": ["quote", "line"],
            "additionalProperties": False,
        }
    },
}
TOOLS = [
    {
        "name": "pod_logs",
        "input_schema": {
            "type": "object",
            "properties": {"pod": {"type": "string"}, "which": {"enum": ["current", "previous"]}, "lines": {}},
            "required": ["pod", "which"],
        },
    },
    {"name": "events", "input_schema": {"type": "object"}},
]
TREE = {
    "$ref": "#/$defs/Tree",
    "$defs": {
        "Tree": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "inner": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
            "required": ["name", "inner"],
        }
    },
}


def converse(server: ModelServer, **others: Any) -> tuple[list[Any], Any]:
    """Do what the model asks for until it answers; return the calls and the answer."""
    messages: list[Any] = [{"role": "user", "content": "what is wrong?"}]
    calls: list[Any] = []
    with anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=0) as client:
        for _ in range(10):
            said = client.messages.create(model="claude-haiku-4-5", max_tokens=64, messages=messages, **others)
            if said.stop_reason != "tool_use":
                return calls, said
            asked = [block for block in said.content if block.type == "tool_use"]
            calls += [(block.name, block.input) for block in asked]
            results = [{"type": "tool_result", "tool_use_id": block.id, "content": "none"} for block in asked]
            messages += [said.to_param(), {"role": "user", "content": results}]
    raise AssertionError("the conversation did not end")


def test_it_calls_each_tool_once_and_answers_as_the_schema_wants() -> None:
    config = {"format": {"type": "json_schema", "schema": ANSWER}}
    with ModelServer(model.sensible) as server:
        calls, said = converse(server, tools=TOOLS, output_config=config)
    assert calls == [("pod_logs", {"pod": "...", "which": "current"}), ("events", {})]
    assert said.content[0].text == '{"verdict": "crash", "confidence": 1, "evidence": [{"quote": "ok", "line": 1}]}'
    assert said.stop_reason == "end_turn"
    assert server.surprises == ()


def test_it_answers_in_words_where_nothing_else_is_asked_for() -> None:
    with ModelServer(model.sensible) as server:
        calls, said = converse(server)
    assert (calls, said.content[0].text) == ([], "That is all: I was told 0 results.")


def test_it_calls_nothing_where_it_may_not_and_nothing_that_runs_elsewhere() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    with ModelServer(model.sensible) as server:
        assert converse(server, tools=TOOLS, tool_choice={"type": "none"})[0] == []
        assert converse(server, tools=[search])[0] == []
    assert server.surprises == ()


def test_a_schema_without_an_instance_is_a_surprise() -> None:
    endless = {
        "type": "object",
        "properties": {"inner": {"$ref": "#"}},
        "required": ["inner"],
        "additionalProperties": False,
    }
    with ModelServer(model.sensible) as server, pytest.raises(anthropic.InternalServerError, match="requires itself"):
        converse(server, output_config={"format": {"type": "json_schema", "schema": endless}})
    assert len(server.surprises) == 1


@pytest.mark.parametrize("schema", [ANSWER, *(tool["input_schema"] for tool in TOOLS), TREE])
def test_what_it_makes_of_a_schema_is_valid(schema: dict[str, Any]) -> None:
    jsonschema.validate(model.instance_of(schema), schema)
    jsonschema.validate(model.instance_of(schema, word="..."), schema)


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({}, "ok"),
        ({"const": None}, None),
        ({"enum": [7, 8], "type": "integer"}, 7),
        ({"type": "string", "minLength": 4}, "okkk"),
        ({"type": "string", "maxLength": 1}, "o"),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": 5, "maximum": 9}, 5),
        ({"type": "integer", "maximum": 0}, 0),
        ({"type": "integer", "exclusiveMinimum": 3}, 4),
        ({"type": "integer", "exclusiveMaximum": 1}, 0),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["null", "string"]}, "ok"),
        ({"type": "array"}, ["ok"]),
        ({"type": "array", "maxItems": 0}, []),
        ({"type": "array", "minItems": 2, "items": {"type": "integer"}}, [1, 1]),
        ({"type": "object", "properties": {"a": True}, "required": ["a"]}, {"a": "ok"}),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, 1),
        ({"anyOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"enum": ["x"]}}}, "x"),
        (
            {
                "allOf": [
                    {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
                    {"properties": {"b": {}}, "required": ["b"]},
                ]
            },
            {"a": 1, "b": "ok"},
        ),
    ],
)
def test_instances_are_the_smallest(schema: dict[str, Any], instance: Any) -> None:
    assert model.instance_of(schema) == instance
    jsonschema.validate(instance, schema)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"$ref": "#/$defs/A"}, "expected a reference to a part of it"),
        ({"$ref": "https://example.com/x"}, "expected a reference to a part of it"),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, "lead to themselves"),
        ({"type": "colour"}, "expected a type of JSON schema, got 'colour'"),
    ],
)
def test_a_schema_that_is_none_is_refused(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        model.instance_of(schema)


def test_it_says_the_same_again() -> None:
    request = Request(body={"messages": [], "tools": TOOLS})
    first, second = (model.sensible(request).body["content"][0] for _ in range(2))
    assert {**first, "id": ""} == {**second, "id": ""}
