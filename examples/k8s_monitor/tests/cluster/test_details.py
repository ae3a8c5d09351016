"""What may be shown of a text from elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.cluster.details import DETAIL_LIMIT, detail, redacted

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl-_"
TOKEN = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"  # noqa: S105 - nobody's


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdef.123", "Authorization: [redacted]"),
        ("sent bearer abcdef123 to you", "sent bearer [redacted] to you"),
        (f"invalid token {JWT}, sorry", "invalid token [redacted], sorry"),
        ('{"password":"hunter22"}', '{"password":"[redacted]"}'),
        ("client_secret=abc123&x=1", "client_secret=[redacted]&x=1"),
        ("https://admin:hunter22@proxy:3128/x", "https://[redacted]@proxy:3128/x"),
        (f"key {TOKEN}", "key [redacted]"),
        ("token sha256~0123456789abcdefghij-_x", "token [redacted]"),
        ("ghp_0123456789abcdef0123", "[redacted]"),
    ],
)
def test_what_looks_like_a_credential_is_not_shown(text: str, shown: str) -> None:
    assert redacted(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        'pods is forbidden: User "system:serviceaccount:monitoring:k8s-monitor" cannot list resource "pods"',
        'nodes "ip-10-0-12-133.eu-central-1.compute.internal" not found',
        "the server is currently unable to handle the request; my-very-long-deployment-name-with-many-words-in-it-x",
    ],
)
def test_ordinary_messages_stay_whole(text: str) -> None:
    assert redacted(text) == text


def test_known_secrets_are_found_wherever_they_stand() -> None:
    assert redacted("xx-sesame-xx", secrets=["sesame"]) == "xx-[redacted]-xx"
    assert redacted("a to b", secrets=["a", ""]) == "a to b"


@given(st.text(st.characters(exclude_categories=()), max_size=2000), st.lists(st.text()))
def test_a_detail_is_one_bounded_printable_line(text: str, secrets: list[str]) -> None:
    shown = detail(text, secrets=secrets)
    assert len(shown) <= DETAIL_LIMIT
    assert len(shown.splitlines()) <= 1
    shown.encode()


def test_a_token_is_not_saved_by_the_cut() -> None:
    assert "eyJ" not in detail("x" * (DETAIL_LIMIT - 12) + " " + JWT)
