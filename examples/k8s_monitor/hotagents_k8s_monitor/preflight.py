"""`Check`: what must be so before the monitor is trusted, looked at one by one, with what it costs where it is not."""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import urlsplit

from hotagents import ConfigRegistry, HotAgentsError, InvalidConfigError, escape, load_plugins
from hotagents_k8s_monitor import plugin
from hotagents_k8s_monitor.analysis.model import access
from hotagents_k8s_monitor.analysis.orchestrating import model_of
from hotagents_k8s_monitor.assembly import client, collector, recorder
from hotagents_k8s_monitor.cluster.access import COSTS, may
from hotagents_k8s_monitor.cluster.connection import disconnect
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.errors import ClusterError
from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.cluster.lists import has_group
from hotagents_k8s_monitor.cluster.reading import Reading
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES, Gap
from hotagents_k8s_monitor.needs import needed
from hotagents_k8s_monitor.policy import Policy
from hotagents_k8s_monitor.records import RecordsError
from hotagents_k8s_monitor.shipped import config_dir as shipped_config

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator
    from pathlib import Path

    from hotagents import Generation
    from hotagents_k8s_monitor.cluster import Resource
    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.reading import Right
    from hotagents_k8s_monitor.settings import Settings

__all__ = ["Check", "checks"]

_GITHUB: Final = "https://api.github.com"
_SECONDS: Final = 10.0
_LONGEST: Final = 1000  # characters of a line
_MANIFEST: Final = {False: "k8s/rbac.yaml", True: "k8s/namespaced/role.yaml"}
_EVENTS_MANIFEST: Final = {False: "k8s/model", True: "k8s/model/role.yaml"}


@final
@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what: Of what.
        ok: Whether it is as it should be.
        text: For people, on one line, escaped: what was found, and what it costs or what to do.
    """

    what: str
    ok: bool
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"what": self.what, "ok": self.ok, "text": self.text}


def checks(settings: Settings, config_dir: Path) -> Iterator[Check]:
    """Yield the checks as they are made: configuration, records, heartbeat, model, connection, each right.

    Nothing is changed.
    """
    generation = yield from _configuration(config_dir)
    needs = needed(Policy.of(generation)) if generation is not None else RESOURCES
    yield _records(settings)
    if settings.heartbeat_file is not None:
        yield _heartbeat(settings.heartbeat_file)
    yield _model(settings)
    if access() is not None:
        yield from _github(settings)
        if generation is not None:
            yield from _asked(settings, generation)
    yield from _cluster(settings, needs)


def _good(what: str, text: str) -> Check:
    return Check(what, ok=True, text=text)


def _bad(what: str, text: str) -> Check:
    return Check(what, ok=False, text=text)


def _configuration(config_dir: Path) -> Generator[Check, None, Generation[Any] | None]:
    """Yield the checks, and return what it says; None where it cannot be used."""
    plugins = load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin}).hosting([plugin.NAME])
    registry = ConfigRegistry(config_dir, spec=plugin.SPECS, documents=plugin.DOCUMENTS, plugins=plugins)
    try:
        with registry:
            generation = registry.current
    except InvalidConfigError as error:
        yield from (_bad("configuration", str(said)) for said in error.diagnostics if said.severity == "error")
        return None
    except HotAgentsError as error:
        yield _bad("configuration", escape(str(error)))
        return None
    which = " (the shipped example; `run` needs your own)" if config_dir == shipped_config() else ""
    shown = escape(str(config_dir))
    yield _good("configuration", f"{shown}{which}: {len(generation.agents)} agents, {generation.digest}")
    yield from (_bad("configuration", str(said)) for said in generation.diagnostics if said.severity == "warning")
    return generation


def _records(settings: Settings) -> Check:
    try:
        recorder(settings).refuse_newer()
    except RecordsError as error:
        return _bad("records", escape(str(error)))
    directory = settings.data_dir.absolute()
    cost = "nothing is recorded, and a restart tells all that is open again"
    return _writable("records", directory, (directory, *directory.parents), cost)


def _heartbeat(path: Path) -> Check:
    cost = "`alive` fails, and the kubelet restarts the pod again and again"
    return _writable("heartbeat", path, (path.parent,), cost)


def _writable(what: str, path: Path, places: Iterable[Path], cost: str) -> Check:
    """The first place that is there is tried with a file that has no name and is gone at once."""
    shown = escape(str(path))
    try:
        place = next((place for place in places if place.exists()), path.parent)
        with tempfile.TemporaryFile(dir=place):
            return _good(what, f"{shown} can be written")
    except OSError as error:
        return _bad(what, f"{shown}: {error.strerror or type(error).__name__}; {cost}")


def _model(settings: Settings) -> Check:
    """Nobody is asked; an address may have a password in it, so no more than its host is shown."""
    where = access()
    if where is None:
        return _good("model", "none, findings only")
    host = _host(where.base_url)
    if not host:
        return _bad(
            "model", "ANTHROPIC_BASE_URL: expected a URL that begins with https:// or http://; no model is asked"
        )
    models = ", ".join(f"{alias} is {model}" for alias, model in settings.models.items())
    return _good("model", escape(f"at {host}: {models}; not asked here", limit=_LONGEST))


def _github(settings: Settings) -> Iterator[Check]:
    """GitHub is not asked either."""
    if settings.github_token is None and settings.github_base_url is None:
        return
    if importlib.util.find_spec("githubkit") is None:
        cost = 'no change of code is seen; install "hotagents-k8s-monitor[github]"'
        yield _bad("github", f"githubkit is not installed; {cost}")
    else:
        yield _good(
            "github", f"at {escape(_host(settings.github_base_url or _GITHUB), limit=_LONGEST)}; not asked here"
        )


def _asked(settings: Settings, generation: Generation[Any]) -> Iterator[Check]:
    """Yield what is wrong with how these agents would be asked; nothing where all is well."""
    used = {settings.models["inherit"]}
    agents = generation.agents.values()
    for agent in agents:
        model, why = model_of(agent, settings.models)
        used |= {model} if model else set()
        if why:
            yield _bad("agent", escape(f"{why}; it is not asked", limit=_LONGEST))
    without = escape(", ".join(sorted(used - settings.prices.keys())), limit=_LONGEST)
    if without and (settings.analysis_dollars or settings.prices):
        cost = "what they cost is not counted"
        cost += " and K8S_MONITOR_ANALYSIS_DOLLARS does not limit it" if settings.analysis_dollars else ""
        yield _bad("prices", f"K8S_MONITOR_MODEL_PRICES does not name {without}; {cost}")
    if settings.logs_of and not any(agent.allows("logs") for agent in agents):
        yield _bad("agent", f"none has logs among its tools, so no log is read of {', '.join(settings.logs_of)}")


def _host(url: str) -> str:
    """Return the host of a URL, with its port where it has one, and empty where it is none."""
    try:
        parts = urlsplit(url)
        return parts.netloc.rpartition("@")[2] if parts.scheme in {"http", "https"} and parts.hostname else ""
    except ValueError:  # half an IPv6 address
        return ""


def _cluster(settings: Settings, needs: Collection[Resource]) -> Iterator[Check]:
    looking = collector(settings)
    try:
        version = looking.server_version()
        if isinstance(version, Gap):
            yield _bad("cluster", f"{version.reason}: {version.detail}")
            return
        yield _good("cluster", f"answers, version {version}")
    finally:
        looking.close()
    try:
        asking = client(settings)
    except ClusterError as error:  # a credential plugin that worked a moment ago
        yield _bad("cluster", str(error))
        return
    try:
        for resource in RESOURCES:
            yield _right(asking, resource, settings.looked_into, is_needed=resource in needs)
    finally:
        disconnect(asking)
    if access() is not None:
        yield from _rights_of_agents(settings)


def _right(asking: ApiClient, resource: Resource, namespaces: tuple[str, ...], *, is_needed: bool) -> Check:
    if not has_group(asking, resource, deadline=Deadline.after(_SECONDS)):
        return _good("right", f"list {resource}: not installed, so not needed")
    wheres = namespaces if KINDS[resource].is_namespaced else ()
    refused: list[str] = []
    for namespace in wheres or ("",):
        allowed = may(asking, resource, "list", deadline=Deadline.after(_SECONDS), namespace=namespace)
        if isinstance(allowed, Gap):
            return _bad("right", f"list {resource}: not known: {allowed.reason}: {allowed.detail}")
        refused += [] if allowed else [namespace]
    where = f" in {', '.join(refused or wheres)}" if wheres else ""
    if not refused:
        return _good("right", f"list {resource}{where}")
    if not is_needed:
        return _good("right", f"list {resource}{where}: not allowed, and no rule that is on needs it")
    return _bad("right", f"list {resource}{where}: not allowed; {COSTS[resource]}; see {_MANIFEST[bool(wheres)]}")


def _rights_of_agents(settings: Settings) -> Iterator[Check]:
    reading = Reading(lambda: client(settings), seconds=_SECONDS)
    where, manifest = settings.looked_into, _EVENTS_MANIFEST[bool(settings.looked_into)]
    try:
        yield _right_of_agents(reading, "list events", where, f"agents see no events; see {manifest}")
        for namespace in settings.logs_of:
            yield _right_of_agents(reading, "get pods/log", (namespace,), "agents read no logs there; see k8s/logs")
    finally:
        reading.close()


def _right_of_agents(reading: Reading, right: Right, namespaces: tuple[str, ...], cost: str) -> Check:
    try:
        refused = [each for each in namespaces or ("",) if not reading.may(right, namespace=each)]
    except ClusterError as error:
        return _bad("right", f"{right}: not known: {error}")
    where = f" in {', '.join(refused or namespaces)}" if namespaces else ""
    return _bad("right", f"{right}{where}: not allowed; {cost}") if refused else _good("right", f"{right}{where}")
