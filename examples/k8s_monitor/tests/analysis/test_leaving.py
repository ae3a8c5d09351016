"""What leaves for a model: nothing that is secret, wherever it was planted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents_k8s_monitor.analysis.bodies import redacted_body
from hotagents_k8s_monitor.testing.model import ModelServer, formed, sensible, text, tool_use
from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hotagents_k8s_monitor.testing.model import Reply, Request

OLD: Final = NOW - timedelta(days=1)
_A: Final = "Zx9Qw7Lm3Rt5Vb1Np8Kd2Hs6Gf4Jy0Tc"
SECRETS: Final[dict[str, tuple[str, str]]] = {
    # What is written, and the part of it that must not leave.
    "aws key": (f"AKIA{_A[:16].upper()}", f"AKIA{_A[:16].upper()}"),
    "aws secret": (f"aws_secret_access_key={_A}Ab12Cd34", f"{_A}Ab12Cd34"),
    "github token": (f"ghp_{_A}0000", f"ghp_{_A}0000"),
    "github pat": (f"github_pat_{_A}", f"github_pat_{_A}"),
    "gitlab token": (f"glpat-{_A[:20]}", f"glpat-{_A[:20]}"),
    "slack token": (f"xoxb-1234567890-{_A}", f"xoxb-1234567890-{_A}"),
    "slack hook": (f"https://hooks.slack.com/services/T0/B0/{_A}", f"T0/B0/{_A}"),
    "anthropic key": (f"sk-ant-api03-{_A}", f"sk-ant-api03-{_A}"),
    "google key": (f"AIza{_A}abc", f"AIza{_A}abc"),
    "npm token": (f"npm_{_A}0000", f"npm_{_A}0000"),
    "stripe key": (f"sk_live_{_A}", f"sk_live_{_A}"),
    "sendgrid key": (f"SG.{_A[:22]}.{_A}", f"SG.{_A[:22]}.{_A}"),
    "jwt": (f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{_A}", f"eyJzdWIiOiIxIn0.{_A}"),
    "private key": (
        f"-----BEGIN RSA PRIVATE KEY-----\n{_A}\n{_A}\n-----END RSA PRIVATE KEY-----",
        f"{_A}\n{_A}",
    ),
    "bearer": (f"Authorization: Bearer {_A}", _A),
    "basic": (f"authorization: Basic {_A}==", f"{_A}=="),
    "password": ("DB_PASSWORD=correct-horse-battery", "correct-horse-battery"),
    "json password": ('{"password": "correct-horse-staple"}', "correct-horse-staple"),
    "connection string": ("postgres://admin:hunter-two-and-a-half@db:5432/x", "hunter-two-and-a-half"),
    "mongodb": ("mongodb+srv://app:tr0ub4dor-and-3@c.example.net/x", "tr0ub4dor-and-3"),
    "cookie": ("Set-Cookie: session=abcdefgh-12345678-ijkl", "abcdefgh-12345678-ijkl"),
    "e-mail": ("somebody.private@example.org", "somebody.private@example.org"),
    "signed url": ("https://b.example.org/x?X-Amz-Signature=0a1b2c3d4e5f60718293", "0a1b2c3d4e5f60718293"),
    "join token": ("abcdef.0123456789abcdef", "abcdef.0123456789abcdef"),
}


@final
class Planted:
    """A cluster whose events and logs hold a secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def events(self, kind: str, namespace: str, name: str, uid: str = "") -> Sequence[Mapping[str, Any]]:
        del kind, namespace, name, uid
        return [{"type": "Warning", "reason": "Failed", "message": f"could not: {self._secret}"}]

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False, lines: int = 100) -> str:
        del namespace, pod, container, previous, lines
        return f"starting\n{self._secret}\nstopped\tat\n{self._secret}"

    def close(self) -> None:
        """Nothing is open."""


def cluster(secret: str) -> list[dict[str, Any]]:
    """A Deployment that is down, with a secret wherever somebody may have put one."""
    owner = deployment("cart", namespace="shop", replicas=2, available=0, since=OLD)
    owner["metadata"]["annotations"] = {"note": secret, "kubectl.kubernetes.io/last-applied-configuration": secret}
    owner["metadata"].setdefault("labels", {})["note"] = secret
    owner["status"]["conditions"][0]["message"] = f"because of {secret}"
    one = pod("cart-5d4f-x", owner=replica_set("cart-5d4f", owner=owner), waiting="CrashLoopBackOff", since=OLD)
    container = one["spec"]["containers"][0]
    container["env"] = [{"name": "SETTING", "value": secret}]
    container["args"], container["command"] = ["--use", secret], ["run", secret]
    one["metadata"]["annotations"] = {"note": secret}
    one["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = f"back-off: {secret}"
    one["status"]["containerStatuses"][0]["lastState"] = {"terminated": {"message": secret, "exitCode": 1}}
    return [owner, one]


def curious(request: Request) -> Reply:
    """A model that has the agents call everything that there is, and is told of it."""
    if "k8s-analyzer" in request.tools:
        asked = len(request.messages) // 2
        if asked == 0:
            return tool_use(("k8s-analyzer", {"incident": "incident-1", "task": "look at everything"}))
        return formed(request)
    if len(request.messages) == 1:
        one = {"namespace": "shop", "name": "cart-5d4f-x"}
        return tool_use(
            ("get", {"resource": "pods"}),
            ("describe", {"resource": "pods", **one}),
            ("describe", {"resource": "deployments.apps", "namespace": "shop", "name": "cart"}),
            ("events", {"resource": "pods", **one}),
            ("logs", one),
            ("rollout_history", {"namespace": "shop", "name": "cart"}),
        )
    return text("seen")


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_leaves_wherever_it_was_planted(kind: str, asking: Callable[..., Any]) -> None:
    written, hidden = SECRETS[kind]
    with ModelServer(curious) as server:
        bench = asking(server, reads=lambda: Planted(written), logs_of=("shop",))
        bench.edit(
            "CLAUDE.md", ("# The cluster", f"# The cluster\n\n{written}\n"), ("every order goes", f"{written} goes")
        )
        bench.edit("agents/k8s-analyzer.md", ("You read evidence", f"You know {written}. You read evidence"))
        bench.edit(
            "agents/k8s-analyzer.md",
            ("tools: get, describe, events", "tools: get, describe, events, logs, rollout_history"),
        )
        result = bench.look(*cluster(written), after=timedelta(minutes=1))
        assert result.data["analysis"]["state"] == "ok", result.data["analysis"]
        assert server.surprises == ()
        sent = [request.text for request in server.requests]
    assert sum("cart-5d4f-x" in body for body in sent) > 1
    results = [block for request in server.requests for block in request.results]
    assert len(results) == 7
    assert not any(block.get("is_error") for block in results), results
    lines = [line for line in hidden.splitlines() if line]
    assert not any(line in body for line in lines for body in sent)


def test_what_is_harmless_leaves_as_it_is(asking: Callable[..., Any]) -> None:
    with ModelServer(curious) as server:
        bench = asking(server, reads=lambda: Planted("connection refused by 10.0.0.7"), logs_of=("shop",))
        bench.edit(
            "agents/k8s-analyzer.md",
            ("tools: get, describe, events", "tools: get, describe, events, logs, rollout_history"),
        )
        owner, one = cluster("it is full")
        del one["spec"]["containers"][0]["env"]  # by its place it is left out, whatever it is
        bench.look(owner, one)
        sent = "".join(request.text for request in server.requests)
    assert "connection refused by 10.0.0.7" in sent
    assert "[redacted]" not in sent


def test_addresses_leave_only_where_a_setting_says_so(asking: Callable[..., Any]) -> None:
    for emails, expected in ((True, False), (False, True)):
        with ModelServer(sensible) as server:
            bench = asking(server, emails=emails)
            bench.edit("CLAUDE.md", ("# The cluster", "# The cluster\n\nAsk somebody@example.org.\n"))
            bench.look(*cluster("x"))
            assert any("somebody@example.org" in request.text for request in server.requests) is expected


def test_what_the_protocol_needs_stays_as_it_is_and_half_pairs_and_infinities_do_not() -> None:
    name = "toolu_" + "Ab1" * 20
    body = {
        "model": "m",
        "messages": [
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": name, "name": "get", "input": {"x": "\ud800"}}],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": name, "content": "password: hunter22"}],
            },
        ],
        "n": float("inf"),
    }
    found = redacted_body(body)
    assert found["messages"][0]["content"][0] == {"type": "tool_use", "id": name, "name": "get", "input": {"x": "?"}}
    assert found["messages"][1]["content"][0]["tool_use_id"] == name
    assert found["messages"][1]["content"][0]["content"] == "password: [redacted]"
    assert found["n"] is None
    json.dumps(found, allow_nan=False).encode()


def test_a_secret_that_begins_a_line_within_json_within_json_is_found() -> None:
    inner = json.dumps({"log": f"first\nAKIA{'Q' * 16}\nlast"})
    for text_ in (inner, json.dumps(inner), json.dumps(json.dumps(inner))):
        assert "AKIA" not in redacted_body({"content": text_})["content"]
