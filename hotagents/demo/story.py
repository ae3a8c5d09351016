"""The library's own story: what becomes of five edits of two mounted ConfigMaps, each step awaited and verified.

`tell` sets the stage, `_Steps` has one method a step. Nothing is claimed that was not checked: `_expect` raises where a
step did not happen as told. What is edited is in `hotagents.demo.edits`.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.demo import digest, edits
from hotagents.demo.stage import Stage
from hotagents.diagnostics import errors_in
from hotagents.echo import Echo
from hotagents.runner import RunnerInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.demo.stage import Served
    from hotagents.demo.teller import Teller
    from hotagents.generation import Diff, Generation
    from hotagents.runner import Cycle, CycleResult

__all__ = ["UntoldError", "tell", "tell_what_now"]

_AGENTS: Final = "agents"


class UntoldError(Exception):
    """A step did not happen as the story tells it."""


def tell(teller: Teller) -> None:
    """Tell the story.

    Raises:
        UntoldError: If something else happened than is told.
        TimeoutError: If something did not happen.
    """
    echo = _Quoted()
    teller.title("hotagents demo: two mounted ConfigMaps, one running program, five edits")
    info = RunnerInfo("echo", "prints the agents of each generation", lambda _context: echo)
    with Stage(info, {".": edits.CONTEXT, _AGENTS: edits.FIRST}) as stage:
        steps = _Steps(stage, echo, teller)
        steps.start()
        steps.edit()
        steps.rejected()
        steps.healed()
        steps.restored()
        steps.narrowed()
        steps.checked()


def tell_what_now(teller: Teller) -> None:
    """Tell people which commands to try next."""
    teller.title("what now")
    teller.show(
        "hotagents show DIR                 what a directory would serve, and what is wrong with it",
        "hotagents watch DIR                each change as it comes, with digest and difference",
        "hotagents run DIR --runner echo    host a runner, as the demo did",
        "hotagents kubelet-sim DIR --from SRC    swap a directory as a kubelet does",
    )


@final
class _Steps:
    """The steps, in the order of `tell`; each leaves the stage as the next expects it."""

    def __init__(self, stage: Stage, echo: _Quoted, teller: Teller) -> None:
        self._stage = stage
        self._echo = echo
        self._teller = teller

    @property
    def _current(self) -> Generation[Any]:
        current: Generation[Any] = self._stage.registry.current
        return current

    def start(self) -> None:
        root, opening = self._stage.root, self._stage.opening
        self._teller.head("1. The program starts")
        self._teller.show(
            f"{root!s:<44}  ConfigMap `context`: CLAUDE.md",
            f"{root / _AGENTS!s:<44}  ConfigMap `agents`: {', '.join(edits.FIRST)}",
        )
        _expect(self._current.number == opening.generation == 1, "generation 1 is served by the first cycle")
        _expect(opening.status == "ok" and opening.trigger == "start", "the first cycle ends well")
        self._teller.say(
            f"Generation 1, read whole from both volumes, is served by the first cycle.\n{_digest_line(self._current)}",
            step="start",
            **_named(self._current),
            agents=list(self._current.agents),
            cycle=opening.to_dict(),
        )
        self._quote()

    def edit(self) -> None:
        self._teller.head("2. A good edit: triage gets a better model and prompt, and there is a new agent")
        served = self._stage.publish(_AGENTS, edits.SECOND)
        agents = served.diff.agents
        _expect((agents.changed, agents.added) == (("triage",), ("scribe",)), "triage changed and scribe was added")
        self._served("edit", 2, served, "Swapped in by one rename, published as generation 2.")

    def rejected(self) -> None:
        self._teller.head("3. A broken edit: somebody forgets a closing quote")
        status = self._stage.reject(_AGENTS, edits.BROKEN)
        first = errors_in(status.diagnostics)[0]
        place = (first.path, first.line, first.code)
        _expect(place == ("agents/triage.md", 4, "yaml-syntax"), f"the fault is found in line 4, not at {place}")
        _expect(self._current.number == 2 and status.state == "behind", "generation 2 stays")  # noqa: PLR2004 - as told
        _expect(self._stage.host.status.healthy, "the runner goes on")
        self._teller.say(
            f"Refused, and generation 2 stays current: no agent vanished, the program is healthy.\n{first}",
            step="rejected",
            **_named(self._current),
            state=status.state,
            observed_digest=status.observed_digest,
            diagnostics=[diagnostic.to_dict() for diagnostic in errors_in(status.diagnostics)],
            diagnostic=str(first),
            healthy=True,
        )

    def healed(self) -> None:
        self._teller.head("4. The edit is taken back ...")
        before = self._current
        result = self._stage.settle(_AGENTS, edits.SECOND)
        status = self._stage.registry.status
        _expect(result == "unchanged" and self._current is before, "nothing new is published")
        _expect(status.state == "current" and status.observed_digest == before.digest, "the registry is current again")
        self._teller.say(
            "Healthy again. The content is the one that is served, so there is no new number.",
            step="healed",
            **_named(before),
            result=result,
            state=status.state,
        )

    def restored(self) -> None:
        self._teller.head("   ... and then everything back to the first content")
        served = self._stage.publish(_AGENTS, edits.FIRST)
        first = self._stage.registry.history[-1]
        again = served.generation
        _expect(again.restores == first.number == 1 and again.digest == first.digest, "generation 1 is restored")
        self._served("restored", 3, served, "Old content, published anew: generation 1's digest again (restores=1).")

    def narrowed(self) -> None:
        self._teller.head("5. A right is taken away while work that has it goes on: triage loses `kubectl get`")
        asked = ("triage", "Bash", "kubectl get pods")
        with self._stage.registry.pin() as pin:
            before = pin.allows(*asked)
            served = self._stage.publish(_AGENTS, edits.NARROW)
            revoked = pin.revoked.wait(1.0)
            _expect(before and not pin.allows(*asked), "the pin's right to Bash was there and is gone")
            _expect(revoked and pin.narrowed() == ("triage",), "the pin was told that triage lost a right")
            pinned = pin.generation.number
        facts = {"generation": pinned, "asked": list(asked), "before": True, "after": False, "revoked": True}
        self._served("narrowed", 4, served, "Published as generation 4.", pin=facts)
        self._teller.show(
            f"Work that has pinned generation {pinned}, as each cycle does, reads it on, but loses the right too:",
            '  pin.allows("triage", "Bash", "kubectl get pods")   was True, is False; pin.revoked is set',
        )

    def checked(self) -> None:
        self._teller.head("6. Anybody can check what is served, without hotagents")
        computed = digest.recomputed(self._stage.root)
        facts = {**_named(self._current), "command": digest.COMMAND, "computed": computed}
        if computed is None:
            self._teller.say("Skipped: needs find, sort, xargs and sha256sum of GNU.", step="digest", **facts)
            return
        _expect(computed == self._current.digest, f"{computed} from the shell is the digest that is served")
        shown = computed.removeprefix("sha256:")
        self._teller.show(f"cd {self._stage.root}", *digest.COMMAND.splitlines(), f"{shown}  -")
        self._teller.say("The same as the digest of generation 4, on any host.", step="digest", **facts)

    # --- how a publication is told ----------------------------------------------------------------------------------

    def _served(self, step: str, number: int, served: Served, text: str, **facts: object) -> None:
        generation, result = served.generation, served.result
        _expect(generation.number == number and self._current is generation, f"generation {number} is current")
        _expect(result.status == "ok" and result.trigger == "change", "the change's own cycle served it and ended well")
        told = {"current": round(served.current_ms, 3), "cycle": round(served.cycle_ms, 3)}
        times = f"{served.current_ms:.1f} ms to registry.current, {served.cycle_ms:.1f} ms to its cycle"
        lines = [text, _digest_line(generation), *_diff_lines(served.diff), f"from the rename: {times}"]
        self._teller.say(
            "\n".join(lines),
            step=step,
            **_named(generation),
            diff=served.diff.to_dict(),
            rights=served.diff.to_dict()["rights"],
            milliseconds=told,
            cycle=result.to_dict(),
            **facts,
        )
        self._quote()

    def _quote(self) -> None:
        self._teller.show(*(f"  | {line}" for line in self._echo.lines))


@final
class _Quoted:
    """`Echo`, what it prints kept for the story.

    While a cycle runs the process's standard output is its own; the stage's thread says nothing meanwhile, since each
    step waits for the cycle's end.
    """

    def __init__(self) -> None:
        self._echo = Echo()
        self.lines: list[str] = []

    def run(self, cycle: Cycle) -> CycleResult:
        with redirect_stdout(io.StringIO()) as printed:
            result = self._echo.run(cycle)
        self.lines = printed.getvalue().splitlines()
        return result


def _expect(happened: bool, what: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not happened:
        raise UntoldError(f"this did not happen: {what}")


def _named(generation: Generation[Any]) -> Mapping[str, Any]:
    return {"number": generation.number, "digest": generation.digest, "restores": generation.restores}


def _digest_line(generation: Generation[Any]) -> str:
    return f"generation {generation.number}  {generation.digest}"


def _diff_lines(diff: Diff) -> list[str]:
    parts = [f"{word}: {', '.join(names)}" for word, names in diff.agents.to_dict().items() if names]
    lines = [f"agents {'; '.join(parts)}"]
    for name, rights in diff.rights.items():
        lines += [f"rights of {name} lost: {', '.join(rights.lost)}"] if rights.lost else []
        lines += [f"rights of {name} gained: {', '.join(rights.gained)}"] if rights.gained else []
    return lines
