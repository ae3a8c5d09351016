"""What people read: one whole line, on the level that fits."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest

from hotagents_k8s_monitor.delivery import Kind
from hotagents_k8s_monitor.notify import LogNotifier, NoNotifier, sentence
from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set

if TYPE_CHECKING:
    from hotagents import Generation
    from hotagents_k8s_monitor.delivery import Delivery

HOUR = timedelta(hours=1)
OVER = ("resolved", "gone", "withdrawn", "muted")


def checkout() -> list[dict[str, Any]]:
    whole = deployment("checkout-api", namespace="payments", replicas=1, available=0, since=NOW - HOUR)
    part = replica_set("checkout-api", owner=whole)
    bad = pod("checkout-api", namespace="payments", owner=part, waiting="CrashLoopBackOff", since=NOW - 2 * HOUR)
    return [whole, part, bad]


@pytest.fixture
def told(bench: Any) -> tuple[Delivery, Generation[Any]]:
    bench.look(*checkout())
    (delivery,) = bench.heard.deliveries
    return delivery, bench.registry.current


def test_the_sentence_says_all_that_somebody_who_is_woken_needs(told: tuple[Delivery, Generation[Any]]) -> None:
    delivery, generation = told
    said = sentence(delivery, generation, now=NOW)
    assert said.startswith("ALERT SEV-1 Deployment payments/checkout-api (P0, down): ")
    for finding in delivery.incident.findings:
        assert f"{finding.rule}: {finding.message}" in said
    assert len(delivery.incident.findings) == 2
    assert said.endswith(
        f"; channel #incidents; contact payments on-call; incident {delivery.incident.id}; "
        f"generation 1 {generation.digest[:19]}"
    )
    assert "; for 1h" in said or "; for 2h" in said


def test_what_nobody_configured_is_left_out(told: tuple[Delivery, Generation[Any]]) -> None:
    delivery, generation = told
    said = sentence(replace(delivery, channel="", contact=""), generation, now=NOW)
    assert "channel" not in said
    assert "contact" not in said
    assert "; ;" not in said


def test_whatever_stands_in_it_is_one_harmless_line(told: tuple[Delivery, Generation[Any]]) -> None:
    delivery, generation = told
    hostile = "\x1b[2J\n\u202eERROR"
    finding = replace(delivery.incident.findings[0], message=hostile, rule=hostile)
    incident = replace(delivery.incident, findings=(finding,), owner=replace(delivery.incident.owner, name=hostile))
    said = sentence(replace(delivery, incident=incident, channel=hostile, contact=hostile), generation, now=NOW)
    assert said.isprintable()
    assert said.count("\\x1b[2J\\n\\u202eERROR") == 5
    longest = replace(incident, findings=(replace(finding, message="x" * 100_000),))
    assert len(sentence(replace(delivery, incident=longest), generation, now=NOW)) < 5000


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize(
    ("severity", "level"),
    [("SEV-1", logging.ERROR), ("SEV-2", logging.ERROR), ("SEV-3", logging.WARNING), ("SEV-4", logging.INFO)],
)
def test_what_is_bad_is_logged_as_such_and_what_is_over_as_news(
    told: tuple[Delivery, Generation[Any]], kind: Kind, severity: Any, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    delivery, generation = told
    findings = tuple(replace(finding, severity=severity) for finding in delivery.incident.findings)
    delivery = replace(delivery, kind=kind, incident=replace(delivery.incident, findings=findings))
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    LogNotifier(logging.getLogger("hotagents.runner.k8s-monitor")).tell(delivery, generation, now=NOW)
    (record,) = caplog.records
    assert record.levelno == (logging.INFO if kind in OVER else level)
    assert record.getMessage() == sentence(delivery, generation, now=NOW)
    assert record.getMessage().startswith(f"{kind.upper()} {severity} ")
    assert vars(record)["incident"] == delivery.incident.id


def test_a_percent_sign_is_a_percent_sign(
    told: tuple[Delivery, Generation[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    delivery, generation = told
    LogNotifier(logging.getLogger("hotagents")).tell(replace(delivery, channel="100%s %d"), generation, now=NOW)
    assert "channel 100%s %d" in caplog.text


def test_nobody_hears_of_a_look_that_a_person_takes(
    told: tuple[Delivery, Generation[Any]], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.clear()
    NoNotifier().tell(*told, now=NOW)
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")
