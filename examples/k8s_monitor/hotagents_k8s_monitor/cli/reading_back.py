"""What ``incidents``, ``cycles`` and ``explain`` do: records read, and shown as lines or as they are."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from hotagents import SystemClock, escape
from hotagents_k8s_monitor.explaining import explained_finding, explained_incident, owner_text, why_silent
from hotagents_k8s_monitor.records import Acks, Archive, RecordsError
from hotagents_k8s_monitor.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hotagents.cli.output import Output
    from hotagents_k8s_monitor.incidents import Ack

__all__ = ["show_cycle", "show_cycles", "show_incident", "show_incidents", "show_reasons"]

_LONGEST = 300


def show_incidents(data: Path | None, output: Output, *, last: int, is_open: bool) -> None:
    """Print a line for each of the latest incidents.

    Raises:
        RecordsError, OSError, SettingsError: If there are no records, or they cannot be read.
    """
    found = (record for record in _archive(data).incidents() if not (is_open and record.get("end")))
    is_empty = True
    for record in islice(found, last):
        is_empty = False
        rules = ", ".join(f.get("rule", "?") for f in record.get("findings", ()) if isinstance(f, dict))
        state = record.get("end") or "goes on"
        line = f"{record.get('id')}  {record.get('severity')}  {state:<9}  {owner_text(record)}  {rules}"
        output.event(escape(line, limit=_LONGEST), record)
    if is_empty and not output.as_json:
        output.line("no incident is recorded" + (" that goes on" if is_open else ""))


def show_incident(data: Path | None, name: str, output: Output) -> int:
    """Print one incident; return the exit code.

    Raises:
        RecordsError, OSError, SettingsError: If there are no records, several are meant, or they cannot be read.
    """
    record = _archive(data).incident(name)
    if record is None:
        return _none(name, "incident", output)
    _print_incident(record, data, output)
    return 0


def show_cycles(data: Path | None, output: Output, *, last: int) -> None:
    """Print a line for each of the latest cycles.

    Raises:
        RecordsError, OSError, SettingsError: If there are no records, or they cannot be read.
    """
    records = _archive(data).cycles(last=last)
    for record in records:
        output.event(_cycle_line(record), record)
    if not records and not output.as_json:
        output.line("no cycle is recorded")


def show_cycle(data: Path | None, name: str, output: Output) -> int:
    """Print one cycle; return the exit code.

    Raises:
        RecordsError, OSError, SettingsError: If there are no records, or they cannot be read.
    """
    record = _archive(data).cycle(name)
    if record is None:
        return _none(name, "cycle", output)
    lines = [_cycle_line(record)]
    gaps = _mappings(record, "gaps")
    lines += [f"  cannot see {gap.get('resource')}: {gap.get('reason')}: {gap.get('detail')}" for gap in gaps]
    for finding in _mappings(record, "findings"):
        what = f"{finding.get('severity')}  {finding.get('state'):<8}  {owner_text(finding)}  {finding.get('rule')}"
        lines += [f"  {what}: {finding.get('message')}", f"    {why_silent(finding, record)}"]
    lines += [f"  trouble: {trouble}" for trouble in record.get("troubles", ())]
    _print(record, [escape(line, limit=_LONGEST) for line in lines], output)
    return 0


def show_reasons(data: Path | None, name: str, output: Output) -> int:
    """Print why an incident or a finding is what it is; return the exit code.

    Raises:
        RecordsError, OSError, SettingsError: If there are no records, several are meant, or they cannot be read.
    """
    archive = _archive(data)
    if (record := archive.incident(name)) is not None:
        _print_incident(record, data, output)
        return 0
    if (found := archive.finding(name)) is not None:
        finding, cycle = found
        told = [each for each in _mappings(cycle, "told") if each.get("owner") == finding.get("owner")]
        kept = {key: cycle.get(key) for key in ("cycle", "at", "generation", "cluster")}
        going_on = (i for i in archive.incidents() if not i.get("end") and i.get("owner") == finding.get("owner"))
        ack = _ack_of(next(going_on, {}), archive.directory)
        facts = {"finding": finding, **kept, "told": told, "why": why_silent(finding, cycle)}
        facts |= {"ack": ack.to_dict()} if ack is not None else {}
        _print(facts, list(explained_finding(finding, cycle, ack)), output)
        return 0
    return _none(name, "incident or finding", output)


def _print_incident(record: Mapping[str, Any], data: Path | None, output: Output) -> None:
    ack = _ack_of(record, _archive(data).directory)
    facts = {**record, "ack": ack.to_dict()} if ack is not None else record
    _print(facts, list(explained_incident(record, ack)), output)


def _ack_of(record: Mapping[str, Any], directory: Path) -> Ack | None:
    """Return the acknowledgement that is in force of an incident that goes on."""
    if record.get("end"):
        return None
    return Acks(directory).in_force(SystemClock().now()).get(str(record.get("id")))


def _archive(data: Path | None) -> Archive:
    directory = data if data is not None else load_settings().data_dir
    if not directory.is_dir():
        where = escape(str(directory))
        raise RecordsError(f"{where}: no records there; name them with --data, or K8S_MONITOR_DATA_DIR")
    return Archive(directory)


def _cycle_line(record: Mapping[str, Any]) -> str:
    counts = Counter(str(finding.get("state")) for finding in _mappings(record, "findings"))
    if "findings" not in record and isinstance(record.get("counts"), dict):
        counts = Counter(record["counts"])
    findings = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no findings"
    generation = record.get("generation")
    number = generation.get("number") if isinstance(generation, dict) else "?"
    told = len(_mappings(record, "told"))
    line = f"{record.get('cycle')}  {record.get('at')}  generation {number}  {record.get('verdict')}: {findings}"
    analysis = record.get("analysis")
    trouble = analysis.get("trouble") if isinstance(analysis, dict) else ""
    return escape(f"{line}; told {told}{f'; {trouble}' if trouble else ''}", limit=_LONGEST)


def _print(facts: Mapping[str, Any], lines: list[str], output: Output) -> None:
    if output.as_json:
        output.json(facts)
        return
    for line in lines:
        output.line(line)


def _none(name: str, what: str, output: Output) -> int:
    said = f"no {what} of that name is recorded: {escape(name, limit=100)}"
    output.event(said, {"status": "failed", "error": said}, style="red")
    return 1


def _mappings(record: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = record.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
