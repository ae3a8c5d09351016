"""What must not leave a cluster is in no recording."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any, Final

import pytest

from hotagents_k8s_monitor.cluster.snapshot import Gap, Snapshot
from hotagents_k8s_monitor.redaction import HIDDEN, Redactor
from hotagents_k8s_monitor.rules import detect
from hotagents_k8s_monitor.testing.objects import NOW, deployment, node, pod
from hotagents_k8s_monitor.testing.scenarios.parts import owned, pods

POD: Final[dict[str, Any]] = {
    "metadata": {
        "name": "cart-7d9f-x",
        "namespace": "shop",
        "labels": {"app": "cart", "team.example.org/owner": "blue"},
        "managedFields": [{"manager": "kubectl"}],
        "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": '{"password": "hunter22"}',
            "deployment.kubernetes.io/revision": "3",
            "vault.example.org/token": "s.abcdef",
        },
    },
    "spec": {
        "containers": [
            {
                "name": "cart",
                "image": "registry.example.org/shop/cart:1.2.3",
                "args": ["--password=hunter22"],
                "command": ["/run", "hunter22"],
                "env": [
                    {"name": "DB_PASSWORD", "value": "hunter22"},
                    {"name": "DB", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                ],
                "livenessProbe": {"httpGet": {"path": "/", "httpHeaders": [{"name": "Authorization", "value": "x"}]}},
            }
        ]
    },
    "status": {"phase": "Pending", "message": "cannot reach postgres://cart:hunter22@db.shop:5432/cart"},
}


def redacted(item: dict[str, Any], **options: Any) -> dict[str, Any]:
    seen: Any = {"pods": (item,)}
    gaps: Any = {"nodes": Gap("nodes", "forbidden", "User cart-reader with Bearer abcdefghijklmnop may not")}
    look = Redactor(**options).look(Snapshot(NOW, MappingProxyType(seen), MappingProxyType(gaps)))
    (found,) = look.all("pods")
    return {"pod": found, "gap": look.gaps["nodes"].detail}


@pytest.mark.parametrize("options", [{}, {"names": "pseudonyms", "key": b"k"}])
def test_values_commands_annotations_and_passwords_are_left_out(options: dict[str, Any]) -> None:
    text = json.dumps(redacted(POD, **options))
    assert not [
        word for word in ("hunter22", "s.abcdef", "last-applied", "abcdefghijklmnop", "managed") if word in text
    ]


def test_what_a_rule_needs_stays() -> None:
    found = redacted(POD)["pod"]
    assert found["metadata"]["name"] == "cart-7d9f-x"
    assert found["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "3"}
    (container,) = found["spec"]["containers"]
    assert container["env"] == [
        {"name": "DB_PASSWORD", "value": HIDDEN},
        {"name": "DB", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
    ]
    assert found["status"]["message"] == f"cannot reach postgres://{HIDDEN}@db.shop:5432/cart"


SECRETS: Final = {
    "AKIAIOSFODNN7EXAMPLE": "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "wJalrXUtnFEMI",
    "used wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY for it": "wJalrXUtnFEMI",
    "ghp_" + "a1B2" * 9: "a1B2a1B2",
    "github_pat_11ABCDEFG0abcdefghij_klmnopqrstuvwxyz": "abcdefghij",
    "glpat-abcDEF123456_-7890xy": "abcDEF123456",
    "xoxb-1234567890-abcdef": "abcdef",
    "xapp-1-A012345-6789-abcdef0123456789": "abcdef0123456789",
    "https://hooks.slack.com/services/T00000000/B00000000/abcdEFGHijklMNOP": "abcdEFGHijkl",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl": "eyJzdWIiOiIxMjM0In0",
    "Authorization: Bearer abcdefgh12345678": "abcdefgh12345678",
    "Authorization: Basic dXNlcjpwYXNzd29yZA==": "dXNlcjpwYXNzd29yZA",
    "GET https://user:hunter22@example.org/x": "hunter22",
    "postgres://cart:hun@ter22@db:5432/x": "ter22",
    "postgres://cart:hun/ter22@db:5432/x": "ter22",
    "https://tokenvalue0123@git.example.org/x.git": "tokenvalue0123",
    "redis://:hunter22@redis:6379/0": "hunter22",
    "dial cart:hunter22@tcp(db:3306)/shop": "hunter22",
    "host=db user=cart password=hunter22 dbname=x": "hunter22",
    "Server=db;User Id=sa;Pwd=hunter22;": "hunter22",
    "AccountName=a;AccountKey=abcdEFGH1234ijkl5678==;EndpointSuffix=core": "abcdEFGH1234",
    "https://a.blob.example.net/c?sv=2020&sig=abcdEFGH%2F1234&se=2026": "abcdEFGH",
    "https://s3.example.org/b?X-Amz-Signature=deadbeefdeadbeef&X": "deadbeefdeadbeef",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdef": "MIIEabcdef",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv": "AIzaSyA12345",
    "sk_live_abcdEFGH1234ijkl5678": "abcdEFGH1234",
    "sk-ant-api03-abcdEFGH1234ijkl": "abcdEFGH1234",
    "npm_abcdefghijklmnopqrstuvwxyz0123456789": "abcdefghijkl",
    "hvs.CAESIabcdefghijklmnop1234": "CAESIabcdefgh",
    "SG.abcdefghijklmnopqrstuv.wxyz0123456789abcdefghijklmn": "wxyz0123456789",
    "pypi-AgEIcHlwaS5vcmcCJDU4": "AgEIcHlwaS5vcmc",
    "exec: --db-password hunter22 failed": "hunter22",
    "exec: --token='hunter 22' failed": "hunter",
    "kubeadm join --token abcdef.0123456789abcdef": "0123456789abcdef",
    "join with abcdef.0123456789abcdef now": "0123456789abcdef",
    "api_key=abcd1234efgh": "abcd1234efgh",
    "X-Api-Key: abcd-efgh-1234": "efgh-1234",
    'password: "swordfish"': "swordfish",
    '{"passphrase": "hunter22"}': "hunter22",
    "private_key: abcdef123456": "abcdef123456",
    '{"auths":{"r":{"auth":"dXNlcjpodW50ZXIyMg=="}}}': "dXNlcjpodW50",
    "Set-Cookie: session=abcdef1234567890; Path=/": "abcdef1234567890",
    "mail to ana.person@mail.example.org bounced": "ana.person",
}


@pytest.mark.parametrize(("text", "secret"), SECRETS.items(), ids=range(len(SECRETS)))
def test_what_looks_like_a_secret_is_hidden_in_any_text(text: str, secret: str) -> None:
    item = {"metadata": {"name": "a"}, "status": {"message": f"before {text}"}}
    found = redacted(item)["pod"]["status"]["message"]
    assert found.startswith("before ")
    assert HIDDEN in found
    assert secret not in found


GIVEN: Final[tuple[dict[str, Any], ...]] = (
    {"spec": {"values": {"db": {"url": "hunter22"}}}},
    {"spec": {"postBuild": {"substitute": {"DB": "hunter22"}}}},
    {"spec": {"patches": [{"patch": "hunter22"}]}},
    {"spec": {"source": {"helm": {"values": "hunter22"}}}},
    {"status": {"history": [{"source": {"helm": {"parameters": [{"name": "a", "value": "hunter22"}]}}}]}},
    {"spec": {"sources": [{"plugin": {"env": [{"name": "A", "value": "hunter22"}]}}]}},
    {"parameters": {"adminId": "hunter22"}},
    {"spec": {"volumes": [{"csi": {"volumeAttributes": {"a": "hunter22"}}}]}},
    {"spec": {"volumes": [{"flexVolume": {"options": {"a": "hunter22"}}}]}},
    {"spec": {"anything": {"clientSecret": "hunter22", "DB_PASSWORD": "hunter22", "auth": "hunter22"}}},
    {"spec": {"initContainers": [{"env": [{"name": "A", "value": "hunter22"}], "args": ["hunter22"]}]}},
    {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"command": ["hunter22"]}]}}}}}},
    {"spec": {"containers": [{"lifecycle": {"preStop": {"exec": {"command": ["hunter22"]}}}}]}},
    {"spec": {"template": {"metadata": {"annotations": {"a": "hunter22"}}}}},
)


@pytest.mark.parametrize("given", GIVEN, ids=range(len(GIVEN)))
@pytest.mark.parametrize("options", [{}, {"names": "pseudonyms", "key": b"k"}])
def test_what_is_known_to_hold_secrets_is_left_out_by_its_place(options: dict[str, Any], given: dict[str, Any]) -> None:
    assert "hunter22" not in json.dumps(redacted({"metadata": {"name": "a"}, **given}, **options))


@pytest.mark.parametrize(
    "text",
    [
        'Back-off pulling image "registry.example.org/shop/cart:1.2.3@sha256:' + "ab" * 32 + '"',
        "docker-pullable://registry.example.org/shop/cart@sha256:" + "ab" * 32,
        "0/4 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }",
        'secret "db-credentials" not found',
        "Error: couldn't find key password in Secret shop/db",
        'Get "https://10.0.0.1:443/healthz": dial tcp 10.0.0.1:443: connect: connection refused',
        "back-off 5m0s restarting failed container=cart pod=cart-7d9f8c6b5d-x2x4z_shop(0f3c)",
    ],
)
def test_what_a_message_says_besides_stays(text: str) -> None:
    item = {"metadata": {"name": "a"}, "status": {"message": text}}
    assert redacted(item)["pod"]["status"]["message"] == text


@pytest.mark.parametrize("name", ["sk-payments-api-7d9f8c6b5d-x2x4z", "trader.0123456789abcdef", "npm-registry"])
def test_no_name_of_an_object_is_taken_for_a_secret(name: str) -> None:
    assert redacted({"metadata": {"name": name, "namespace": name}})["pod"]["metadata"]["name"] == name


def test_what_selects_stays_though_it_is_called_values() -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["cart"]}]}
    assert redacted({"metadata": {"name": "a"}, "spec": {"selector": selector}})["pod"]["spec"]["selector"] == selector


def test_long_texts_take_no_time() -> None:
    for part in ("a.", "a-", "a:", "a@", "password", "://a:", "--token "):
        redacted({"metadata": {"name": "a"}, "status": {"message": part * 20_000}})


def test_pseudonyms_hide_each_name_and_are_the_same_throughout() -> None:
    options = {"names": "pseudonyms", "key": b"k"}
    first, second = redacted(POD, **options), redacted(POD, **options)
    assert first == second
    text = json.dumps(first)
    assert not [word for word in ("cart", "shop", "registry", "blue", "postgres") if word in text]
    assert redacted(POD, names="pseudonyms", key=b"other") != first
    assert first["pod"]["status"]["phase"] == "Pending"


def test_rules_find_the_same_under_pseudonyms() -> None:
    owner = deployment("cart", namespace="shop", replicas=3, available=0)
    current = owned(owner, replicas=3, ready=0)
    ill = pods(current, ["node-a"] * 3, waiting="CrashLoopBackOff", restarts=7)
    objects: Any = {
        "nodes": (node("node-a", ready="Unknown"),),
        "pods": (*ill, pod("alone", unschedulable="0/1 nodes")),
        "deployments.apps": (owner,),
        "replicasets.apps": (current,),
        "jobs.batch": (),
    }
    plain = Snapshot(NOW, MappingProxyType(objects))
    hidden = Redactor(names="pseudonyms", key=b"k").look(plain)
    before, after = (
        sorted((s.rule, s.owner.kind, s.impact, s.missing, s.since) for s in detect(look).signals)
        for look in (plain, hidden)
    )
    assert before
    assert before == after
