"""A registry and a model of it, driven side by side through whatever can happen to a mount, an operator and a pod.

After each step everything that the registry says is compared with the model, and with what must hold in any case.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hotagents import Ceiling, ConfigRegistry, InvalidConfigError, SourceError, Tree, UnknownGenerationError
from hotagents.loading import Schema, load
from hotagents.snapshot import Snapshot
from hotagents.spec import AgentSpec
from hotagents.testing import ConfigMapVolume
from hotagents.watchers import SignalWatcher

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from hotagents import Pin
    from hotagents.watchers import Watcher
    from tests.proof import model
else:  # by its file, since tests are no package
    _SPEC = importlib.util.spec_from_file_location("hotagents_proof_model", Path(__file__).with_name("model.py"))
    model = importlib.util.module_from_spec(_SPEC)
    sys.modules[_SPEC.name] = model
    _SPEC.loader.exec_module(model)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="volumes need the links of Linux or macOS")

ALLOWED: Final = ("Read", "Grep", "Glob")
QUESTIONS: Final = [("Read", None), ("Grep", None), ("Bash", None), ("Bash", "git log"), ("Write", None)]
CONDITIONS: Final = ("Loaded", "Current", "Watching", "Complete")
STATES: Final = {"": "current", "Failed": "blind"}
NAMES: Final = ("a", "b", "c")

agents = st.dictionaries(
    st.sampled_from(NAMES),
    st.tuples(st.sampled_from(["one", "two"]), st.sampled_from(["Read", "Read, Grep", "[]", "Read"])),
    min_size=1,
)
faults = st.sampled_from(["broken", "taken", "taken early", "above", "renamed"])
often = st.sampled_from([True, True, True, False])
locks = st.sampled_from(["", "", "", "right", "stale", "nonsense"])


@final
class Quiet:
    """A volume tree of which no event tells, so that every look is the machine's own."""

    def __init__(self, path: Path) -> None:
        self._tree = Tree(path, settle=0.01)

    def read(self) -> Snapshot:
        return self._tree.read()

    def token(self) -> Hashable:
        return self._tree.token()

    def watcher(self) -> Watcher:
        return SignalWatcher()


class Machine(RuleBasedStateMachine):
    """The rules."""

    home: Path
    policy: Any
    ceiled: bool
    known: bool
    registry: ConfigRegistry[Any]

    @initialize(kept=st.integers(1, 4), first=agents)
    def begin(self, kept: int, first: Any) -> None:
        policy, ceiling = self.policy, self.ceiled
        root = Path(tempfile.mkdtemp(dir=self.home))
        self.version = 0
        self.good: tuple[str, ...] | None = None
        self.pins: list[tuple[Pin[Any], dict[tuple[str, int], bool]]] = []
        self.seen: dict[int, tuple[str, int | None]] = {}
        self.model = model.Model(policy=policy, ceiling=ceiling, kept=kept)
        self.ceiling = Ceiling(tools=ALLOWED) if ceiling else None
        self.options: dict[str, Any] = {
            "documents": {model.CONTEXT: None},
            "ceiling": self.ceiling,
            "on_invalid": policy,
            "on_start_invalid": "last-good",
            "state_dir": root / "state",
            "history": kept,
            "resync_interval": 3600,
        }
        self.outer = ConfigMapVolume(root / "mount")
        self.outer.write(self.context("one"))
        self.inner = self.outer.nested("agents")
        self.inner.write(self.spelt(first))
        self.schema = Schema(AgentSpec, {model.CONTEXT: None}, ceiling=self.ceiling)
        self.start()

    def teardown(self) -> None:
        if hasattr(self, "registry"):
            self.registry.close()

    # --- texts ------------------------------------------------------------------------------------------------------

    def context(self, text: str) -> dict[str, str]:
        self.version += 1
        return {model.CONTEXT: f"{text}, version {self.version}\n", "data.txt": f"version {self.version}\n"}

    def spelt(self, agents: Mapping[str, tuple[str, str]]) -> dict[str, str]:
        self.version += 1
        return {f"{name}.md": model.agent(name, *said, self.version) for name, said in agents.items()}

    def unlocked(self, volume: ConfigMapVolume) -> dict[str, str]:
        return {path: text for path, text in self.text_in(volume).items() if path != model.LOCK}

    @property
    def is_mounted(self) -> bool:
        return os.path.islink(self.inner.path / "..data")

    def look(self) -> model.Content | None:
        """What the registry finds now; None where a volume is lost that it knows to be one."""
        self.known = self.known or self.is_mounted
        if self.known and not self.is_mounted:
            return None
        return model.Content(self.text_in(self.outer), self.text_in(self.inner))

    @staticmethod
    def text_in(volume: ConfigMapVolume) -> dict[str, str]:
        return {path: content.decode() for path, content in volume.files.items()}

    # --- what happens to the mount ------------------------------------------------------------------------------------

    @rule(agents=agents, seen=often)
    def write_agents(self, agents: Any, seen: bool) -> None:  # noqa: FBT001 - here and below: drawn by name
        self.inner.write(self.spelt(agents))
        self.reload_if(seen)

    @rule(text=st.sampled_from(["one", "two"]), seen=often)
    def write_context(self, text: str, seen: bool) -> None:  # noqa: FBT001
        self.outer.write(self.context(text))
        self.reload_if(seen)

    @rule(fault=faults, name=st.sampled_from(NAMES), also=agents, seen=often)
    def write_something_broken(self, fault: str, name: str, also: Any, seen: bool) -> None:  # noqa: FBT001
        files = self.spelt(also)
        match fault:
            case "broken":
                files[f"{name}.md"] = model.BROKEN.format(name)
            case "above":
                files[f"{name}.md"] = model.agent(name, "one", f"Read, {model.ABOVE}", self.version)
            case "renamed":
                files[f"{name}.md"] = model.BROKEN.format(name)
                files["0.md"] = model.agent(name, "one", "Read", self.version)
            case _:
                path = "0.md" if fault == "taken early" else "z.md"
                files[path] = model.agent(name, "two", "Read", self.version)
        self.inner.write(files)
        self.reload_if(seen)

    @rule(which=st.sampled_from(["inner", "outer"]), seen=often)
    def empty_a_volume(self, which: str, seen: bool) -> None:  # noqa: FBT001
        (self.inner if which == "inner" else self.outer).write({})
        self.reload_if(seen)

    @precondition(lambda self: self.is_mounted)
    @rule(
        lock=locks,
        where=st.sampled_from(["inner", "outer"]),
        text=st.none() | st.just("two"),
        more=st.none() | agents,
        seen=often,
    )
    def write_a_lock(self, lock: str, where: str, text: str | None, more: Any, seen: bool) -> None:  # noqa: FBT001
        """Both volumes, one before the other, under a lock of what both will hold."""
        outer = self.unlocked(self.outer) if text is None else self.context(text)
        inner = self.unlocked(self.inner) if more is None else self.spelt(more)
        listed = model.Content(outer, inner) if lock == "right" else self.model.history[-1].content
        said = {"": {}, "nonsense": {model.LOCK: "nonsense"}}.get(lock, {model.LOCK: model.lock_of(listed)})
        steps = [(self.outer, outer), (self.inner, inner)]
        (first, files), (second, others) = steps if where == "outer" else reversed(steps)
        first.write({**files, **said})
        self.reload()
        second.write(others)
        self.reload_if(seen)

    @precondition(lambda self: self.is_mounted)
    @rule(seen=often)
    def write_in_place(self, seen: bool) -> None:  # noqa: FBT001
        """Somebody with a shell writes into what is served, all of it anew; no event tells of that."""
        self.version += 1
        old, anew = self.text_in(self.inner), f"version {self.version}"
        self.inner.write_in_place({path: re.sub(r"version \d+", anew, text) for path, text in old.items()})
        self.reload_if(seen)

    @precondition(lambda self: self.is_mounted)
    @rule(seen=often)
    def detach(self, seen: bool) -> None:  # noqa: FBT001
        self.inner.detach()
        self.reload_if(seen)

    @rule(agents=agents, seen=often)
    def remount(self, agents: Any, seen: bool) -> None:  # noqa: FBT001
        """The outer volume is built anew, and with it the mount point of the inner."""
        self.outer.remount()
        self.reload_if(seen and self.known)
        self.inner.write(self.spelt(agents))
        self.reload_if(seen)

    # --- what the registry and its operator do ------------------------------------------------------------------------

    @rule()
    def reload(self) -> None:
        expected = self.model.read(self.look())
        assert self.registry.reload() == expected
        self.remember()

    @rule()
    def look_as_the_watch_does(self) -> None:
        """What was read and found good is not read again while the links lead to the same payloads."""
        same = self.good == self.payloads
        expected = "unchanged" if same else self.model.read(self.look())
        assert self.registry._core._reloader.check().result == expected
        if not same:
            self.remember()

    def remember(self) -> None:
        self.good = self.payloads if self.model.is_well else None

    @property
    def payloads(self) -> tuple[str, ...]:
        return tuple(volume.payload for volume in (self.outer, self.inner) if os.path.islink(volume.path / "..data"))

    def reload_if(self, seen: bool) -> None:  # noqa: FBT001
        if seen:
            self.reload()

    @precondition(lambda self: self.model.history)
    @rule(back=st.integers(0, 4), form=st.sampled_from(["number", "generation"]))
    def rollback(self, back: int, form: str) -> None:
        number = self.model.number - back
        generation = {g.number: g for g in self.registry.history}.get(number)
        to: Any = generation if form == "generation" and generation is not None else number
        if self.model.rollback(number):
            assert self.registry.rollback(to) is self.registry.current
        else:
            with pytest.raises(UnknownGenerationError):
                self.registry.rollback(to)

    @rule()
    def resume(self) -> None:
        expected = self.model.resume(self.look())
        assert self.registry.resume() == expected
        self.remember()

    @rule(back=st.integers(0, 2))
    def confirm(self, back: int) -> None:
        found = self.registry.history[min(back, len(self.registry.history) - 1)]
        assert self.model.confirm(found.number)
        self.registry.confirm(found)

    @rule()
    def pin(self) -> None:
        self.pins.append((self.registry.pin(), {}))

    @precondition(lambda self: self.pins)
    @rule(index=st.integers(0, 20))
    def unpin(self, index: int) -> None:
        self.pins.pop(index % len(self.pins))[0].close()

    @rule()
    def restart(self) -> None:
        self.registry.close()
        self.pins.clear()
        self.seen.clear()
        self.start()

    def start(self) -> None:
        self.known = False
        self.registry = ConfigRegistry(Quiet(self.outer.path), **self.options)
        if self.model.start(self.look()):
            self.registry.start()
            self.remember()
            return
        with pytest.raises((SourceError, InvalidConfigError)):
            self.registry.start()
        self.outer.write(self.context("again"))
        self.inner.write(self.spelt({"a": ("again", "Read")}))
        self.registry = ConfigRegistry(Quiet(self.outer.path), **self.options)
        assert self.model.start(self.look())
        self.registry.start()
        self.remember()

    # --- what holds after each step -----------------------------------------------------------------------------------

    @invariant()
    def what_is_served_is_what_the_model_serves(self) -> None:
        current, expected = self.registry.current, self.model.history[0]
        assert (current.number, current.restores) == (expected.number, expected.restores)
        assert current.digest == expected.content.digest
        candidate = self.registry._core._reloader.set_of(current)
        assert candidate is not None
        served = {path: entry.content.decode() for path, entry in candidate.entries.items() if not model.is_lock(path)}
        assert served == {path: text for path, text in expected.content.files.items() if not model.is_lock(path)}

    @invariant()
    def it_is_whole_valid_and_never_empty(self) -> None:
        current = self.registry.current
        candidate = self.registry._core._reloader.set_of(current)
        assert candidate is not None
        again = load(Snapshot.of(candidate.parts), self.schema)
        assert (again.errors, again.mismatches, again.digest) == ((), (), current.digest)
        assert current.agents
        if self.model.policy != "hold-file":
            for part in candidate.parts:
                texts = [text.decode() for path, text in part.files.items() if not model.is_lock(path)]
                assert len({text.rpartition("version ")[2] for text in texts}) == 1
        if self.ceiling is not None:
            assert [agent for agent in current.agents.values() if list(self.ceiling.excesses(agent))] == []

    @invariant()
    def numbers_grow_by_one_and_the_history_is_bounded(self) -> None:
        history = self.registry.history
        assert len(history) <= self.model.kept
        assert [g.number for g in history] == [p.number for p in self.model.history]
        for generation in history:
            known = self.seen.setdefault(generation.number, (generation.digest, generation.restores))
            assert known == (generation.digest, generation.restores)
            if generation.restores is not None:
                assert generation.restores < generation.number
                assert self.seen[generation.restores][0] == generation.digest

    @invariant()
    def the_status_fits(self) -> None:
        status = self.registry.status
        conditions = {c.type: c for c in status.conditions}
        assert tuple(c.type for c in status.conditions) == CONDITIONS
        assert all(c.status is not bool(c.reason) for c in status.conditions)
        assert conditions["Loaded"].status
        reason = conditions["Current"].reason
        assert reason == self.model.reason
        all_is_served = reason == "Held" and status.digest == status.observed_digest
        assert status.state == ("current" if all_is_served else STATES.get(reason, "behind"))
        assert (status.generation, status.digest) == (self.registry.current.number, self.registry.current.digest)
        assert status.observed_digest == self.model.observed
        assert status.pins == len(self.pins)
        if not reason:
            assert all(c.status for c in status.conditions)
            assert status.digest == status.observed_digest
            assert not status.last_error

    @invariant()
    def pins_only_shrink(self) -> None:
        for pin, answers in self.pins:
            for name in NAMES:
                for index, question in enumerate(QUESTIONS):
                    now = pin.allows(name, *question)
                    assert answers.get((name, index), True) or not now
                    answers[name, index] = now
                    assert not now or pin.generation.agents[name].allows(*question)
                    assert not now or self.registry.current.agents[name].allows(*question)


def drive(home: Path, policy: str, *, ceiling: bool, examples: int, steps: int, derandomize: bool) -> None:
    class Here(Machine):
        pass

    Here.home, Here.policy, Here.ceiled = home, policy, ceiling
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=derandomize,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


every_setting = [
    pytest.mark.parametrize("policy", ["hold-set", "hold-volume", "hold-file"]),
    pytest.mark.parametrize("ceiling", [False, True], ids=["free", "ceiling"]),
]


@pytest.mark.untraced
@every_setting[0]
@every_setting[1]
def test_a_registry_does_what_its_model_does(tmp_path: Path, policy: str, *, ceiling: bool) -> None:
    drive(tmp_path, policy, ceiling=ceiling, examples=25, steps=40, derandomize=True)


@pytest.mark.stress
@pytest.mark.timeout(1800)
@every_setting[0]
@every_setting[1]
def test_a_registry_does_what_its_model_does_for_as_long_as_it_is_tried(
    tmp_path: Path, policy: str, seconds: float, *, ceiling: bool
) -> None:
    end = time.monotonic() + seconds / 2
    while time.monotonic() < end:
        drive(tmp_path, policy, ceiling=ceiling, examples=20, steps=60, derandomize=False)
