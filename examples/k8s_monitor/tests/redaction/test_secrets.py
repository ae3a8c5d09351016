"""No credential is in what leaves, wherever it stands, and names stay readable."""

from __future__ import annotations

import json
import time
from typing import Final

import pytest

from hotagents_k8s_monitor.redaction import HIDDEN, redacted

LONG: Final = "a1B2" * 10
SECRETS: Final = {
    f"aws {LONG}": LONG,
    "sha: " + LONG + LONG: LONG,
    "ya29.a0AfH6SMabcdefgh": "a0AfH6",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----": "MIIEabc",
    "DB_PASSWORD=hunter22": "hunter22",
    '{"name": "DB_PASSWORD", "value": "hunter22"}': "hunter22",
    '{"name": "SIGNING_KEY", "value": "hunter22"}': "hunter22",
    "{'name': 'DB_PASSWORD', 'value': 'hunter22'}": "hunter22",
    '{"auth": "aHVudGVyMjI6aHVudGVy"}': "aHVudGVyMjI6",
    '{"password": "hunter 22, and more"}': "and more",
    "https://x.example.org/blob?sig=hunter22%2B": "hunter22",
    "$2y$10$abcdefghijklmnopqrstuv": "abcdefghij",
    "123456789:AAabcdefghijklmnopqrstuvwxyz12345": "AAabcdef",
    "glsa_abcdefghijklmnop1234_5678": "abcdefghijklmnop",
    "oc login --token=sha256~abcdefghijklmnop1234": "abcdefghijklmnop",
    "Proxy-Authorization: Negotiate YIIabcdefgh": "YIIabcdefgh",
    "ConnectionString=abcd1234": "abcd1234",
    r"password=ab\cd\22ef": "22ef",
    'Set-Cookie: session="abcd1234"; Path=/': "abcd1234",
    "https://x.example.org/a?code=abcd1234&x=1": "abcd1234",
    "mail ana.person@mail.example.org": "ana.person",
}


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_secret_is_hidden_alone_and_within_json(text: str) -> None:
    within = json.dumps({"log": text})
    for found in (redacted(f"before {text}"), redacted(within), redacted(json.dumps(json.dumps(within)))):
        assert SECRETS[text] not in found
        assert HIDDEN in found


@pytest.mark.parametrize(
    "text",
    [
        "Deployment shop/cart-7d9f8b6c4-x2x9z has 0 of 3",
        "registry.example.org/shop/cart@sha256:" + "a1" * 32,
        "back-off 5m0s restarting failed container=cart pod=cart-7d9f_shop(8a5b6c1e-1234-4321-aaaa-123456789abc)",
        "couldn't find key password in Secret shop/db",
        "commit 8c1f2ab93c4d5e6f708192a3b4c5d6e7f8091a2b of main",
    ],
)
def test_names_digests_and_reasons_stay(text: str) -> None:
    assert redacted(text) == text


def test_the_name_that_gives_a_secret_away_stays() -> None:
    assert redacted("DB_PASSWORD=hunter22 is set") == f"DB_PASSWORD={HIDDEN} is set"
    assert redacted("run --token hunter22 now") == f"run --token {HIDDEN} now"


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "password ",
        "a.b-",
        "x://",
        "-----BEGIN A-----",
        '"name":"',
        "eyJaaaaa.",
        "a@a.",
        " ",
        "a:a@",
        'token:"',
        "--key ",
    ],
)
def test_no_text_takes_more_than_its_length(part: str) -> None:
    began = time.process_time()
    redacted(part * (200_000 // len(part)))
    assert time.process_time() - began < 20  # of the processor's own time; a quadratic pattern takes minutes
