from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse

from hotagents import ConfigRegistry, Cycle, CycleResult, Host, Memory, SourceError, Tree
from hotagents.errors import ForkedError
from hotagents.ops.metrics import RegistryCollector
from hotagents.testing import ConfigMapVolume, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

Samples = dict[tuple[str, str], float]
PAGE = Path(__file__).parents[2] / "docs/reference/metrics.md"
BROKEN = "---\nname: triage\n---\n"
# The names that alert rules rely on, with the label that each has.
NAMES = {
    "hotagents_config_last_reload_successful": "",
    "hotagents_config_last_reload_success_timestamp_seconds": "",
    "hotagents_config_last_check_timestamp_seconds": "",
    "hotagents_config_reloads_total": "result",
    "hotagents_config_generation": "",
    "hotagents_config_info": "digest",
    "hotagents_config_reload_duration_seconds": "",
    "hotagents_config_held_seconds": "reason",
    "hotagents_agents": "state",
    "hotagents_watch_missed_changes_total": "",
    "hotagents_watch_errors_total": "reason",
    "hotagents_watch_mode": "mode",
    "hotagents_subscriber_errors_total": "",
    "hotagents_pinned_generations": "",
    "hotagents_cycles_total": "result,runner",
}


def scrape(registry: ConfigRegistry[Any], host: Host | None = None, **options: Any) -> Samples:
    """One scrape, parsed as Prometheus parses it: value by name and the labels' values."""
    collectors = CollectorRegistry(auto_describe=True)
    collectors.register(RegistryCollector(registry, host, **options))
    families = parse(generate_latest(collectors).decode())
    assert list(parse_open(open_metrics(collectors).decode()))  # type: ignore[no-untyped-call]  # the client's
    return {
        (sample.name, ",".join(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


class Runner:
    name = "worker"

    def __init__(self, *statuses: str) -> None:
        self.statuses = list(statuses)

    def run(self, cycle: Cycle) -> CycleResult:
        del cycle
        status: Any = self.statuses.pop(0)
        return CycleResult(status=status)


def test_every_name_is_there_with_its_labels_and_nothing_else(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"triage.md": agent()})) as registry:
        collectors = CollectorRegistry()
        collectors.register(RegistryCollector(registry, Host(registry, [Runner()], interval=1.0)))
        families = list(parse(generate_latest(collectors).decode()))
    found = {s.name: ",".join(sorted(s.labels)) for family in families for s in family.samples}
    assert found == NAMES
    assert all(family.documentation.endswith(".") for family in families)


def test_a_scrape_says_what_the_status_says(agent: Callable[..., str]) -> None:
    clock = FakeClock()
    source = Memory({"triage.md": agent()})
    with ConfigRegistry(source, clock=clock) as registry:
        now = clock.now().timestamp()
        seen = scrape(registry, clock=clock)
        assert seen["hotagents_config_last_reload_successful", ""] == 1
        assert seen["hotagents_config_last_reload_success_timestamp_seconds", ""] == pytest.approx(now)
        assert seen["hotagents_config_last_check_timestamp_seconds", ""] == pytest.approx(now)
        assert seen["hotagents_config_reloads_total", "published"] == 1
        assert seen["hotagents_config_generation", ""] == 1
        assert seen["hotagents_config_info", registry.current.digest] == 1
        assert seen["hotagents_watch_mode", "memory"] == 1
        assert sum(value for (name, _), value in seen.items() if name == "hotagents_watch_mode") == 1
        pin = registry.pin()
        assert scrape(registry)["hotagents_pinned_generations", ""] == 1
        pin.close()
        assert scrape(registry)["hotagents_pinned_generations", ""] == 0


def test_there_is_one_digest_at_any_time(agent: Callable[..., str]) -> None:
    source = Memory({"triage.md": agent()})
    registry: ConfigRegistry[Any] = ConfigRegistry(source)

    def digests() -> list[str]:
        return [label for name, label in scrape(registry) if name == "hotagents_config_info"]

    assert digests() == [""]
    with registry:
        for text in ("one", "two", "three"):
            source.write({"triage.md": agent(text=text)})
            registry.reload()
            assert digests() == [registry.current.digest]
    assert digests() == [registry.current.digest]


@pytest.mark.parametrize("reason", ["Rejected", "Held", "Failed", "WaitingForLock"])
def test_what_keeps_newer_content_back_is_told_by_reason_and_since_when(agent: Callable[..., str], reason: str) -> None:
    clock = FakeClock()

    class Source:
        def __init__(self) -> None:
            self.memory = Memory({"triage.md": agent()})
            self.fails = False

        def read(self) -> Any:
            if self.fails:
                raise SourceError("gone", reason="Missing")
            return self.memory.read()

        def token(self) -> object:
            return self.memory.token()

        def watcher(self) -> Any:
            return self.memory.watcher()

    source = Source()
    with ConfigRegistry(source, clock=clock) as registry:
        if reason == "Held":
            registry.rollback(1)
        elif reason == "Failed":
            source.fails = True
        else:
            lock = {"hotagents.lock": f"# hotagents.lock 1\n{'0' * 64}  triage.md\n"}
            source.memory.write({"triage.md": BROKEN} if reason == "Rejected" else {"triage.md": agent()} | lock)
        registry.reload()
        assert registry.status.condition("Current").reason == reason
        clock.advance(700.0)
        seen = scrape(registry, clock=clock)
        held = {label: value for (name, label), value in seen.items() if name == "hotagents_config_held_seconds"}
        assert held.pop(reason) == pytest.approx(700.0)
        assert set(held.values()) == {0.0}
        assert seen["hotagents_config_last_reload_successful", ""] == (reason == "Held")
        source.fails = False
        source.memory.write({"triage.md": agent(text="other")})
        registry.resume()
        seen = scrape(registry, clock=clock)
        assert {value for (name, _), value in seen.items() if name == "hotagents_config_held_seconds"} == {0.0}
        assert seen["hotagents_config_last_reload_successful", ""] == 1


@pytest.mark.parametrize("content_changes", [False, True])
def test_agents_are_counted_by_whether_they_are_held(agent: Callable[..., str], content_changes: bool) -> None:  # noqa: FBT001
    good = {"a.md": agent("a"), "b.md": agent("b"), "CLAUDE.md": "# Cluster\n"}
    source = Memory(good)
    with ConfigRegistry(source, on_invalid="hold-file") as registry:
        assert states(registry) == {"served": 2, "held": 0, "left_out": 0}
        more = {"c.md": agent("c")} if content_changes else {}
        source.write(good | {"a.md": BROKEN, "new.md": "---\nname: new\n---\n"} | more)
        registry.reload()
        assert states(registry) == {"served": 1 + len(more), "held": 1, "left_out": 1}
        registry.rollback(1)
        source.write(good | {"b.md": BROKEN})
        registry.reload()
        assert states(registry) == {"served": 2, "held": 0, "left_out": 0}
        source.write(good)
        registry.resume()
        assert states(registry) == {"served": 2, "held": 0, "left_out": 0}


def test_agents_of_a_held_volume_are_held(agent: Callable[..., str], tmp_path: Path) -> None:
    one, two = ConfigMapVolume(tmp_path / "one"), ConfigMapVolume(tmp_path / "two")
    one.write({"a.md": agent("a"), "b.md": agent("b")})
    two.write({"c.md": agent("c")})
    with ConfigRegistry(Tree(tmp_path), on_invalid="hold-volume") as registry:
        one.write({"a.md": BROKEN, "b.md": agent("b", "other")})
        registry.reload()
        assert states(registry) == {"served": 1, "held": 2, "left_out": 0}


def states(registry: ConfigRegistry[Any]) -> dict[str, float]:
    return {label: value for (name, label), value in scrape(registry).items() if name == "hotagents_agents"}


def test_cycles_are_counted_by_runner_and_result_and_a_name_is_escaped(agent: Callable[..., str]) -> None:
    runner = Runner("ok", "failed", "ok", "odd")
    runner.name = 'odd\n"name'

    def go_on(_: CycleResult) -> None:
        if runner.statuses:
            host.trigger()
        else:
            host.stop()

    with ConfigRegistry(Memory({"triage.md": agent()})) as registry:
        host = Host(registry, [runner], interval=1e6, on_result=go_on)
        host.run()
        seen = scrape(registry, host)
    cycles = {label: value for (name, label), value in seen.items() if name == "hotagents_cycles_total"}
    assert cycles == {f'{r},odd\\n"name': n for r, n in {"ok": 2, "failed": 2, "timeout": 0, "cancelled": 0}.items()}


def test_a_registry_that_has_not_begun_can_be_scraped_and_one_of_a_parent_process_has_nothing(
    agent: Callable[..., str],
) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory({"triage.md": agent()}))
    seen = scrape(registry)
    assert seen["hotagents_config_generation", ""] == 0
    assert seen["hotagents_config_last_reload_successful", ""] == 0
    assert ("hotagents_config_last_check_timestamp_seconds", "") not in seen

    class Forked:
        @property
        def status(self) -> object:
            raise ForkedError("of the parent")

    forked: Any = Forked()
    assert list(RegistryCollector(forked).collect()) == []


def test_a_watch_of_another_kind_is_called_other(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"triage.md": agent()})) as registry:
        watch = registry._core._watch
        watch.state = watch.state._replace(mode="of mine+polling")
        modes = {label: value for (name, label), value in scrape(registry).items() if name == "hotagents_watch_mode"}
        assert {mode for mode, value in modes.items() if value} == {"other", "polling"}


def test_no_value_is_anything_but_a_number(agent: Callable[..., str]) -> None:
    with ConfigRegistry(Memory({"triage.md": agent()})) as registry:
        assert all(math.isfinite(value) for value in scrape(registry).values())
        assert json.dumps(registry.status.to_dict())


@pytest.mark.skipif(not PAGE.exists(), reason="no checkout: docs/ is not beside the tests")
def test_every_metric_is_on_its_reference_page() -> None:
    documented = re.findall(
        r"^\| `(hotagents_\w+)(?:\{([\w,]+)\})?` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name: ",".join(sorted(filter(None, labels.split(",")))) for name, labels in documented} == NAMES
