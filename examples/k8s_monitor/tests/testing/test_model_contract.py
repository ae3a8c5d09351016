"""What the model server holds its clients to, and how it refuses what the real API would."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anthropic
import pytest

from hotagents_k8s_monitor.testing import model
from hotagents_k8s_monitor.testing.model import ModelServer

if TYPE_CHECKING:
    from collections.abc import Mapping

MODEL = "claude-haiku-4-5"
HEADERS = {"x-api-key": "k", "anthropic-version": "2023-06-01", "content-type": "application/json"}
USER = {"role": "user", "content": "what is wrong?"}
TOOL = {"name": "pod_logs", "input_schema": {"type": "object", "properties": {"pod": {"type": "string"}}}}
RIGHT = {"model": MODEL, "max_tokens": 64, "messages": [USER]}


def calls(*ids: str, **others: Any) -> dict[str, Any]:
    blocks = [{"type": "tool_use", "id": name, "name": "pod_logs", "input": {}, **others} for name in ids]
    return {"role": "assistant", "content": blocks}


def results(*ids: str, before: str = "", after: str = "") -> dict[str, Any]:
    blocks: list[Any] = [{"type": "tool_result", "tool_use_id": name, "content": "oops"} for name in ids]
    texts = [[{"type": "text", "text": said}] if said else [] for said in (before, after)]
    return {"role": "user", "content": [*texts[0], *blocks, *texts[1]]}


def said(words: str, role: str = "user", **others: Any) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": words, **others}]}


def schema(**others: Any) -> dict[str, Any]:
    inner = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False, **others}
    return {"output_config": {"format": {"type": "json_schema", "schema": inner}}}


def post(
    server: ModelServer,
    body: Any,
    *,
    headers: Mapping[str, str] = HEADERS,
    path: str = "/v1/messages",
    method: str = "POST",
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10.0)
    try:
        connection.request(method, path, body if isinstance(body, str) else json.dumps(body), dict(headers))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


# --- what is right ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"system": "You look at clusters."},
        {"system": [{"type": "text", "text": "You look.", "cache_control": {"type": "ephemeral"}}]},
        {"tools": [TOOL], "tool_choice": {"type": "auto", "disable_parallel_tool_use": False}},
        {"tools": [{**TOOL, "type": "custom", "strict": False, "description": "Logs."}]},
        {"tools": [TOOL], "messages": [USER, calls("a", "b"), results("b", "a", after="and now?")]},
        {"tools": [TOOL], "messages": [USER, calls("a"), results("a"), calls("b"), results("b")]},
        {"tools": [TOOL], "messages": [USER, calls("a", "b"), results("a"), results("b")]},
        {"messages": [USER, said("a crash", "assistant"), said("why?"), said("and when?")]},
        {"stop_sequences": ["END"], "metadata": {"user_id": "u"}, "thinking": {"type": "adaptive"}},
        {"output_config": {"effort": "low"}},
        schema(),
    ],
)
def test_what_the_api_takes_is_answered(change: dict[str, Any]) -> None:
    with ModelServer([model.text("a crash")]) as server:
        status, answer = post(server, {**RIGHT, **change})
    assert (status, answer.get("stop_reason"), server.surprises) == (200, "end_turn", ())


@pytest.mark.parametrize("query", ["", "CVE of nginx"])
def test_a_paused_turn_may_be_sent_back_as_it_is(query: str) -> None:
    paused = model.paused("one moment", query=query)
    with (
        ModelServer([paused, model.text("a crash")]) as server,
        anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=0) as client,
    ):
        first = client.messages.create(**RIGHT)
        again: Any = [USER, {"role": "assistant", "content": first.content}]
        assert client.messages.create(**{**RIGHT, "messages": again}).content[0].text == "a crash"
    assert server.surprises == ()


def test_a_turn_that_is_paused_again_may_go_on_as_one_message_or_as_two() -> None:
    first, second = model.paused("one moment"), model.paused("and one more")
    said_first, said_second = first.body["content"], second.body["content"]
    turns = [[said_first], [said_first + said_second], [said_first, said_second]]
    with ModelServer([first, second, model.text("a crash"), model.text("a crash")]) as server:
        assert post(server, RIGHT)[0] == 200
        for turn in turns:
            again = [{"role": "assistant", "content": content} for content in turn]
            assert post(server, {**RIGHT, "messages": [USER, *again]})[0] == 200
        other = {"role": "assistant", "content": said_second + said_first + [{"type": "text", "text": "So"}]}
        assert post(server, {**RIGHT, "messages": [USER, other]})[0] == 400


def test_calls_and_results_of_the_real_client_are_right() -> None:
    with (
        ModelServer([model.tool_use(("pod_logs", {"pod": "a"}), said="Let me look."), model.text("a crash")]) as server,
        anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=0) as client,
    ):
        first = client.messages.create(**RIGHT, tools=[TOOL])
        again = [USER, first.to_param(), results(first.content[1].id)]
        assert client.messages.create(**{**RIGHT, "messages": again}, tools=[TOOL]).stop_reason == "end_turn"
    assert server.surprises == ()
    assert [result["content"] for result in server.requests[1].results] == ["oops"]


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"temperature": 0.5}, "temperature: Extra inputs are not permitted"),
        ({"top_p": 0.5}, "top_p: Extra inputs are not permitted"),
        ({"top_k": 5}, "top_k: Extra inputs are not permitted"),
        ({"stream": True}, "stream: Input should be False"),
        ({"model": 7}, "model: Input should be"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"max_tokens": "64"}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": None}, "max_tokens: Input should be a valid integer"),
        ({"system": " "}, "system: text content blocks must be non-empty"),
        ({"system": [{"type": "text", "text": ""}]}, "system: text content blocks must be non-empty"),
        ({"system": {"text": "x"}}, "system: Input should be a valid"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": "hello"}, "messages: Input should be a valid list"),
        ({"messages": ["hello"]}, "messages.0: "),
        ({"messages": [said("x", "tool")]}, "messages.0: Input tag 'tool'"),
        ({"messages": [{**USER, "name": "me"}]}, "messages.0.name: Extra inputs are not permitted"),
        ({"messages": [said("x", "assistant"), USER]}, 'messages: first message must use the "user" role'),
        ({"messages": [USER, said("The", "assistant")]}, "does not support assistant message prefill"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0: user messages must have non-empty content"),
        ({"messages": [{"role": "user", "content": []}]}, "messages.0: user messages must have non-empty content"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages.0: text content blocks must be non-empty"),
        ({"messages": [said("")]}, "messages.0: text content blocks must be non-empty"),
        ({"messages": [said("x", colour="red")]}, "messages.0.content.0.text.colour: Extra inputs are not permitted"),
        ({"messages": [{"role": "user", "content": [{"type": "smell"}]}]}, "messages.0.content.0: Input tag 'smell'"),
        ({"messages": [USER, calls("a", input="x"), results("a")]}, "messages.1.content.0.tool_use.input: "),
        ({"messages": [USER, calls("a", name="rm -rf"), results("a")]}, "messages.1.content.0.tool_use.name: String"),
        ({"messages": [USER, calls("a b"), results("a b")]}, "messages.1.content.0.tool_use.id: String should match"),
        ({"messages": [USER, calls("a", "b"), results("a")]}, "`tool_use` ids were found without"),
        ({"messages": [USER, calls("a"), said("later")]}, "messages.1: `tool_use` ids were found without"),
        ({"messages": [USER, calls("a"), results("a", before="so")]}, "`tool_use` ids were found without"),
        ({"messages": [USER, calls("a")]}, "`tool_use` ids were found without"),
        (
            {"messages": [USER, calls("a"), results("a", "b")]},
            "unexpected `tool_use_id` found in `tool_result` blocks: b",
        ),
        ({"messages": [USER, calls("a"), results("a", "a")]}, "each tool_use must have a single result"),
        ({"messages": [results("a")]}, "messages.0: unexpected `tool_use_id`"),
        (
            {"messages": [USER, calls("a"), results("a"), said("x", "assistant"), results("a")]},
            "messages.4: unexpected",
        ),
        ({"messages": [USER, calls("a"), results("a"), calls("a"), results("a")]}, "ids must be unique: a"),
        ({"messages": [USER, calls("a", "a"), results("a")]}, "ids must be unique: a"),
        ({"tools": [{**TOOL, "name": "pod.logs"}]}, "tools.0.name: String should match pattern"),
        ({"tools": [{**TOOL, "name": "x" * 129}]}, "tools.0.name: String should match pattern"),
        ({"tools": [TOOL, TOOL]}, "tools: Tool names must be unique."),
        ({"tools": [{**TOOL, "annotations": {}}]}, "tools.0.custom.annotations: Extra inputs are not permitted"),
        ({"tools": [{"name": "x"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [{"name": "x", "input_schema": {}}]}, "tools.0.input_schema.type: Input should be 'object'"),
        ({"tools": [{**TOOL, "strict": True}]}, "tools.0.input_schema: For 'object' type, 'additionalProperties'"),
        ({"thinking": {"type": "deep"}}, "thinking: Input tag 'deep'"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema: Field required"),
        ({"output_config": {"format": {"type": "json"}}}, "output_config.format"),
        (schema(additionalProperties=True), "'additionalProperties' must be explicitly set to false"),
        (schema(properties={"a": {"type": "string", "maxLength": 9}}), "schema.properties.a: For 'string' type"),
        (schema(properties={"a": {"anyOf": [{"type": "number", "minimum": 1}]}}), "properties.a.anyOf.0: For 'number'"),
        (schema(properties={"a": {"type": "array", "items": {"type": "string"}, "minItems": 2}}), "'minItems' values"),
        (schema(properties={"a": {"enum": [{}]}}), "an 'enum' may hold only"),
        (schema(properties={"a": {"$ref": "https://example.com/x"}}), "external '$ref' is not supported"),
        (schema(**{"$defs": {"A": {"type": "object"}}}), "schema.$defs.A: For 'object' type"),
    ],
)
def test_what_the_api_refuses_is_refused_and_remembered(change: dict[str, Any], reason: str) -> None:
    with ModelServer([model.text("a crash")]) as server:
        status, answer = post(server, {**RIGHT, **change})
        error = answer["error"]
        assert (status, answer["type"], error["type"]) == (400, "error", "invalid_request_error")
        assert reason in error["message"]
        assert server.surprises == (f"request 1: {error['message']}",)
        assert post(server, RIGHT)[0] == 200  # the script is where it was


def test_five_breakpoints_of_the_cache_are_one_too_many() -> None:
    marked = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}] * 5
    with ModelServer([model.text("a crash")]) as server:
        assert post(server, {**RIGHT, "system": marked[:4]})[0] == 200
        assert "Found 5" in post(server, {**RIGHT, "system": marked})[1]["error"]["message"]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"hello"'])
def test_a_body_that_is_no_object_is_refused(body: str) -> None:
    with ModelServer([]) as server:
        assert post(server, body)[0] == 400
    assert len(server.surprises) == 1


@pytest.mark.parametrize("alias", ["haiku", "sonnet", "opus", "inherit", "opus[1m]", ""])
def test_there_is_no_model_of_an_alias(alias: str) -> None:
    with ModelServer([]) as server:
        status, answer = post(server, {**RIGHT, "model": alias})
    assert (status, answer["error"]["type"]) == (404, "not_found_error")
    assert server.surprises == (f"request 1: model: {alias}",)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/messages/count_tokens"), ("POST", "/v1/v1/messages"), ("GET", "/v1/messages")]
)
def test_there_is_nothing_at_other_paths(method: str, path: str) -> None:
    with ModelServer([model.text("a crash")]) as server:
        status, answer = post(server, RIGHT, path=path, method=method)
    assert (status, answer["error"]["type"]) == (404, "not_found_error")
    assert server.surprises == (f"request 1: {method} {path}: not found",)


# --- headers, keys and servers of other kinds -------------------------------------------------------------------------


@pytest.mark.parametrize(("missing", "status"), [("x-api-key", 401), ("anthropic-version", 400)])
def test_headers_that_the_api_wants_are_wanted(missing: str, status: int) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    with ModelServer([]) as server:
        assert post(server, RIGHT, headers=headers)[0] == status
    assert server.surprises == (f"request 1: {missing}{' ' if status == 401 else ': '}header is required",)


@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
def test_only_its_key_opens_a_server_that_has_one(name: str) -> None:
    headers = {key: value for key, value in HEADERS.items() if key != "x-api-key"}
    prefix = "Bearer " if name == "authorization" else ""
    with ModelServer([model.text("a crash")], api_key="right") as server:
        status, answer = post(server, RIGHT, headers={**headers, name: f"{prefix}wrong"})
        assert (status, answer["error"]["type"]) == (401, "authentication_error")
        assert post(server, RIGHT, headers={**headers, name: f"{prefix}right"})[0] == 200
    assert server.surprises == ()


def test_a_server_of_ones_own_may_ask_for_no_key() -> None:
    headers = {key: value for key, value in HEADERS.items() if key != "x-api-key"}
    with ModelServer([model.text("a crash")], repeat=True, api_key="") as server:
        assert post(server, RIGHT, headers=headers)[0] == post(server, RIGHT)[0] == 200
    assert server.surprises == ()


def test_a_server_of_a_smaller_kind_names_the_field_that_it_does_not_know() -> None:
    with ModelServer([model.text("a crash")], without=("output_config", "thinking")) as server:
        status, answer = post(server, {**RIGHT, **schema()})
        assert (status, answer["error"]["message"]) == (400, "output_config: Extra inputs are not permitted")
        assert post(server, RIGHT)[0] == 200
    assert server.surprises == ()
