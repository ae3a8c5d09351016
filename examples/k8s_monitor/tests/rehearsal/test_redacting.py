"""What must not leave a cluster is in no recording."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any, Final

import pytest

from hotagents_k8s_monitor.cluster.snapshot import Gap, Snapshot
from hotagents_k8s_monitor.rehearsal.redacting import HIDDEN, Redactor
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


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a1" * 18,
        "xoxb-1234567890-abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "Authorization: Bearer abcdefgh12345678",
        "api_key=abcd1234efgh",
        'password: "swordfish"',
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
    ],
)
def test_what_looks_like_a_secret_is_hidden_in_any_text(secret: str) -> None:
    found = redacted({"metadata": {"name": "a"}, "status": {"message": f"before {secret}"}})["pod"]["status"]["message"]
    assert found.startswith("before ")
    assert HIDDEN in found
    assert secret.rsplit(maxsplit=1)[-1].strip('"') not in found


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
