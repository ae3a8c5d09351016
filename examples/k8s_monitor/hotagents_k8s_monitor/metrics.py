"""`Tally`: what the cycles came to, counted; `MonitorCollector`: the same as Prometheus metrics.

A scrape reads what the last cycle left, takes no part in a cycle and asks no cluster. Labels have few values:
severities, states, rules and resources that there are, never the name of anything in the cluster.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.core import Metric

    from hotagents import CycleResult

__all__ = ["MonitorCollector", "Tally", "Totals"]

_VERDICTS: Final = ("healthy", "findings", "blind", "impaired", "failed")
_LONGEST: Final = 60
_STATES: Final = ("ok", "stopped", "unavailable")
_TOKENS: Final = ("input", "output", "cache_read", "cache_write")


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What all cycles of this process came to; immutable, replaced as a whole.

    Attributes:
        looks: How many came to which verdict; ``failed`` had none.
        told: Messages by kind and severity.
        not_told: Messages that could not be delivered.
        not_written: Records that could not be written.
        last: Data of the last cycle that had any; empty before the first.
        last_at: When that was; None before the first.
        last_seconds: How long it took.
        seen_whole_at: When a look last saw all that it asked for.
        analyses: How many came to which state; empty where no model is asked.
        tokens: By model and kind.
        requests: That a model answered, by model.
        dollars: What those cost whose prices are known.
    """

    looks: Mapping[str, int] = field(default_factory=lambda: MappingProxyType(dict.fromkeys(_VERDICTS, 0)))
    told: Mapping[tuple[str, str], int] = field(default_factory=_nothing)
    not_told: int = 0
    not_written: int = 0
    last: Mapping[str, Any] = field(default_factory=_nothing)
    last_at: datetime | None = None
    last_seconds: float = 0.0
    seen_whole_at: datetime | None = None
    analyses: Mapping[str, int] = field(default_factory=_nothing)
    tokens: Mapping[tuple[str, str], int] = field(default_factory=_nothing)
    requests: Mapping[str, int] = field(default_factory=_nothing)
    dollars: float = 0.0


@final
class Tally:
    """Counts results, on the thread of the cycles; `totals` may be read from any thread."""

    def __init__(self) -> None:
        self.totals = Totals()

    def add(self, result: CycleResult) -> None:
        """Count one result."""
        totals, data = self.totals, result.data
        if not data:
            self.totals = replace(totals, looks=_more(totals.looks, ["failed"]))
            return
        at = datetime.fromisoformat(data["at"])
        troubles = [str(trouble) for trouble in data.get("troubles", ())]
        # A record that failed is said in the line after the data was made.
        unwritten = max(result.summary.count("NOT WRITTEN"), sum("NOT WRITTEN" in t for t in troubles))
        self.totals = replace(
            totals,
            looks=_more(totals.looks, [data["verdict"]]),
            told=_more(totals.told, [(t.get("kind", ""), t.get("severity", "")) for t in data["told"]]),
            not_told=totals.not_told + sum("NOT TOLD" in trouble for trouble in troubles),
            not_written=totals.not_written + unwritten,
            last=data,
            last_at=at,
            last_seconds=result.duration,
            seen_whole_at=totals.seen_whole_at if data["gaps"] else at,
        )
        self._add_analysis(data.get("analysis"))

    def _add_analysis(self, analysis: Mapping[str, Any] | None) -> None:
        if analysis is None:
            return
        totals = self.totals
        analyses = totals.analyses or dict.fromkeys(_STATES, 0)
        tokens, requests = dict(totals.tokens), dict(totals.requests)
        ended = analysis["ended"] or {"spent": {}, "dollars": 0.0, "state": None}
        for model, usage in ended["spent"].items():
            name = _label(model)
            requests[name] = requests.get(name, 0) + usage["requests"]
            for kind in _TOKENS:
                tokens[name, kind] = tokens.get((name, kind), 0) + usage[kind]
        self.totals = replace(
            totals,
            analyses=_more(analyses, [ended["state"]] if ended["state"] else []),
            tokens=MappingProxyType(tokens),
            requests=MappingProxyType(requests),
            dollars=totals.dollars + ended["dollars"],
        )


def _more(counts: Mapping[Any, int], keys: Iterable[Any]) -> Mapping[Any, int]:
    found = dict(counts)
    for key in keys:
        found[key] = found.get(key, 0) + 1
    return MappingProxyType(found)


@final
class MonitorCollector:
    """A collector of ``prometheus_client``; any thread may scrape.

    Args:
        tally: What is shown.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def describe(self) -> Iterable[Metric]:
        """Return nothing: the names are those of `collect`."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Return every metric of this moment."""
        totals = self._tally.totals
        return [*_counts(totals), *_of_models(totals), *_state(totals)]


def _counts(totals: Totals) -> Iterator[Metric]:
    looks = {(verdict,): count for verdict, count in totals.looks.items()}
    yield _counter("looks", "Looks at the cluster, by what they came to.", ("verdict",), looks)
    yield _counter("messages", "Messages that were delivered.", ("kind", "severity"), totals.told)
    yield _counter("message_failures", "Deliveries that failed; each is tried again.", (), {(): totals.not_told})
    yield _counter("record_failures", "Records that could not be written.", (), {(): totals.not_written})


def _of_models(totals: Totals) -> Iterator[Metric]:
    """Yield what a model took, where one is asked."""
    if not totals.analyses:
        return
    analyses = {(state,): count for state, count in totals.analyses.items()}
    yield _counter("analyses", "Analyses by a model, by what they came to.", ("state",), analyses)
    yield _counter("model_tokens", "Tokens that models took.", ("model", "kind"), totals.tokens)
    requests = {(model,): count for model, count in totals.requests.items()}
    yield _counter("model_requests", "Requests that models answered.", ("model",), requests)
    yield _counter("model_dollars", "US dollars, where prices are known.", (), {(): totals.dollars})
    trouble = bool((totals.last.get("analysis") or {}).get("trouble"))
    waiting = (totals.last.get("analysis") or {}).get("waiting", 0)
    help_ = "Open incidents that were not analysed yet."
    yield _gauge("analysis_waiting", help_, (), {(): float(waiting)})
    yield _gauge("analysis_unavailable", "1 where the last analysis came to nothing, else 0.", (), {(): float(trouble)})


def _state(totals: Totals) -> Iterator[Metric]:
    last = totals.last
    if totals.last_at is None:
        return
    yield _gauge("last_look_timestamp_seconds", "When the last look was judged.", (), {(): totals.last_at.timestamp()})
    yield _gauge("last_look_duration_seconds", "How long the last cycle took.", (), {(): totals.last_seconds})
    whole = totals.seen_whole_at.timestamp() if totals.seen_whole_at is not None else 0.0
    help_ = "When a look last saw all that it asked for; 0 for never."
    yield _gauge("last_whole_look_timestamp_seconds", help_, (), {(): whole})
    yield _gauge("blind", "1 where not all could be seen, else 0.", (), {(): float(last["verdict"] == "blind")})
    gaps = {(_label(gap["resource"]), _label(gap["reason"])): 1.0 for gap in last["gaps"]}
    yield _gauge("gap", "1 for each list that could not be seen at the last look.", ("resource", "reason"), gaps)
    labels = ("severity", "rule", "state")
    findings = Counter(tuple(_label(finding[label]) for label in labels) for finding in last["findings"])
    yield _gauge(
        "findings", "Findings at the last look: open, pending (within their hold time), muted.", labels, findings
    )
    yield _gauge("open_incidents", "Owners that suffer, by the worst of it.", ("severity",), _incidents(last))
    help_ = "Services of P0 to P2 that are listed, and that nothing runs."
    yield _gauge("missing_services", help_, (), {(): float(len(last.get("missing_services", ())))})


def _incidents(last: Mapping[str, Any]) -> Mapping[tuple[str], float]:
    """Count owners with an open finding, each by its worst; what follows from another's fault is a part of that."""
    worst: dict[tuple[str, ...], str] = {}
    for finding in last["findings"]:
        if finding["state"] == "open":
            owner = tuple((finding.get("follows") or finding["owner"]).values())
            worst[owner] = min(worst.get(owner, finding["severity"]), finding["severity"])
    counts = Counter(worst.values())
    return {(severity,): float(counts[severity]) for severity in SEVERITIES}


def _label(value: object) -> str:
    return escape(str(value), limit=_LONGEST)


def _gauge(name: str, help_: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - only where somebody scrapes

    return _filled(GaugeMetricFamily(f"k8s_monitor_{name}", help_, labels=labels), values)


def _counter(name: str, help_: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - only where somebody scrapes

    return _filled(CounterMetricFamily(f"k8s_monitor_{name}", help_, labels=labels), values)


def _filled(family: Any, values: Mapping[Any, float]) -> Metric:
    for found, value in values.items():
        family.add_metric(list(found), value)
    metric: Metric = family
    return metric
