"""``quota-full``: a quota of which more is used than the limit ``percent``; one of nothing is a prohibition."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import mapping_at, name_of
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving, itself
from hotagents_k8s_monitor.rules.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "quota-full"
_PERCENT: Final = 90
_LONGEST: Final = 60


def _detect(snapshot: Snapshot, *, percent: int = _PERCENT) -> Iterator[Signal]:
    for quota in snapshot.all("resourcequotas"):
        if is_leaving(quota):
            continue
        full = sorted(_full(quota, percent), reverse=True)
        if full:
            yield Signal(
                rule=_ID,
                owner=itself("ResourceQuota", quota),
                impact="at-risk",
                message=", ".join(said for _, said in full),
                objects=(f"resourcequota/{name_of(quota)}",),
            )


def _full(quota: Object, percent: int) -> Iterator[tuple[int, str]]:
    used = mapping_at(quota, "status", "used")
    for name, said in mapping_at(quota, "status", "hard").items():
        most, taken = quantity(said), quantity(used.get(name))
        if most is not None and taken is not None and most > 0 and taken * 100 > most * percent:
            share = int(taken * 100 / most)
            shown = f"{cut(str(used[name]), _LONGEST)} of {cut(str(said), _LONGEST)}"
            yield share, f"{cut(str(name), _LONGEST)} {share} % used ({shown})"


RULE: Final = Rule(
    id=_ID,
    summary="a quota of which more than 90 % is used",
    detect=_detect,
    needs=("resourcequotas",),
    hold=timedelta(minutes=15),
    limits={"percent": _PERCENT},
)
