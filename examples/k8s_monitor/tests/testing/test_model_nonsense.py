"""The model that talks nonsense, and texts that nobody should obey."""

from __future__ import annotations

import re
from typing import Any

import anthropic

from hotagents_k8s_monitor.testing import model
from hotagents_k8s_monitor.testing.model import HOSTILE, MARK, ModelServer, Reply, Request

BODY: dict[str, Any] = {
    "model": "claude-haiku-4-5",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "what is wrong?"}],
    "tools": [{"name": "pod_logs", "input_schema": {"type": "object"}}],
    "output_config": {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {"verdict": {"enum": ["crash"]}},
                "required": ["verdict"],
                "additionalProperties": False,
            },
        }
    },
}
SEEDS = range(6)
EACH = 150


def said(seed: int, body: Any = BODY) -> list[Reply]:
    script = model.nonsense(seed)
    return [script(Request(body=body)) for _ in range(EACH)]


def shown(replies: list[Reply]) -> list[Any]:
    return [(reply.status, reply.headers, reply.content, reply.after, reply.over) for reply in replies]


def test_the_same_seed_says_the_same_whatever_is_asked() -> None:
    other = {**BODY, "messages": [{"role": "user", "content": "what is wrong now?"}]}
    for seed in SEEDS:
        assert shown(said(seed)) == shown(said(seed)) == shown(said(seed, other))


def test_it_has_something_to_say_to_whoever_asks_for_nothing() -> None:
    plain = {key: BODY[key] for key in ("model", "max_tokens", "messages")}
    assert len({reply.content for reply in said(1, plain)}) > EACH // 2


def test_another_seed_says_something_else() -> None:
    assert len({str(shown(said(seed))) for seed in SEEDS}) == len(SEEDS)


def test_whoever_asks_again_hears_something_else() -> None:
    assert len({reply.content for reply in said(1)}) > EACH // 2


def test_everything_that_can_go_wrong_does() -> None:
    all_of = [reply for seed in SEEDS for reply in said(seed)]
    bodies = [reply.body for reply in all_of if isinstance(reply.body, dict)]
    blocks = [block for body in bodies if isinstance(body.get("content"), list) for block in body["content"] if block]
    names = {block.get("name") for block in blocks if isinstance(block, dict)}
    assert {200, 307, 429, 502, 529} <= {reply.status for reply in all_of}
    assert {"pod_logs", "delete_everything"} <= names
    assert {"end_turn", "tool_use", "max_tokens", "refusal", "pause_turn", "sideways", "None"} <= {
        str(body.get("stop_reason")) for body in bodies
    }
    assert any(reply.is_dropped for reply in all_of)
    assert any(reply.after for reply in all_of)
    assert any(reply.over for reply in all_of)
    assert any(not isinstance(reply.body, dict | bytes) for reply in all_of)
    content = b"".join(reply.content for reply in all_of)
    for part in (b"\\ud800", b"Infinity", b"0" * 400, b"[[[", MARK.encode(), b"<!DOCTYPE html>", b"from_the_future"):
        assert part in content


def test_nothing_of_it_leads_away_or_takes_long() -> None:
    for reply in [reply for seed in SEEDS for reply in said(seed)]:
        assert reply.headers.get("Location", "http://127.0.0.1:1/").startswith("http://127.0.0.1:1/")
        assert max(reply.after, reply.over) <= 0.1
        assert reply.headers.get("Retry-After") in {None, "0", "soon", "-1", "nan", "", "Thu, 01 Jan 1970 00:00:00 GMT"}


def test_the_real_client_gets_all_of_it_over_the_wire() -> None:
    with (
        ModelServer(model.nonsense(1)) as server,
        anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=0) as client,
    ):
        for _ in range(EACH):
            try:
                client.messages.create(**BODY)
            except (anthropic.APIError, ValueError):
                continue
    assert len(server.requests) == EACH
    assert server.surprises == ()


def test_each_hostile_text_has_a_mark_of_its_own() -> None:
    marks = [re.findall(rf"{MARK}\d\d", text) for text in HOSTILE]
    assert marks == [[f"{MARK}{number:02}"] for number in range(len(HOSTILE))]
    assert len(HOSTILE) >= 25


def test_hostile_texts_try_what_such_texts_try() -> None:
    everything = "\n".join(HOSTILE)
    for part in (
        *(
            "<!channel>",
            "<!here>",
            "<https://evil.example",
            "](https://",
            "\x1b[",
            "\x1b]8;;",
            "\x00",
            "\u202e",
            "\u200b",
        ),
        *("{{ 7*7 }}", "${ENV}", "$(rm -rf /)", "</data>", "<system>", "tool_result", "kubectl delete", "*a, *a"),
        *("ignore all previous", "Vergiss alle", "mark all", "severity", "contents of the secret", "x" * 10_000),
    ):
        assert part.lower() in everything.lower()


def test_hostile_texts_come_through_the_wire_as_they_are() -> None:
    with (
        ModelServer([model.text(text) for text in HOSTILE]) as server,
        anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=0) as client,
    ):
        found = tuple(client.messages.create(**BODY).content[0].text for _ in HOSTILE)
    assert found == HOSTILE
