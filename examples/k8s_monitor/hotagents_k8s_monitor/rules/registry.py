"""`Rules`: the rules that there are, by id: those of this package, one file each, and those of plugins.

Nothing is loaded before it is asked. A plugin whose rules cannot be had is remembered with the reason: the monitor is
blind for what they would have watched, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from hotagents import escape
from hotagents_k8s_monitor.rules import (
    apiservice_down,
    certificate_expiring,
    container_oom,
    container_waiting,
    cronjob_missed,
    daemonset_short,
    deployment_short,
    generation_mismatch,
    gitops_degraded,
    hpa_blind,
    ingress_broken,
    job_failed,
    job_too_long,
    memory_near_limit,
    monitor_blind,
    namespace_stuck,
    node_not_ready,
    node_pressure,
    pdb_violated,
    pod_evicted,
    pod_not_ready,
    pod_stuck_terminating,
    pod_unschedulable,
    pvc_pending,
    quota_full,
    replica_failure,
    restart_burst,
    rollout_stuck,
    service_no_endpoints,
    statefulset_short,
)
from hotagents_k8s_monitor.rules.base import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Rules", "built_in"]

_MODULES: Final = (
    pod_unschedulable,
    container_waiting,
    container_oom,
    restart_burst,
    pod_not_ready,
    pod_evicted,
    pod_stuck_terminating,
    deployment_short,
    rollout_stuck,
    replica_failure,
    generation_mismatch,
    statefulset_short,
    daemonset_short,
    job_failed,
    job_too_long,
    cronjob_missed,
    node_not_ready,
    node_pressure,
    pvc_pending,
    service_no_endpoints,
    ingress_broken,
    hpa_blind,
    pdb_violated,
    quota_full,
    namespace_stuck,
    certificate_expiring,
    apiservice_down,
    memory_near_limit,
    gitops_degraded,
    monitor_blind,
)
_LONGEST: Final = 200


def built_in() -> Mapping[str, Rule]:
    """Return the rules of this package by id, in the order of its documentation."""
    return MappingProxyType({module.RULE.id: module.RULE for module in _MODULES})


@final
class Rules(Mapping[str, Rule]):
    """All rules by id. May be used from any thread once it was asked.

    Args:
        plugins: Loaders of plugins by name; None for those that are installed, see `hotagents_k8s_monitor.hooks`.
    """

    def __init__(self, plugins: Mapping[str, Callable[[], object]] | None = None) -> None:
        self._plugins = plugins

    def __getitem__(self, key: str) -> Rule:
        return self._loaded[0][key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded[0])

    def __len__(self) -> int:
        return len(self._loaded[0])

    @property
    def failures(self) -> Mapping[str, str]:
        """Why there are no rules of a plugin, by its name, in words for people; escaped."""
        return self._loaded[1]

    @cached_property
    def _loaded(self) -> tuple[Mapping[str, Rule], Mapping[str, str]]:
        from hotagents_k8s_monitor.hooks import loaders, rules_of  # noqa: PLC0415 - it needs what is defined here

        rules, failures = dict(built_in()), dict[str, str]()
        for name, load in (loaders() if self._plugins is None else self._plugins).items():
            try:
                offered = rules_of(name, load)
                _refuse_twice(offered, rules)
            except Exception as error:  # noqa: BLE001 - another's fault, which is said and takes nothing else along
                said = f"its rules are left out: {type(error).__name__}: {error}"
                failures[escape(name, limit=_LONGEST)] = escape(said, limit=_LONGEST)
            else:
                rules |= {rule.id: rule for rule in offered}
        return MappingProxyType(rules), MappingProxyType(failures)


def _refuse_twice(offered: tuple[Rule, ...], known: Mapping[str, Rule]) -> None:
    ids = [rule.id for rule in offered]
    twice = sorted({rule for rule in ids if rule in known or ids.count(rule) > 1})
    if twice:
        raise ValueError(f"rule {twice[0]}: there is one of this id already; choose another")
