"""The model server's life, its script, and each reply as the real client takes it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anthropic
import pytest
from anthropic.types import Message

from hotagents_k8s_monitor.testing import model
from hotagents_k8s_monitor.testing.model import ModelServer, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "claude-haiku-4-5"
WELL = [
    model.text("all is well"),
    model.structured({"verdict": "crash", "lines": ["ü", 1, None]}),
    model.tool_use(("pod_logs", {"pod": "web-1"}), ("events", {}), said="Let me look."),
    model.paused("one moment"),
    model.paused("one moment", query="CVE of nginx"),
    model.refused(),
    model.cut("and so"),
    model.overflowed(),
    model.overflowed("and so"),
    model.huge(100_000),
]


def ask(server: ModelServer, said: str = "what is wrong?", *, retries: int = 0, **others: Any) -> Any:
    with anthropic.Anthropic(base_url=server.url, api_key="k", max_retries=retries, timeout=20.0) as client:
        return client.messages.create(
            **{"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": said}], **others}
        )


def answered(reply: Reply) -> Any:
    with ModelServer([reply]) as server:
        found = ask(server)
    assert server.surprises == ()
    return found


def error_of(reply: Reply) -> Any:
    with ModelServer([reply]) as server, pytest.raises(anthropic.APIError) as caught:
        ask(server)
    assert server.surprises == ()
    return caught.value


# --- life -------------------------------------------------------------------------------------------------------------


def test_it_listens_on_the_loopback_and_nothing_is_left_of_it() -> None:
    with ModelServer([model.text("hello")]) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert ask(server).content[0].text == "hello"
        address = urlsplit(server.url)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("model-server")]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname or "", address.port or 0), timeout=1.0)


def test_it_has_no_url_outside_the_block() -> None:
    with pytest.raises(RuntimeError, match="use it as a context manager"):
        _ = ModelServer([]).url


@pytest.mark.parametrize(
    "reply",
    [model.slow(model.text("late"), 3600), model.dripping(model.text("slowly"), 3600)],
    ids=["slow", "dripping"],
)
def test_closing_ends_what_it_still_holds_back(reply: Reply) -> None:
    failures: list[Exception] = []

    def asked() -> None:
        try:
            ask(server)
        except anthropic.APIConnectionError as error:
            failures.append(error)

    with ModelServer([reply]) as server:
        thread = threading.Thread(target=asked)
        thread.start()
        server.wait_for(1)
    thread.join(10.0)
    assert not thread.is_alive()
    assert len(failures) == 1


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, hotagents_k8s_monitor.testing.model; print('anthropic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "False"


# --- script -----------------------------------------------------------------------------------------------------------


def test_replies_come_in_the_order_of_the_script() -> None:
    with ModelServer([model.text("one"), model.text("two")]) as server:
        assert [ask(server).content[0].text for _ in range(2)] == ["one", "two"]
    assert server.surprises == ()


def test_a_script_that_is_at_its_end_says_so_loudly() -> None:
    with ModelServer([model.text("one")]) as server:
        ask(server)
        with pytest.raises(anthropic.InternalServerError, match="request 2: the script has 1 replies") as caught:
            ask(server, retries=3)
        assert caught.value.status_code == 500
    assert server.surprises == ("request 2: the script has 1 replies, and all are given",)


def test_the_last_reply_is_repeated_where_that_is_wanted() -> None:
    with ModelServer([model.text("one"), model.text("two")], repeat=True) as server:
        assert [ask(server).content[0].text for _ in range(4)] == ["one", "two", "two", "two"]
    with pytest.raises(ValueError, match="expected a reply to repeat"):
        ModelServer([], repeat=True)


def test_a_function_may_be_the_script() -> None:
    def script(request: Request) -> Reply:
        return model.text(f"{len(request.messages)} of {request.model}")

    with ModelServer(script) as server:
        assert ask(server).content[0].text == f"1 of {MODEL}"


def _raising(_request: Request) -> Reply:
    raise LookupError("no idea")


def _empty_handed(_request: Request) -> Reply:
    return None  # type: ignore[return-value] # what the test is about


@pytest.mark.parametrize(
    ("script", "surprise"),
    [(_raising, "the script raised LookupError('no idea')"), (_empty_handed, "expected a reply of the script")],
)
def test_a_function_that_fails_is_a_surprise(script: Callable[[Request], Reply], surprise: str) -> None:
    with ModelServer(script) as server, pytest.raises(anthropic.InternalServerError):
        ask(server)
    assert [surprise in said for said in server.surprises] == [True]


def test_waiting_for_requests_that_do_not_come_ends() -> None:
    with ModelServer([model.text("one")]) as server:
        ask(server)
        server.wait_for(1)
        with pytest.raises(TimeoutError, match="expected 2 requests, got 1"):
            server.wait_for(2, timeout=0.01)


# --- replies of a model that is well ----------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", WELL, ids=lambda reply: reply.body["stop_reason"])
def test_what_is_well_formed_is_what_the_package_calls_a_message(reply: Reply) -> None:
    Message.model_validate(reply.made_for(MODEL, 1).body, strict=True)
    found = answered(reply)
    assert isinstance(found, Message)
    assert found.stop_reason == reply.body["stop_reason"]
    assert found.model == MODEL
    assert found.to_dict()["content"] == reply.body["content"]


def test_messages_have_ids_of_their_own() -> None:
    with ModelServer([model.text("again")], repeat=True) as server:
        assert len({ask(server).id for _ in range(3)}) == 3


def test_a_structured_answer_is_json_in_a_text() -> None:
    assert json.loads(answered(model.structured({"a": ["ü", 1]})).content[0].text) == {"a": ["ü", 1]}


def test_calls_come_side_by_side_with_ids_of_their_own() -> None:
    first, second = answered(model.tool_use(("a", {"x": 1}), ("a", {"x": 1}))).content
    assert (first.name, first.input) == (second.name, second.input) == ("a", {"x": 1})
    assert first.id != second.id


def test_usage_is_what_was_asked_for() -> None:
    usage = {"input_tokens": 7, "output_tokens": 8, "cache_creation_input_tokens": 9, "cache_read_input_tokens": 10}
    assert usage.items() <= answered(model.text("x", usage=usage)).usage.to_dict().items()
    assert answered(model.text("x", usage={"output_tokens": 8})).usage.input_tokens == model.USAGE["input_tokens"]


def test_what_comes_late_or_slowly_comes_whole() -> None:
    assert answered(model.slow(model.dripping(model.text("at last"), 0.01), 0.01)).content[0].text == "at last"


# --- replies that a client must live through --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "raised"),
    [
        (400, "invalid_request_error", anthropic.BadRequestError),
        (401, "authentication_error", anthropic.AuthenticationError),
        (403, "permission_error", anthropic.PermissionDeniedError),
        (404, "not_found_error", anthropic.NotFoundError),
        (413, "request_too_large", anthropic.APIStatusError),
        (429, "rate_limit_error", anthropic.RateLimitError),
        (500, "api_error", anthropic.InternalServerError),
        (529, "overloaded_error", anthropic.InternalServerError),
    ],
)
def test_errors_are_those_of_the_api(status: int, kind: str, raised: type[anthropic.APIStatusError]) -> None:
    error = error_of(model.failing(status, kind, "try later"))
    assert isinstance(error, raised)
    assert error.status_code == status
    assert error.body == {"type": "error", "error": {"type": kind, "message": "try later"}}


def test_an_error_says_when_to_come_back() -> None:
    headers = error_of(model.failing(529, "overloaded_error", retry_after=3600, retry_after_ms="soon")).response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("3600", "soon")
    assert "retry-after" not in error_of(model.failing(529, "overloaded_error")).response.headers


def test_a_client_that_tries_again_is_answered_again() -> None:
    with ModelServer([model.failing(529, "overloaded_error", retry_after_ms=1), model.text("here")]) as server:
        assert ask(server, retries=1).content[0].text == "here"
    assert [request.headers["x-stainless-retry-count"] for request in server.requests] == ["0", "1"]


def test_a_dropped_connection_is_an_error_of_the_connection() -> None:
    assert type(error_of(model.dropped())) is anthropic.APIConnectionError


def test_what_comes_too_late_is_a_timeout() -> None:
    with ModelServer([model.slow(model.text("late"), 3600)]) as server, pytest.raises(anthropic.APITimeoutError):
        ask(server, timeout=0.05)


def test_the_client_gives_back_what_is_no_message_as_it_is() -> None:
    assert answered(model.wrong_shape(None)) is None
    assert answered(model.wrong_shape([1])) == [1]
    assert answered(model.wrong_shape({"content": "words"})).content == "words"
    assert answered(model.html(200)).startswith("<!DOCTYPE html>")


def test_what_is_not_json_is_an_error_of_the_json_module() -> None:
    with ModelServer([model.malformed()]) as server, pytest.raises(json.JSONDecodeError):
        ask(server)


def test_a_page_of_a_proxy_is_an_error_with_its_status() -> None:
    assert error_of(model.html(502)).status_code == 502


def test_the_client_follows_a_redirect_with_all_that_it_said() -> None:
    with (
        ModelServer([model.text("elsewhere")]) as other,
        ModelServer([model.redirect(f"{other.url}/v1/messages")]) as server,
        pytest.raises(anthropic.AuthenticationError),
    ):
        ask(server, "what is secret?")
    assert "what is secret?" in other.requests[0].text
    assert other.surprises == ("request 1: x-api-key header is required",)
