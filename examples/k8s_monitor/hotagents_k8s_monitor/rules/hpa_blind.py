"""``hpa-blind``: an autoscaler that gets no metrics, has nothing to scale, or needs more replicas than it may have.

One whose workload is scaled to zero is switched off; one that may only have one number of replicas is always at it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, count_at, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Snapshot
    from hotagents_k8s_monitor.findings import Impact

__all__ = ["RULE"]

_ID: Final = "hpa-blind"
_LONGEST: Final = 200


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for scaler in snapshot.all("horizontalpodautoscalers.autoscaling"):
        if is_leaving(scaler):
            continue
        able = condition(scaler, "AbleToScale")
        active, limited = condition(scaler, "ScalingActive"), condition(scaler, "ScalingLimited")
        if active.get("status") == "False":
            if text_at(active, "reason") != "ScalingDisabled":
                yield _signal(scaler, "degraded", text_at(active, "message") or text_at(active, "reason"), active)
        elif able.get("status") == "False":  # what it should scale is not there, or may not be changed
            yield _signal(scaler, "degraded", text_at(able, "message") or text_at(able, "reason"), able)
        elif _is_at_most(scaler) and (limited.get("status"), limited.get("reason")) == ("True", "TooManyReplicas"):
            most = count_at(scaler, "spec", "maxReplicas")
            yield _signal(scaler, "at-risk", f"needs more than the {most} replicas that it may have", limited)


def _is_at_most(scaler: Object) -> bool:
    most, least = count_at(scaler, "spec", "maxReplicas"), count_at(scaler, "spec", "minReplicas", default=1)
    return least < most <= count_at(scaler, "status", "currentReplicas")


def _signal(scaler: Object, impact: Impact, message: str, said: object) -> Signal:
    return Signal(
        rule=_ID,
        owner=itself("HorizontalPodAutoscaler", scaler),
        impact=impact,
        message=cut(message, _LONGEST) or "gets no metrics",
        objects=(f"horizontalpodautoscaler/{name_of(scaler)}",),
        since=time_at(said, "lastTransitionTime"),
    )


RULE: Final = Rule(
    id=_ID,
    summary="an autoscaler that gets no metrics, or needs more replicas than it may have",
    detect=_detect,
    needs=("horizontalpodautoscalers.autoscaling",),
    hold=timedelta(minutes=15),
)
