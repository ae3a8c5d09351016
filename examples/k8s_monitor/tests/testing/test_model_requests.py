"""What a request tells of itself."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest

from hotagents_k8s_monitor.testing import model
from hotagents_k8s_monitor.testing.model import ModelServer, Request

BODY: dict[str, Any] = {
    "model": "claude-haiku-4-5",
    "max_tokens": 64,
    "system": [{"type": "text", "text": "You look"}, {"type": "text", "text": "at clusters."}],
    "tools": [{"name": "pod_logs", "input_schema": {"type": "object"}}],
    "messages": [
        {"role": "user", "content": "what is wrong?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "pod_logs", "input": {}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "oops"},
                {"type": "text", "text": "and?"},
            ],
        },
    ],
    "output_config": {
        "format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False}},
    },
}


def heard(body: dict[str, Any]) -> Request:
    with (
        ModelServer([model.text("a crash")]) as server,
        anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=0) as client,
    ):
        client.messages.create(**body)
    (request,) = server.requests
    return request


def test_a_request_tells_its_parts() -> None:
    request = heard(BODY)
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert (request.body, request.model, request.tools) == (BODY, "claude-haiku-4-5", ("pod_logs",))
    assert request.headers["content-type"] == "application/json"
    assert request.system == "You look\nat clusters."
    assert request.messages == BODY["messages"]
    assert request.results == (BODY["messages"][2]["content"][0],)
    assert request.output_config["format"]["type"] == "json_schema"


def test_a_prompt_that_is_a_text_is_the_same_text() -> None:
    assert heard({**BODY, "system": "You look."}).system == "You look."


def test_only_the_last_message_of_a_user_has_results() -> None:
    assert Request(body={"messages": BODY["messages"][:2]}).results == ()
    assert Request(body={"messages": [*BODY["messages"], {"role": "user", "content": "so?"}]}).results == ()


def test_the_text_of_a_request_holds_what_escapes_would_hide() -> None:
    nested = json.dumps({"log": 'password="hünter2"\n'})
    request = heard({**BODY, "system": nested})
    assert 'password="hünter2"\n' in request.text
    assert "hünter2" not in request.raw


def test_the_text_of_a_request_holds_what_only_begins_like_json() -> None:
    request = Request(body={"system": '{"log": "cut off', "metadata": {"user_id": "[1]"}})
    assert {'{"log": "cut off', "user_id", "[1]"} <= set(request.text.splitlines())


@pytest.mark.parametrize("body", [{}, {"messages": 1, "tools": "x", "system": 3, "model": []}, {"messages": [1, {}]}])
def test_a_request_that_is_wrong_reads_as_empty(body: dict[str, Any]) -> None:
    request = Request(body=body)
    assert (request.model, request.system, request.tools, request.results) == ("", "", (), ())
    assert request.output_config == {}
