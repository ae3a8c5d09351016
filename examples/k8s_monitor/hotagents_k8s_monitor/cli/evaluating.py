"""What ``eval`` does: recordings found, replayed, compared with what is expected or with another configuration."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hotagents import escape
from hotagents.cli.output import UsageError
from hotagents_k8s_monitor.cli.looking import config_dir
from hotagents_k8s_monitor.cli.quiet import silent
from hotagents_k8s_monitor.policy import shown
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.rehearsal.candidate import generation_at
from hotagents_k8s_monitor.rehearsal.differing import differences
from hotagents_k8s_monitor.rehearsal.expected import read_expected, write_expected
from hotagents_k8s_monitor.rehearsal.reading import read_recording
from hotagents_k8s_monitor.rehearsal.recording import FILE, RecordingError
from hotagents_k8s_monitor.rehearsal.replaying import replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hotagents import Generation
    from hotagents.cli.output import Output
    from hotagents_k8s_monitor.rehearsal.differing import Difference
    from hotagents_k8s_monitor.rehearsal.outcome import Fault, Outcome
    from hotagents_k8s_monitor.rehearsal.reading import RecordedCluster
    from hotagents_k8s_monitor.settings import Settings

__all__ = ["Wanted", "evaluate_all"]

_MOST_LINES: Final = 12  # of one recording's findings
_FOREVER: Final = timedelta(days=36_500)
_MOST_BYTES: Final = 1 << 30
_DEPTH: Final = 2  # directories of recordings, and directories of those


class _Verdict(NamedTuple):
    """What one recording came to: ``same``, ``other``, ``written``, ``unexpected`` (nothing says what is expected)."""

    status: str
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    remark: str = ""


class Wanted(NamedTuple):
    """What is asked for.

    Attributes:
        config: The candidate, as the command line has it.
        against: Another configuration to compare with; None for what is expected.
        write: Whether what it comes to is kept as what is expected.
        records: Where records of the replays are kept; None for nowhere.
    """

    config: str | None
    against: str | None = None
    write: bool = False
    records: Path | None = None


def evaluate_all(settings: Settings, recordings: Sequence[Path], wanted: Wanted, output: Output) -> int:
    """Replay, compare, print, and return the exit code.

    Raises:
        InvalidConfigError, SourceError: If a configuration is refused or cannot be read.
        RecordingError, RecordsError, UsageError: If a recording cannot be used, or there is none.
    """
    if wanted.write and wanted.against is not None:
        raise UsageError("--write-expected keeps what --config comes to; leave out --against")
    directories = list(_found(recordings))
    with silent():
        candidate = generation_at(config_dir(settings, wanted.config))
        other = generation_at(Path(wanted.against)) if wanted.against is not None else None
        verdicts = []
        for directory in directories:
            recorded = read_recording(directory)
            verdict = _judged(recorded, candidate, other, wanted)
            verdicts.append(verdict)
            _print(recorded, verdict, output)
    return _summed(verdicts, candidate, output)


def _found(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        found = {each.parent for depth in range(_DEPTH + 1) for each in path.glob("*/" * depth + FILE)}
        if not found:
            raise RecordingError(f"{escape(str(path))}: no recording there; `k8s-monitor record --out DIR` makes one")
        yield from sorted(found)


def _judged(
    recorded: RecordedCluster, candidate: Generation[Any], other: Generation[Any] | None, wanted: Wanted
) -> _Verdict:
    outcome = _replayed(recorded, candidate, wanted.records)
    remark = f"never looked at {', '.join(recorded.unseen)}" if recorded.unseen else ""
    if wanted.write:
        write_expected(recorded.directory, outcome)
        return _Verdict("written", outcome, remark=remark)
    if other is not None:
        found = differences(_replayed(recorded, other), outcome)
        return _Verdict("other" if found else "same", outcome, found, remark)
    expected = read_expected(recorded.directory)
    if expected is None:
        return _Verdict("unexpected", outcome, remark=remark)
    before, rules = expected
    found = differences(before, outcome, known=rules)
    if not found and before.verdicts != outcome.verdicts:
        said = f"verdicts {_verdicts(before)} → {_verdicts(outcome)}"
        remark = "; ".join(filter(None, (said, remark)))
        return _Verdict("other", outcome, remark=remark)
    return _Verdict("other" if found else "same", outcome, found, remark)


def _replayed(recorded: RecordedCluster, generation: Generation[Any], records: Path | None = None) -> Outcome:
    recorder = None
    if records is not None:
        directory = records / recorded.directory.resolve().name
        if directory.exists():
            raise UsageError(f"--records: {directory}: there is something already; name another directory")
        recorder = Recorder(directory, keep=_FOREVER, most_bytes=_MOST_BYTES)
    try:
        return replay(recorded.looks(), generation, recorder=recorder)
    except RecordingError as error:
        raise RecordingError(f"{escape(str(recorded.directory))}: {error}") from None


def _verdicts(outcome: Outcome) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(outcome.verdicts.items()))


_SAID: Final = {
    "same": ("as expected", "green"),
    "other": ("DIFFERS", "red"),
    "written": ("written", ""),
    "unexpected": ("nothing says what is expected; --write-expected keeps this", "red"),
}


def _print(recorded: RecordedCluster, verdict: _Verdict, output: Output) -> None:
    said, style = _SAID[verdict.status]
    outcome, name = verdict.outcome, recorded.directory.name
    facts = {
        "recording": str(recorded.directory),
        "status": verdict.status,
        "differences": [difference.to_dict() for difference in verdict.differences],
        "remark": verdict.remark,
        "outcome": outcome.to_dict(),
    }
    counts = (
        f"{_counted(len(outcome.faults), 'finding')}, {len(outcome.told)} told in {_counted(outcome.looks, 'look')}"
    )
    remark = f" ({verdict.remark})" if verdict.remark else ""
    output.event(f"{name}: {said}: {counts}{remark}", facts, style=style)
    if output.as_json:
        return
    lines = [str(difference) for difference in verdict.differences]
    _print_some(lines, output, style="red")
    if verdict.status in {"written", "unexpected"}:
        _print_some([_finding_line(fault) for fault in outcome.faults], output)
        _print_some([f"told: {telling}: {telling.about}" for telling in outcome.told], output)


def _print_some(lines: Sequence[str], output: Output, *, style: str = "") -> None:
    for line in lines[:_MOST_LINES]:
        output.line(f"  {line}", style=style)
    if len(lines) > _MOST_LINES:
        output.line(f"  and {len(lines) - _MOST_LINES} more; --json has all", style=style)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _finding_line(fault: Fault) -> str:
    end = f", over after {shown(fault.over)}" if fault.over is not None else ""
    state = f"{fault.severity}, muted as {fault.muted}" if fault.muted else fault.severity
    return f"{fault.about}: {fault.rule}: {state} after {shown(fault.opened)}{end}"


def _summed(verdicts: Sequence[_Verdict], candidate: Generation[Any], output: Output) -> int:
    counts = {status: sum(verdict.status == status for verdict in verdicts) for status in _SAID}
    parts = [f"{_counted(len(verdicts), 'recording')} under {candidate.digest[:19]}"]
    parts += [f"{count} {_words(status, count)}" for status in _WORDS if (count := counts[status])]
    code = 2 if counts["unexpected"] else 1 if counts["other"] else 0
    facts = {"recordings": len(verdicts), "digest": candidate.digest, "exit": code, **counts}
    output.event(": ".join([parts[0], ", ".join(parts[1:])]), facts, style="red" if code else "green")
    return code


def _words(status: str, count: int) -> str:
    return "differs" if status == "other" and count == 1 else _WORDS[status]


_WORDS: Final = {"same": "as expected", "other": "differ", "written": "written", "unexpected": "without expectation"}
