"""How often a model is asked, and about what, whatever comes and goes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing.model import (
    ModelServer,
    failing,
    formed,
    sensible,
    text,
)
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.testing.model import Reply, Request

MINUTE: Final = timedelta(minutes=1)
OLD: Final = NOW - timedelta(days=1)
CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=OLD)
ON_CALL: Final = "P0: payments on-call"


def short(name: str) -> dict[str, Any]:
    return deployment(name, namespace="shop", replicas=2, available=1, since=OLD)


def incidents_in(request: Request) -> list[str]:
    schema = request.output_config["format"]["schema"]
    found: list[str] = schema["properties"]["remarks"]["items"]["properties"]["incident"]["enum"]
    return found


def test_what_takes_too_much_is_asked_about_in_smaller_parts_and_last(asking: Callable[..., Any]) -> None:
    sizes: list[int] = []

    def script(request: Request) -> Reply:
        sizes.append(len(incidents_in(request)))
        return text("I cannot.") if "shop/w03" in request.text else formed(request)

    names = [f"w{number:02}" for number in range(12)]
    with ModelServer(script) as server:
        bench = asking(server, interval=1.0)
        results = [bench.look(*map(short, names), after=timedelta(hours=7)) for _ in range(20)]
    assert sizes[:3] == [10, 5, 7]
    assert max(sizes[-2:]) == 1  # it alone is left, and costs no other its remark
    assert results[-1].data["analysis"]["waiting"] == 1


def test_a_generation_that_goes_back_and_forth_is_asked_for_once_each(asking: Callable[..., Any]) -> None:
    with ModelServer(formed) as server:
        bench = asking(server)
        names = [ON_CALL, "P0: others"]
        bench.look(CART)
        for number in range(30):
            bench.edit("CLAUDE.md", (names[number % 2], names[(number + 1) % 2]))
            result = bench.again(after=11 * MINUTE)
            assert result.data["analysis"]["remarks"] == 1
        assert len(server.requests) == 2


def test_a_generation_that_changes_each_minute_is_asked_for_each_interval_and_what_waits_is_said(
    asking: Callable[..., Any],
) -> None:
    with ModelServer(formed) as server:
        bench = asking(server)
        bench.look(CART)
        states, last = [], ON_CALL
        for number in range(40):
            bench.edit("CLAUDE.md", (last, f"P0: number {number}"))
            last = f"P0: number {number}"
            states.append(bench.again(after=MINUTE).data["analysis"]["state"])
        assert len(server.requests) == 5
    assert set(states) == {"waiting", "ok"}
    assert states.count("ok") == 4


def test_what_flaps_costs_an_analysis_an_interval_at_most(asking: Callable[..., Any]) -> None:
    with ModelServer(formed) as server:
        bench = asking(server)
        for number in range(120):
            bench.look(*(short(f"w{n}") for n in range(number % 7, number % 7 + 3)), after=MINUTE)
        assert len(server.requests) <= 12


def test_what_is_muted_and_then_open_is_asked_about_once_it_is_open(asking: Callable[..., Any]) -> None:
    muted = (
        "known_issues: []\n",
        "known_issues:\n  - {match: {name: cart}, until: 2026-12-31, reason: it is known}\n",
    )
    with ModelServer(formed) as server:
        bench = asking(server)
        bench.edit("CLAUDE.md", muted)
        for _ in range(5):
            assert bench.look(CART, after=11 * MINUTE).data["analysis"]["state"] == "ok"
        assert server.requests == ()
        bench.edit("CLAUDE.md", (muted[1], muted[0]))
        assert bench.again(after=MINUTE).data["analysis"]["remarks"] == 1


def test_a_hundred_open_incidents_are_asked_about_ten_at_a_time_and_then_no_more(asking: Callable[..., Any]) -> None:
    with ModelServer(formed) as server:
        bench = asking(server)
        left = []
        for _ in range(10):
            result = bench.look(*(short(f"w{number:03}") for number in range(100)), after=11 * MINUTE)
            left.append(result.data["analysis"]["waiting"])
        assert left == [90, 80, 70, 60, 50, 40, 30, 20, 10, 0]
        for _ in range(20):
            assert bench.again(after=11 * MINUTE).data["analysis"]["ended"] is None
        assert len(server.requests) == 10


def test_the_interval_is_kept_by_a_restart_also_where_it_is_a_day(asking: Callable[..., Any], tmp_path: Path) -> None:
    with ModelServer([failing(400, "invalid_request_error", "no")], repeat=True) as server:
        bench = asking(server, directory=tmp_path, interval=86_400.0)
        bench.look(CART)
        asked = len(server.requests)
        for hours in (7, 7, 7):
            bench.restart()
            bench.again(after=timedelta(hours=hours))
        assert len(server.requests) == asked


@pytest.mark.parametrize("moved", [timedelta(days=1), timedelta(days=365), -timedelta(days=1), -timedelta(days=365)])
def test_a_clock_that_is_set_stops_nothing(moved: timedelta, asking: Callable[..., Any], tmp_path: Path) -> None:
    with ModelServer(sensible) as server:
        bench = asking(server, directory=tmp_path)
        bench.look(CART)
        bench.monitor.teardown()
        bench.set_clock(bench.clock.now() + moved)
        bench.restart()
        assert bench.again().status == "ok"
        result = bench.look(CART, short("search"), after=11 * MINUTE)
        assert result.data["analysis"]["waiting"] == 0


def test_an_edit_or_a_restart_that_may_have_mended_it_waits_for_no_more_than_the_interval(
    asking: Callable[..., Any], tmp_path: Path
) -> None:
    with ModelServer([failing(404, "not_found_error", "model: x")], repeat=True) as server:
        bench = asking(server, directory=tmp_path)
        for _ in range(200):
            bench.look(CART, after=MINUTE)
        asked = len(server.requests)
        bench.again(after=11 * MINUTE)
        assert len(server.requests) == asked  # a pause after many failures is long
        bench.edit("CLAUDE.md", (ON_CALL, "P0: others"))
        bench.again(after=MINUTE)
        assert len(server.requests) == asked + 1
        bench.restart()
        bench.again(after=5 * MINUTE)
        assert len(server.requests) == asked + 1
        bench.again(after=6 * MINUTE)
        assert len(server.requests) == asked + 2


def test_a_server_that_asks_to_be_left_alone_is_whatever_is_edited(asking: Callable[..., Any]) -> None:
    reply = failing(529, "overloaded_error", "Overloaded", retry_after=3600)
    with ModelServer([reply], repeat=True) as server:
        bench = asking(server)
        bench.look(CART)
        bench.edit("CLAUDE.md", (ON_CALL, "P0: others"))
        bench.again(after=timedelta(minutes=59))
        assert len(server.requests) == 1
        bench.again(after=2 * MINUTE)
        assert len(server.requests) == 2
