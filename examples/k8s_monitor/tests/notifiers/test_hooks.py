"""The hook by which others add notifiers; whatever is wrong with one of them costs no other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.hooks import hookimpl, notifiers_of_plugins
from hotagents_k8s_monitor.post import Post
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from pathlib import Path

    from hotagents_k8s_monitor.notify import Sending, Slip

HOUR: Final = timedelta(hours=1)


class Pager:
    name = "pager"

    def send(self, sending: Sending) -> Slip:
        return sending.slip


class Good:
    @hookimpl
    def k8s_monitor_notifiers(self) -> list[Any]:
        return [Pager()]


class NotConfigured:
    @hookimpl
    def k8s_monitor_notifiers(self) -> list[Any]:
        return []


class Raises:
    @hookimpl
    def k8s_monitor_notifiers(self) -> list[Any]:
        raise OSError("no file")


class NoNotifiers:
    @hookimpl
    def k8s_monitor_notifiers(self) -> list[Any]:
        return ["pager"]


class Unknown:
    @hookimpl
    def k8s_monitor_notifires(self) -> list[Any]:
        return []


def test_a_plugin_s_notifiers_are_used() -> None:
    (pager,) = notifiers_of_plugins({"one": Good(), "two": NotConfigured()})
    assert pager.name == "pager"


@pytest.mark.parametrize("broken", [Raises(), NoNotifiers(), Unknown()])
def test_one_that_is_broken_is_logged_and_left_out(broken: object, caplog: pytest.LogCaptureFixture) -> None:
    assert [n.name for n in notifiers_of_plugins({"broken": broken, "good": Good()})] == ["pager"]
    assert "plugin broken: its notifiers are left out" in caplog.text


def test_nothing_is_installed_here() -> None:
    assert notifiers_of_plugins() == ()


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="got pager twice"):
        Post([Pager(), Pager()])


@pytest.mark.parametrize("name", ["", "../x", "Pager", "x" * 60])
def test_a_name_that_no_file_may_have_is_refused(name: str) -> None:
    pager = Pager()
    pager.name = name
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        Post([pager])


def test_what_waits_for_a_notifier_that_is_not_set_up_any_more_is_said_and_kept(
    bench_with: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        name = "pager"

        def send(self, sending: Sending) -> Slip:
            del sending
            raise OSError("no network")

    bench = bench_with(Broken)
    bench.look(deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - HOUR))
    bench.monitor.teardown()
    before = (tmp_path / "outbox/pager.jsonl").read_bytes()
    for _ in range(2):
        Post([], tmp_path / "outbox").open()
        assert f"NOT TOLD pager: 1 messages wait in {tmp_path}/outbox/pager.jsonl, and nothing is set up" in caplog.text
        assert (tmp_path / "outbox/pager.jsonl").read_bytes() == before
        caplog.clear()
    post = Post([Pager()], tmp_path / "outbox")
    post.open()
    assert not caplog.messages
