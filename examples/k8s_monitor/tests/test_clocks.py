"""A clock that is wrong, and is set right: nothing is held back by it, and nothing gets better."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
CHECKOUT: Final = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE)
# Of P0, and degraded: SEV-2 at first, SEV-1 after half an hour.
PARTLY: Final = deployment(
    "checkout-api", namespace="payments", replicas=9, available=8, since=NOW - DAY, progressed=NOW - DAY
)


def states(result: Any) -> dict[str, str]:
    return {finding["rule"]: finding["state"] for finding in result.data["findings"]}


def severity(result: Any) -> str:
    (finding,) = result.data["findings"]
    return str(finding["severity"])


def lasting(bench: Any, minutes: int) -> Any:
    """A fault without a time of its own, that the monitor has known for so long."""
    bench.look(PARTLY)
    return bench.again(after=minutes * MINUTE)


def test_what_is_open_stays_so_through_a_roll_out_and_a_clock_that_is_set_back(bench: Any) -> None:
    bench.look(CHECKOUT)
    bench.heard.taken()
    restarted = deployment(
        "checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE,
        progress="ReplicaSetUpdated", progressed=NOW + MINUTE,
    )  # fmt: skip
    for after in (2 * MINUTE, MINUTE):
        assert states(bench.look(restarted, after=after)) == {"deployment-short": "open"}
    bench.set_clock(NOW - timedelta(hours=1))
    assert states(bench.look(restarted)) == {"deployment-short": "open"}
    assert "withdrawn" not in {kind for kind, _, _ in bench.heard.taken()}


def test_a_clock_that_goes_back_and_forth_changes_no_severity(bench: Any) -> None:
    assert severity(lasting(bench, 20)) == "SEV-2"
    assert severity(bench.again(after=15 * MINUTE)) == "SEV-1"
    told = [kind for kind, _, _ in bench.heard.taken()]
    assert told == ["alert", "worse"]
    right = bench.clock.now()
    for back in (30, 5, 90, 30):
        bench.set_clock(right - back * MINUTE)
        assert severity(bench.again()) == "SEV-1"
        bench.set_clock(right := right + MINUTE)
        assert severity(bench.again()) == "SEV-1"
    assert {kind for kind, _, _ in bench.heard.taken()} <= {"reminder"}


def test_a_fault_that_changes_while_the_clock_is_back_has_lasted_all_the_same(bench: Any) -> None:
    assert severity(lasting(bench, 35)) == "SEV-1"
    bench.set_clock(NOW + 5 * MINUTE)
    assert severity(bench.look(CHECKOUT)) == "SEV-1"  # all of it is down now, whose severity knows no durations
    assert severity(bench.look(PARTLY)) == "SEV-1"


def test_an_edit_makes_it_milder_whatever_the_clock_did(bench: Any) -> None:
    assert severity(lasting(bench, 35)) == "SEV-1"
    bench.set_clock(NOW + 5 * MINUTE)
    bench.edit("agents/escalation-manager.md", ("{0m: SEV-2, 30m: SEV-1}", "{0m: SEV-2, 50m: SEV-1}"))
    assert severity(bench.again()) == "SEV-2"
    assert severity(bench.again(after=46 * MINUTE)) == "SEV-1"


def test_a_roll_out_that_goes_on_makes_a_fault_milder_that_nobody_heard_of_yet(bench: Any) -> None:
    bench.edit("CLAUDE.md", ("      namespace: payments\n", "      namespace: payments\n      hold: 2h\n"))
    result = lasting(bench, 35)
    assert (states(result), severity(result)) == ({"deployment-short": "pending"}, "SEV-1")
    moving = deployment(
        "checkout-api", namespace="payments", replicas=9, available=8, since=NOW - DAY,
        progress="ReplicaSetUpdated", progressed=bench.clock.now(),
    )  # fmt: skip
    assert severity(bench.look(moving, after=MINUTE)) == "SEV-2"


def test_a_fault_that_comes_anew_begins_anew(bench: Any) -> None:
    assert severity(lasting(bench, 35)) == "SEV-1"
    whole = deployment("checkout-api", namespace="payments")
    bench.look(whole, after=MINUTE)
    assert bench.look(whole, after=MINUTE).data["findings"] == []
    assert severity(bench.look(PARTLY, after=MINUTE)) == "SEV-2"


def test_a_clock_that_was_ahead_and_is_set_right_holds_nothing_back(bench: Any, make_bench: Callable[[], Any]) -> None:
    cart: dict[str, Any] = deployment("cart", namespace="shop", replicas=9, available=8)
    cart["status"]["conditions"] = []  # no time of its own
    ahead = make_bench()
    ahead.look(CHECKOUT, cart, after=DAY)
    ahead.look(cart)
    bench.monitor._book = ahead.monitor._book  # all of it remembered with times of tomorrow
    assert [told["kind"] for told in bench.look(CHECKOUT, cart).data["told"]] == ["reminder"]
    whole = deployment("checkout-api", namespace="payments")
    bench.look(cart, whole, after=14 * MINUTE)
    result = bench.again(after=MINUTE)
    assert [(told["kind"], told["owner"]["name"]) for told in result.data["told"]] == [
        ("resolved", "checkout-api"),
        ("alert", "cart"),
    ]


def test_a_clock_that_is_behind_the_clusters_never_counts_from_the_future(bench: Any) -> None:
    ahead = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW + DAY)
    result = bench.look(ahead)
    assert states(result) == {"deployment-short": "pending"}
    assert result.data["findings"][0]["since"] == NOW.isoformat()
