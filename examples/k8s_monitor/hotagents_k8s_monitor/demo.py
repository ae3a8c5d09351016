"""The monitor's own story, for `hotagents demo`: a cluster in trouble, and what edits of two ConfigMaps do to findings.

The cluster is a recording behind a real HTTP server on the loopback; the ConfigMaps are the manifests that are
deployed, mounted as they are in the pod; the monitor is the real one, with a clock that stands at the recording's time,
so that the story is the same by night and on Sundays. Nothing is claimed that was not checked.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import SystemClock
from hotagents.demo import Stage
from hotagents.testing import FakeClock
from hotagents_k8s_monitor import plugin
from hotagents_k8s_monitor.cluster.collector import Collector
from hotagents_k8s_monitor.cluster.connection import connect
from hotagents_k8s_monitor.manifests import files_of
from hotagents_k8s_monitor.monitor import Monitor
from hotagents_k8s_monitor.notify import NoNotifier
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.shipped import manifest
from hotagents_k8s_monitor.testing import FakeCluster, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotagents import CycleResult, RunnerInfo, Story
    from hotagents.demo import Served

__all__ = ["UntoldError", "tell"]

_CONTEXT: Final = "."
_AGENTS: Final = "agents"
_KEPT: Final = timedelta(days=1)
_MIB: Final = 1024 * 1024
_LONGEST_WAIT: Final = 30.0
_MINUTE: Final = 60.0
_CHECKOUT: Final = "payments/checkout-api deployment-short"
_TRAINER: Final = ("ml/trainer deployment-short", "ml/trainer pod-unschedulable")
_REPORT: Final = "batch/report-generator"
_NODE: Final = "node-c node-not-ready"


class UntoldError(Exception):
    """A step did not happen as the story tells it."""


def tell(story: Story) -> None:
    """Tell the story.

    Raises:
        UntoldError: If something else happened than is told.
        TimeoutError: If something did not happen.
    """
    frame = Recording.load("trouble").frames[-1]
    clock = FakeClock(frame.at)
    with ExitStack() as stack:
        cluster = stack.enter_context(FakeCluster(frame))
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotagents-demo-")))
        volumes = {_CONTEXT: _shipped("orchestrator"), _AGENTS: _shipped("agents")}
        info = _info(cluster.kubeconfig(room), room / "records", clock)
        stage = Stage(info, volumes, plugins={plugin.NAME: plugin}, timeout=_LONGEST_WAIT)
        steps = _Steps(story, stack.enter_context(stage), clock, volumes)
        steps.start(cluster.url)
        steps.critical_service()
        steps.known_issue()
        steps.severity()
        steps.broken_edit()
        steps.way_back()
        steps.what_now()


def _shipped(part: str) -> dict[str, str]:
    return files_of(manifest(f"{part}-configmap.yaml"))


def _info(kubeconfig: Path, records: Path, clock: FakeClock) -> RunnerInfo:
    collector = Collector(lambda: connect(kubeconfig=str(kubeconfig), context=None), clock=SystemClock())
    recorder = Recorder(records, keep=_KEPT, most_bytes=_MIB)
    monitor = Monitor(collector, NoNotifier(), recorder=recorder, clock=clock)
    return replace(plugin.INFO, create=lambda _context: monitor)


@final
class _Steps:
    """The steps, in the order of `tell`; each leaves the stage as the next expects it."""

    def __init__(self, story: Story, stage: Stage, clock: FakeClock, volumes: Mapping[str, Mapping[str, str]]) -> None:
        self._story = story
        self._stage = stage
        self._clock = clock
        self._files = {mount: dict(some) for mount, some in volumes.items()}
        self._first = volumes

    def start(self, url: str) -> None:
        self._story.show(
            "Every cycle lists a cluster and rates what is wrong with it, by rules and without a model. What",
            "matters, how bad it is and who is told stands in the mounted files; | marks what people are told.",
        )
        self._story.head("1. A cluster in trouble; CLAUDE.md and four agents are mounted from the example's manifests")
        opening = self._stage.opening
        _expect(_rated(opening).get(_CHECKOUT) == "SEV-1", "a critical service is down, which is SEV-1")
        _expect(opening.data["verdict"] == "findings", "the first cycle finds what is wrong")
        _expect(not opening.data["gaps"], "all of the cluster was seen")
        self._story.show(f"API server  {url} (a recording)", f"mounted at  {self._stage.root}")
        self._say(f"Generation 1, first cycle: {opening.summary}", "start", opening)
        self._story.show(*(f"  {line}" for line in _table(opening)))
        self._quote(opening)

    def critical_service(self) -> None:
        self._story.head("2. CLAUDE.md: ml/trainer becomes a critical service (P0)")
        before = _rated(self._stage.opening)
        served = self._edit(_CONTEXT, "CLAUDE.md", "  P0:\n", "  P0:\n    - ml/trainer\n")
        wanted = dict.fromkeys(_TRAINER, ("SEV-3", "SEV-1"))
        self._change("critical-service", served, before, wanted, "worse ml/trainer")

    def known_issue(self) -> None:
        self._story.head("3. CLAUDE.md: batch/report-generator is a known issue, until a day that must be named")
        until = (self._clock.now() + timedelta(days=30)).date().isoformat()
        issue = (
            f"  - match: {{namespace: batch, name: report-generator}}\n    until: {until}\n    reason: new keys come\n"
        )
        before = _rated(self._stage.again())
        served = self._edit(_CONTEXT, "CLAUDE.md", "known_issues: []\n", f"known_issues:\n{issue}")
        wanted = {about: (was, "known issue") for about, was in before.items() if about.startswith(f"{_REPORT} ")}
        _expect(f"{_REPORT} container-waiting" in wanted, "the report does not start")
        self._change("known-issue", served, before, wanted, "muted batch/report-generator")

    def severity(self) -> None:
        self._story.head("4. escalation-manager.md: one node that is down is SEV-1")
        before = _rated(self._stage.again())
        served = self._edit(
            _AGENTS, "escalation-manager.md", "    down: SEV-1\n    degraded: SEV-2\n    at-risk: SEV-3\n\n",
            "    down: SEV-1\n    degraded: SEV-1\n    at-risk: SEV-3\n\n",
        )  # fmt: skip
        self._change("severity", served, before, {_NODE: ("SEV-2", "SEV-1")}, "worse node-c")

    def broken_edit(self) -> None:
        self._story.head('5. A broken edit of k8s-analyzer.md: a rule\'s hold time is "soon"')
        before, served = _rated(self._stage.again()), self._stage.registry.current
        broken = self._edited(
            _AGENTS, "k8s-analyzer.md", "deployment-short: {hold: 15m}", "deployment-short: {hold: soon}"
        )
        status = self._stage.reject(_AGENTS, broken)
        said = str(next(d for d in status.diagnostics if d.severity == "error"))
        _expect(said.startswith("agents/k8s-analyzer.md:"), f"the fault is found in k8s-analyzer.md, not at {said}")
        after = self._stage.again()
        _expect(self._stage.registry.current is served and after.generation == served.number, "the generation stays")
        _expect(_rated(after) == before, "the next cycle finds what the last one found")
        _expect(not after.data["told"], "nobody hears of it again")
        text = f"Refused; generation {served.number} stays, and the next cycle finds the same.\n{said}"
        self._say(text, "broken", after, diagnostic=said)

    def way_back(self) -> None:
        self._story.head("6. Back: the manifests as they were are applied again")
        self._clock.advance(_MINUTE)
        first = self._stage.publish(_AGENTS, self._first[_AGENTS]).result
        served = self._stage.publish(_CONTEXT, self._first[_CONTEXT])
        _expect(served.generation.restores == 1, f"generation 1 is restored, not {served.generation.restores}")
        _expect(_rated(served.result) == _rated(self._stage.opening), "the findings are those of the beginning")
        text = f"Generation {served.generation.number} restores generation 1: the same digest, the same findings."
        self._say(f"{text}\n{_times(served)}", "restored", served.result, restores=1)
        self._quote(first, served.result)

    def what_now(self) -> None:
        self._story.head("A cluster of your own: k8s-monitor once --context NAME, which only reads and tells nobody")

    # --- how a step is told -----------------------------------------------------------------------------------------

    def _edited(self, mount: str, name: str, old: str, new: str) -> dict[str, str]:
        files = self._files[mount]
        _expect(files[name].count(old) == 1, f"{name} has the line that is edited, once")
        edited = {**files, name: files[name].replace(old, new)}
        self._story.show(*(f"  {line}" for line in _edit_lines(files[name], edited[name])))
        self._clock.advance(_MINUTE)
        return edited

    def _edit(self, mount: str, name: str, old: str, new: str) -> Served:
        self._files[mount] = self._edited(mount, name, old, new)
        return self._stage.publish(mount, self._files[mount])

    def _change(
        self, step: str, served: Served, before: dict[str, str], wanted: dict[str, tuple[str, str]], told: str
    ) -> None:
        after = _rated(served.result)
        names = before.keys() | after.keys()
        changed = {name: (before.get(name, "-"), after.get(name, "-")) for name in sorted(names)}
        changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
        _expect(changed == wanted, f"{wanted} changes, and nothing else, not {changed}")
        heard = [f"{delivery['kind']} {_place(delivery['owner'])}" for delivery in served.result.data["told"]]
        _expect(heard == [told], f"people are told: {told}, and nothing else, not {heard}")
        lines = [f"  {name}: {old} -> {new}" for name, (old, new) in changed.items()]
        text = "\n".join([f"Generation {served.generation.number}, next cycle:", *lines, _times(served)])
        times = {"current": round(served.current_ms, 3), "cycle": round(served.cycle_ms, 3)}
        self._say(text, step, served.result, changed=changed, milliseconds=times)
        self._quote(served.result)

    def _say(self, text: str, step: str, result: CycleResult, **facts: object) -> None:
        data = result.data
        named = {"number": result.generation, "digest": result.digest, "verdict": data["verdict"], "told": data["told"]}
        self._story.say(text, step=step, **named, rated=_rated(result), **facts)

    def _quote(self, *results: CycleResult) -> None:
        """Show what people were told in these cycles."""
        for delivery in (told for result in results for told in result.data["told"]):
            owner = delivery["owner"]
            what = f"{delivery['kind'].upper()} {delivery['severity']} {owner['kind']} {_place(owner)}"
            where = ", ".join(part for part in (delivery["channel"], delivery["contact"]) if part)
            self._story.show(f"  | {what} to {where}" if where else f"  | {what}")


def _place(owner: Mapping[str, str]) -> str:
    return "/".join(part for part in (owner["namespace"], owner["name"]) if part)


def _name(finding: Mapping[str, Any]) -> str:
    return f"{_place(finding['owner'])} {finding['rule']}"


def _rated(result: CycleResult) -> dict[str, str]:
    """Return how each finding is rated, by owner and rule; one that is muted by why."""
    _expect(result.status == "ok", f"the cycle ends well, not: {result.error or result.status}")
    return {
        _name(finding): finding["muted"]["kind"] if finding["muted"] is not None else finding["severity"]
        for finding in result.data["findings"]
        if finding["state"] != "pending"
    }


def _table(result: CycleResult) -> list[str]:
    rated = _rated(result)
    width = max(map(len, rated), default=0)
    tiers = {_name(finding): f"{finding['tier']}, {finding['impact']}" for finding in result.data["findings"]}
    return [f"{severity}  {name:<{width}}  ({tiers[name]})" for name, severity in rated.items()]


def _edit_lines(old: str, new: str) -> Iterable[str]:
    """Return the lines that an edit takes away and adds, marked as `diff` marks them."""
    _from, _to, *lines = unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith("@@")]


def _times(served: Served) -> str:
    return f"from the rename: {served.current_ms:.1f} ms to registry.current, {served.cycle_ms:.1f} ms to its cycle"


def _expect(happened: bool, what: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not happened:
        raise UntoldError(f"this did not happen: {what}")
