"""Where the model is, what is shown in place of being sent, and what errors of the network mean."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from hotagents_k8s_monitor.analysis.budget import Budget
from hotagents_k8s_monitor.analysis.errors import AnalysisError, BudgetError, NothingSentError
from hotagents_k8s_monitor.analysis.failing import error_of
from hotagents_k8s_monitor.analysis.model import Access, Model, access
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.failures import Failure
from hotagents_k8s_monitor.testing.model import ModelServer, wrong_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST: Final = {"model": "small-1", "max_tokens": 5, "messages": [{"role": "user", "content": "password=hunter-two"}]}
USUAL: Final = "https://api.anthropic.com"


def budget(*, seconds: float = 30.0) -> Budget:
    cancelled = threading.Event()
    return Budget(Deadline.after(seconds), turns=3, tokens=9, dollars=0.0, prices={}, cancelled=cancelled)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"API_KEY": " \n"}, None),
        ({"API_KEY": "k\n"}, (USUAL, "k", "")),
        ({"API_KEY": "k", "AUTH_TOKEN": "t"}, (USUAL, "k", "")),
        ({"API_KEY": "", "AUTH_TOKEN": " t "}, (USUAL, "", "t")),
        ({"BASE_URL": "http://localhost:1\n"}, ("http://localhost:1", "", "")),
    ],
)
def test_the_environment_says_where_the_model_is(
    environment: Mapping[str, str], expected: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "AUTH_TOKEN", "BASE_URL"):
        monkeypatch.delenv(f"ANTHROPIC_{name}", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(f"ANTHROPIC_{name}", value)
    found = access()
    assert (found and (found.base_url, found.api_key, found.auth_token)) == expected


def test_what_is_only_shown_is_redacted_and_not_sent() -> None:
    shown: list[Any] = []
    with ModelServer([]) as server:
        where = Access(base_url=server.url, api_key="k", auth_token="")
        with closing(Model(where, budget(), shown=shown.append, sends=False)) as model, pytest.raises(NothingSentError):
            model.ask(REQUEST)
        assert server.requests == ()
    assert [body["model"] for body in shown] == ["small-1"]
    assert "hunter" not in str(shown)


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTP_PROXY", "nonsense::"), ("ALL_PROXY", "http://me:hunter-two@[::1"), ("SSL_CERT_FILE", "/nowhere/ca.pem")],
)
def test_a_setting_of_the_network_that_cannot_be_used_is_said_by_its_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    where = Access(base_url="https://model.example", api_key="k", auth_token="")
    with closing(Model(where, budget())) as model, pytest.raises(AnalysisError) as caught:
        model.ask(REQUEST)
    assert caught.value.reason == "failed"
    assert caught.value.said.startswith("one of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and ")
    assert "hunter-two" not in caught.value.said


def test_an_error_that_claims_to_be_an_answer_is_an_error() -> None:
    with ModelServer([wrong_shape({"type": "error", "content": []})]) as server:
        where = Access(base_url=server.url, api_key="k", auth_token="")
        with closing(Model(where, budget())) as model, pytest.raises(AnalysisError, match="no status that says so"):
            model.ask(REQUEST)


def test_nothing_is_asked_once_the_time_is_over() -> None:
    with ModelServer([]) as server:
        where = Access(base_url=server.url, api_key="k", auth_token="")
        with closing(Model(where, budget(seconds=0))) as model, pytest.raises(BudgetError, match="time"):
            model.ask(REQUEST)
        assert server.requests == ()


@pytest.mark.parametrize(
    ("error", "expected", "passes"),
    [
        (Failure("slow", "3 earlier attempts still hang"), "unreachable: not asked: 3 earlier attempts", False),
        (httpx2.ReadTimeout("x"), "unreachable: the model's server did not answer in time", True),
        (httpx2.ReadError("x"), "unreachable: no connection to the model's server, or it was cut", True),
        (KeyError("x"), "failed: the request could not be made: KeyError", False),
    ],
)
def test_an_error_of_the_network_is_said_in_words(error: Exception, expected: str, *, passes: bool) -> None:
    found = error_of(error)
    assert str(found).startswith(expected)
    assert found.passes == passes
