"""Plugins that look at a candidate: they may refuse it, and never hold up anybody."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, Diagnostic, InvalidConfigError, Memory, Report, hookimpl, load_plugins
from hotagents.validation import Validation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents import Plugins
    from hotagents.loading import Candidate

AGENT = "---\nname: {}\ndescription: text\n---\n"


def _plugins(**validators: Callable[[Any, Report], Any]) -> Plugins:
    def plugin(call: Callable[[Any, Report], Any]) -> Plugin:
        def validate(candidate: Candidate[Any], report: Report) -> None:
            call(candidate, report)

        return Plugin(hotagents_validate=validate)

    return load_plugins(from_entry_points=False, plugins={name: plugin(call) for name, call in validators.items()})


def _run(timeout: float = 10.0, **validators: Callable[[Any, Report], Any]) -> tuple[Diagnostic, ...]:
    candidate: Any = SimpleNamespace()
    return Validation(_plugins(**validators), timeout=timeout).run(candidate)


class Plugin:
    """An object with hooks."""

    def __init__(self, **hooks: Any) -> None:
        self.__dict__.update({name: hookimpl(hook) for name, hook in hooks.items()})


class Hanging:
    """A validator that hangs until it is released; ``threads`` has the thread of each call."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.release = threading.Event()
        self.threads: list[threading.Thread] = []

    def __call__(self, _candidate: Any, report: Report) -> None:
        self.threads.append(threading.current_thread())
        self.called.set()
        assert self.release.wait(10.0)
        report.error("too late for anybody")


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    validator = Hanging()
    yield validator
    validator.release.set()
    for thread in validator.threads:
        thread.join(10.0)


# --- what a plugin may say --------------------------------------------------------------------------------------------


def test_without_plugins_there_is_nothing_to_say() -> None:
    candidate: Any = SimpleNamespace()
    assert Validation(None, timeout=1.0).run(candidate) == ()
    assert _run() == ()


def test_a_veto_and_a_warning_name_the_plugin_and_the_file() -> None:
    def say(_candidate: Any, report: Report) -> None:
        report.warning("odd", path="a.md")
        report.error("no", path="b.md")
        report.error("never")

    assert [(d.code, d.severity, d.path, d.message) for d in _run(strict=say)] == [
        ("rejected-by-plugin", "error", "b.md", "plugin strict: no"),
        ("rejected-by-plugin", "error", "", "plugin strict: never"),
        ("plugin-warning", "warning", "a.md", "plugin strict: odd"),
    ]


def test_a_finding_names_its_place_in_the_file_and_the_remedy() -> None:
    def say(_candidate: Any, report: Report) -> None:
        report.error("expected 3, got 4", path="a.md", line=7, column=5, key="limits.most", hint="write: most: 3")

    assert [str(finding) for finding in _run(strict=say)] == [
        "a.md:7:5: rejected-by-plugin: limits.most: plugin strict: expected 3, got 4; write: most: 3"
    ]


@pytest.mark.parametrize(("given", "kept"), [(-5, 0), (10**5000, 10**9), (7, 7)], ids=["less", "more", "fit"])
def test_a_place_that_no_file_has_is_brought_into_bounds(given: int, kept: int) -> None:
    def say(_candidate: Any, report: Report) -> None:
        report.warning("odd", path="a.md", line=given, column=given)

    assert [(d.line, d.column) for d in _run(odd=say)] == [(kept, kept)]


def test_what_is_no_text_is_made_one_in_the_plugins_own_thread() -> None:
    def say(_candidate: Any, report: Report) -> None:
        message: Any = ValueError("no")
        path: Any = PurePosixPath("agents/a.md")
        report.error(message, path=path)
        report.warning(message, path=path)

    assert [(d.path, d.message) for d in _run(odd=say)] == [("agents/a.md", "plugin odd: no")] * 2


class Unspeakable(Exception):  # noqa: N818 - a name for the message
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no"), "ValueError: no"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyError(), "KeyError"),
        (Unspeakable(), "Unspeakable: (its text cannot be had)"),
    ],
)
def test_a_validator_that_raises_refuses_in_its_name(error: BaseException, text: str) -> None:
    def fail(_candidate: Any, report: Report) -> None:
        report.warning("lost")
        raise error

    (diagnostic,) = _run(bad=fail)
    assert (diagnostic.code, diagnostic.severity, diagnostic.message) == (
        "rejected-by-plugin",
        "error",
        f"plugin bad: {text}",
    )


def test_every_validator_is_asked_though_one_refuses() -> None:
    def refuse(_candidate: Any, report: Report) -> None:
        report.error("no")

    assert [d.message for d in _run(a=refuse, b=refuse)] == ["plugin b: no", "plugin a: no"]


def test_a_process_without_a_thread_to_spare_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    (diagnostic,) = _run(any=lambda _candidate, _report: None)
    assert diagnostic.message == "plugin any: can't start new thread"


# --- one that hangs ---------------------------------------------------------------------------------------------------


def test_a_validator_that_hangs_is_refused_in_time_and_not_called_again_before_it_returned(hanging: Hanging) -> None:
    candidate: Any = SimpleNamespace()
    validation = Validation(_plugins(slow=hanging), timeout=0.05)
    begun = time.monotonic()
    assert [d.message for d in validation.run(candidate)] == ["plugin slow: did not return within 0.05 s"]
    assert time.monotonic() - begun < 5.0
    for _ in range(3):
        assert [d.message for d in validation.run(candidate)] == ["plugin slow: an earlier call has not returned yet"]
    assert len(hanging.threads) == 1
    hanging.release.set()
    hanging.threads[0].join(10.0)
    assert [d.message for d in validation.run(candidate)] == ["plugin slow: too late for anybody"]
    assert len(hanging.threads) == 2


def test_the_close_ends_a_wait_at_once_and_no_validator_is_called_after_it(hanging: Hanging) -> None:
    candidate: Any = SimpleNamespace()
    called: list[Any] = []
    validation = Validation(_plugins(after=lambda c, _: called.append(c), slow=hanging), timeout=60.0)
    said: queue.SimpleQueue[tuple[Diagnostic, ...]] = queue.SimpleQueue()
    waiting = threading.Thread(target=lambda: said.put(validation.run(candidate)), daemon=True)
    waiting.start()
    assert hanging.called.wait(10.0)
    validation.close()
    messages = [d.message for d in said.get(timeout=10.0)]
    assert messages == ["plugin slow: the registry is closing", "plugin after: the registry is closing"]
    assert called == []
    waiting.join(10.0)
    validation.close()


# --- in a registry ----------------------------------------------------------------------------------------------------


def test_a_veto_keeps_the_last_good_generation_and_a_warning_is_published_with_it() -> None:
    def judge(candidate: Candidate[Any], report: Report) -> None:
        report.warning("looked at")
        if "forbidden" in candidate.agents:
            report.error("no such agent", path="b.md")

    source = Memory({"a.md": AGENT.format("a")})
    with ConfigRegistry(source, plugins=_plugins(judge=judge)) as registry:
        assert [d.message for d in registry.current.diagnostics] == ["plugin judge: looked at"]
        source.update({"b.md": AGENT.format("forbidden")})
        registry.reload()
        assert registry.current.number == 1
        assert registry.status.last_error == "b.md: rejected-by-plugin: plugin judge: no such agent"
        source.update({"b.md": AGENT.format("allowed")})
        registry.reload()
        assert (registry.current.number, registry.status.state) == (2, "current")


def test_a_veto_of_the_first_set_is_an_error() -> None:
    registry = ConfigRegistry(
        Memory({"a.md": AGENT.format("a")}), plugins=_plugins(judge=lambda _, report: report.error("no"))
    )
    with pytest.raises(InvalidConfigError, match="plugin judge: no"):
        registry.start()


def test_a_registry_closes_within_a_second_while_a_validator_hangs(hanging: Hanging) -> None:
    def hang_on_two(candidate: Candidate[Any], report: Report) -> None:
        if len(candidate.agents) > 1:
            hanging(candidate, report)

    source = Memory({"a.md": AGENT.format("a")})
    registry = ConfigRegistry(source, plugins=_plugins(slow=hang_on_two), validate_timeout=60.0)
    registry.start()
    source.update({"b.md": AGENT.format("b")})
    assert hanging.called.wait(10.0)
    assert registry.current.number == 1
    begun = time.monotonic()
    registry.close()
    assert time.monotonic() - begun < 1.0
    assert registry.current.number == 1
    assert not [t for t in threading.enumerate() if t.name.startswith("hotagents-watch")]
