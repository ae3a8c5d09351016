"""What a difference must not carry to a model: secrets that were added, removed or only stand beside a change."""

from __future__ import annotations

from typing import Final

import pytest

from hotagents_k8s_monitor.changes import answers
from hotagents_k8s_monitor.changes.texts import difference

_A: Final = "Zx9Qw7Lm3Rt5Vb1Np8Kd2Hs6Gf4Jy0Tc"
SECRETS: Final = {
    "account": f"AKIA{_A[:16].upper()}",
    "secret of an account, alone": f"{_A}Ab12Cd34",
    "github": f"ghp_{_A}0000",
    "github, fine-grained": f"github_pat_{_A}",
    "gitlab": f"glpat-{_A[:20]}",
    "slack": f"xoxb-1234567890-{_A}",
    "slack hook": f"https://hooks.slack.com/services/T0/B0/{_A}",
    "anthropic": f"sk-ant-api03-{_A}",
    "google": f"AIza{_A}abc",
    "npm": f"npm_{_A}0000",
    "pypi": f"pypi-{_A}",
    "stripe": f"sk_live_{_A}",
    "sendgrid": f"SG.{_A[:22]}.{_A}",
    "web token": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{_A}",
    "bearer": f"Authorization: Bearer {_A}",
    "basic": f"authorization: Basic {_A}==",
    "password": f"DB_PASSWORD={_A}",
    "password in JSON": f'{{"password": "{_A}"}}',
    "connection": f"postgres://admin:{_A}@db:5432/x",
    "cookie": f"Set-Cookie: session={_A}",
    "signed address": f"https://b.example.org/x?X-Amz-Signature={_A}",
    "a hash": f"$2b$12${_A}{_A[:21]}",
}


@pytest.mark.parametrize("sign", ["+", "-", " ", "+  - ", "-\t"])
@pytest.mark.parametrize("secret", SECRETS.values(), ids=list(SECRETS))
def test_a_secret_is_left_out_whether_its_line_came_went_or_stayed(secret: str, sign: str) -> None:
    found = difference("values.yaml", f"@@ -1,2 +1,2 @@\n-a\n{sign}{secret}\n+b", 5_000)
    assert "[redacted]" in found
    assert _A[:12] not in found
    assert _A[:12].upper() not in found
    assert found.startswith("@@ -1,2 +1,2 @@\n-a\n")


@pytest.mark.parametrize("sign", ["+", "-", " "])
def test_a_key_of_many_lines_is_left_out_also_where_its_beginning_was_not_changed(sign: str) -> None:
    lines = [f"{sign}{_A}{_A[::-1]}"] * 40
    whole = ["-----BEGIN RSA PRIVATE KEY-----", *lines, f"{sign}-----END RSA PRIVATE KEY-----"]
    for patch in ("\n".join(["@@ @@", f"{sign}{whole[0]}", *whole[1:]]), "\n".join(["@@ @@", *lines])):
        assert _A[:12] not in difference("notes.md", patch, 5_000)
        assert _A[:12] not in difference("notes.md", patch, 900)


@pytest.mark.parametrize("sign", ["+", "-", " "])
@pytest.mark.parametrize("head", ["password: |", "  db_password: >-", "  - 'api-key': |2", "adminPasswordHash: |+\r"])
def test_a_text_of_many_lines_below_a_name_that_gives_it_away_is_left_out(sign: str, head: str) -> None:
    lines = ["replicas: 2", head, "        correct horse", "", "        battery", "image: cart:2"]
    found = difference("values.yaml", "\n".join(f"{sign}{line}" for line in lines), 5_000)
    assert "horse" not in found
    assert "battery" not in found
    assert found.startswith(f"{sign}replicas: 2\n")
    assert found.endswith(f"{sign}image: cart:2")


def test_looking_for_such_texts_takes_no_longer_the_stranger_they_are() -> None:
    for odd in ("+" + " " * 60 + "password" * 5_000, "+password: |\n" * 5_000, ("+" + " " * 61 + "\n") * 5_000):
        assert len(difference("a.yaml", odd, 5_000)) <= 5_000


@pytest.mark.parametrize(
    "path",
    [
        ".env", "deploy/.env.production", "a/prod.env", "tls/server.key", "ca.PEM", "infra/terraform.tfstate",
        "x.tfvars", ".ssh/id_ed25519", ".npmrc", "home/.netrc", "kubeconfig", "aws/credentials", "k8s/secret.yaml",
        "k8s/db-Secrets.json", "app/client_secret.json",
    ],
)  # fmt: skip
def test_of_a_file_that_is_kept_for_secrets_no_difference_is_shown(path: str) -> None:
    value = {"filename": path, "additions": 1, "patch": "@@ -0,0 +1 @@\n+correct horse battery staple"}
    found = answers.file(value, limit=500)
    assert (found["path"], found["additions"]) == (path, 1)
    assert found["patch"] == "[redacted: such a file may hold secrets]"


@pytest.mark.parametrize("line", ["+kind: Secret", " kind: Secret", '-  "kind": "Secret",', "+ - kind: 'Secret'\r"])
def test_of_a_secret_of_kubernetes_no_difference_is_shown(line: str) -> None:
    assert "Y29ycmVjdA" not in difference("all.yaml", f"@@ @@\n{line}\n data:\n+  word: Y29ycmVjdA==\n", 500)


@pytest.mark.parametrize(
    "path", ["src/secrets.py", "docs/environment.md", "charts/external-secret-operator/Chart.lock"]
)
def test_of_other_files_it_is_as_it_came(path: str) -> None:
    patch = "@@ -1,3 +1,3 @@ class Pool\n size\n-pool: 20\n+pool: 2\n \n\\ No newline at end of file"
    assert difference(path, patch, 5_000) == patch
    assert difference(path, "kind: SecretStore\n+kind: ExternalSecret", 500).endswith("kind: ExternalSecret")


def test_of_many_lines_none_is_lost_to_how_they_are_looked_at() -> None:
    patch = "+\n" * 400
    assert difference("a.py", patch, len(patch)) == patch
    assert difference("a.py", patch, 100) == patch[:99] + "\u2026"


def test_what_github_leaves_out_of_a_long_difference_is_said_and_a_binary_has_none() -> None:
    long = answers.file({"filename": "a.sql", "additions": 90_000}, limit=500)
    binary = answers.file({"filename": "a.png", "additions": 0, "deletions": 0}, limit=500)
    assert [(file["patch"], file["truncated"]) for file in (long, binary)] == [("", True), ("", False)]
