"""What of a model's answer is believed: ids that there are, lines that read, entries that can be pasted."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotagents import ConfigRegistry, Memory, load_plugins
from hotagents_k8s_monitor import plugin
from hotagents_k8s_monitor.analysis.errors import AnalysisError
from hotagents_k8s_monitor.analysis.remarks import Remark, said
from hotagents_k8s_monitor.analysis.results import Form
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.policy import Policy
from hotagents_k8s_monitor.testing.model import HOSTILE
from hotagents_k8s_monitor.testing.objects import NOW, deployment, node, pod

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.incidents import Incident

OLD: Final = NOW - timedelta(days=1)
CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=OLD)
NODE: Final = node("node-a", ready="Unknown", since=OLD)
POD: Final = pod("cart-x", namespace="shop")
ODD: Final = pod("x;id", namespace="shop")
CART_ID: Final = "deployments.apps/shop/cart"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def incident(bench: Any) -> Incident:
    """One of the Deployment shop/cart."""
    bench.look(CART, NODE, POD)
    found: Incident = next(i for i in bench.monitor._book.incidents.values() if i.owner.name == "cart")
    return found


@pytest.fixture
def form(incident: Incident, seen: Callable[..., Any]) -> Form:
    return Form({"incident-1": incident}, seen([CART, NODE, POD, ODD]), NOW)


def answer(**values: Any) -> str:
    return json.dumps({"remarks": [{"incident": "incident-1", "summary": "It is short.", **values}]})


def read(form: Form, **values: Any) -> Remark:
    (remark,) = form.read(answer(**values))
    return remark


def test_evidence_is_what_was_seen_each_once_and_at_most_eight(form: Form, incident: Incident) -> None:
    finding = f"finding/{incident.findings[0].fingerprint}"
    names = [CART_ID, CART_ID, finding, "finding/0000", "pods/shop/none", "nodes/node-a", "nodes//node-a", 3, None]
    assert read(form, cause="c", evidence=names).evidence == (CART_ID, finding, "nodes/node-a", "nodes//node-a")
    assert read(form, evidence=["secrets/shop/cart", "deployments.apps/shop/*", "deployments.apps"]).evidence == ()
    many = [f"pods/shop/{'/' * 9}", *[CART_ID + " "] * 99, CART_ID]
    assert read(form, evidence=many).evidence == (CART_ID,)


def test_a_cause_without_evidence_is_left_out_and_one_alone_needs_some(form: Form) -> None:
    assert read(form, cause="the moon", evidence=["moons//moon"]).cause == ""
    assert read(form, summary="", cause="its node", evidence=[CART_ID]).cause == "its node"
    with pytest.raises(AnalysisError, match="no remark"):
        read(form, summary="", cause="the moon", evidence=[])


@pytest.mark.parametrize(
    ("command", "name", "expected"),
    [
        ("get", CART_ID, "kubectl get deployments.apps cart -n shop -o yaml"),
        ("describe", "nodes/node-a", "kubectl describe nodes node-a"),
        ("events", CART_ID, "kubectl events --for=deployments.apps/cart -n shop"),
        ("logs", "pods/shop/cart-x", "kubectl logs cart-x -n shop --all-containers --tail=100"),
        ("rollout-history", CART_ID, "kubectl rollout history deployments.apps/cart -n shop"),
        ("logs", CART_ID, ""),
        ("rollout-history", "pods/shop/cart-x", ""),
        ("delete", CART_ID, ""),
        ("none", CART_ID, ""),
        (["get"], CART_ID, ""),
        ({"get": 1}, CART_ID, ""),
        ("get", "pods/shop/none", ""),
        ("get", "pods/shop/x;id", ""),  # it is there, and no line that could be pasted has such a name
        ("get", f"{CART_ID} --all", ""),
        ("get", ["deployments.apps", "shop", "cart"], ""),
        ("get", None, ""),
    ],
)
def test_a_command_is_written_from_what_was_seen_and_only_reads(
    command: Any, name: Any, expected: str, form: Form
) -> None:
    found = read(form, command=command, command_object=name).command
    assert found == expected
    assert len(shlex.split(found)) == len(found.split())


def proposed(**changes: Any) -> dict[str, Any]:
    usual = {"rule": "deployment-short", "reason": "It is being moved", "days": 3}
    return {f"known_issue_{key}": value for key, value in (usual | changes).items()}


def test_an_entry_can_be_pasted_into_the_configuration_and_mutes_that_fault_alone(form: Form, bench: Any) -> None:
    reason = "yes: no, # [x] 'y' \"z\" {a: b} - \u00e4\u4e2d\U0001f600 *&!|>%@`"
    entry = read(form, **proposed(reason=reason)).known_issue
    (found,) = yaml.safe_load(entry)
    assert found["match"] == {"rule": "deployment-short", "kind": "Deployment", "namespace": "shop", "name": "cart"}
    assert found["reason"] == reason
    before = bench.files["CLAUDE.md"]
    pasted = before.replace("known_issues: []\n", "known_issues:\n" + "".join(f"  {x}\n" for x in entry.splitlines()))
    assert pasted != before
    plugins = load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin}).hosting([plugin.NAME])
    with ConfigRegistry[Any](
        Memory({**bench.files, "CLAUDE.md": pasted}), spec=plugin.SPECS, documents=plugin.DOCUMENTS, plugins=plugins
    ) as registry:
        policy = Policy.of(registry.current)
    assert policy.muted("deployment-short", Owner("Deployment", "shop", "cart"), NOW) is not None
    assert policy.muted("deployment-short", Owner("Deployment", "shop", "search"), NOW) is None
    assert policy.muted("container-oom", Owner("Deployment", "shop", "cart"), NOW) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": "container-oom"},  # which this incident does not have
        {"rule": "*"},
        {"rule": ["deployment-short"]},
        {"rule": {"deployment-short": 1}},
        {"rule": None},
        {"reason": " "},
        {"reason": None},
        {"days": "3"},
        {"days": True},
        {"days": 3.0},
    ],
)
def test_an_entry_that_is_not_one_is_left_out(changes: dict[str, Any], form: Form) -> None:
    assert read(form, **proposed(**changes)).known_issue == ""


@pytest.mark.parametrize(("days", "until"), [(-(10**9), "2026-11-25"), (0, "2026-11-25"), (10**9, "2026-12-24")])
def test_an_entry_lasts_for_a_day_at_least_and_thirty_at_most(days: int, until: str, form: Form) -> None:
    assert f"until: '{until}'\n" in read(form, **proposed(days=days)).known_issue


@pytest.mark.parametrize(
    "owner",
    [
        Owner("*", "shop", "cart"),  # a reference to an owner may claim anything
        Owner("Deployment", "*", "cart"),
        Owner("Deployment", "shop", "[a-z]*"),
        Owner("Deployment", "shop", "cart\n    name: x"),
        Owner("Deploy ment", "shop", "cart"),
    ],
)
def test_no_entry_speaks_of_more_than_its_owner(owner: Owner, incident: Incident, seen: Callable[..., Any]) -> None:
    findings = tuple(replace(finding, owner=owner) for finding in incident.findings)
    form = Form({"incident-1": replace(incident, owner=owner, findings=findings)}, seen([CART]), NOW)
    assert read(form, **proposed()).known_issue == ""


def test_the_first_remark_on_an_incident_counts(form: Form) -> None:
    remarks = [{"incident": "incident-1", "summary": text} for text in ("", "first", "second")]
    assert [remark.summary for remark in form.read(json.dumps({"remarks": [None, 3, *remarks]}))] == ["first"]


def test_texts_have_no_secret_no_line_and_no_link(form: Form) -> None:
    remark = read(form, summary="See https://x.example/\n\x1b[2Jpassword=correct-horse <@U1>\u202e " + "y" * 5000)
    assert "correct-horse" not in remark.summary
    assert not [part for part in ("://", "\n", "\x1b", "\u202e") if part in remark.summary]
    assert len(remark.summary) <= 601


@given(
    values=st.dictionaries(
        st.sampled_from(
            ["incident", "summary", "cause", "evidence", "command", "command_object", "known_issue_rule",
             "known_issue_reason", "known_issue_days"]
        ),
        json_values
        | st.sampled_from(["incident-1", CART_ID, "get", "deployment-short", [CART_ID], "pods/shop/cart-x"]),
    )
)  # fmt: skip
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_an_answer_holds_is_a_remark_that_comes_back_from_a_file_or_an_error(
    values: dict[str, Any], form: Form
) -> None:
    text = json.dumps({"remarks": [{"incident": "incident-1", "summary": "x", **values}]})
    try:
        remarks = form.read(text)
    except AnalysisError:
        return
    for remark in remarks:
        assert Remark.from_dict(json.loads(json.dumps(remark.to_dict()))) == remark
        if remark.known_issue:
            assert len(yaml.safe_load(remark.known_issue)) == 1


@given(st.text(max_size=900) | st.sampled_from(HOSTILE))
@settings(max_examples=300, deadline=None)
def test_what_was_said_once_stays_as_it_is(text: str) -> None:
    assert said(said(text)) == said(text)


@pytest.mark.parametrize("entry", ["- a: \x1b[2J", "- a: \u202e", "x" * 3000, 3, None, ["x"]])
def test_of_a_file_no_entry_is_taken_that_was_not_written_by_this_program(entry: Any, form: Form) -> None:
    values = read(form).to_dict() | {"known_issue": entry}
    assert Remark.from_dict(values).known_issue == ""
