"""``certificate-expiring``: a certificate of cert-manager's that ends soon, or that it cannot issue.

Only what cert-manager says is read, and no secret. A certificate that lives for a day always ends soon, so of a short
life counts the last quarter. A new one takes minutes to be issued. Until cert-manager means to renew one
(``renewalTime``) and for an hour more it is only told if it ends very soon.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Snapshot
    from hotagents_k8s_monitor.findings import Impact

__all__ = ["RULE"]

_ID: Final = "certificate-expiring"
_WITHIN: Final = timedelta(days=21)
_URGENT: Final = timedelta(days=7)
_ISSUING: Final = timedelta(minutes=15)
_RENEWING: Final = timedelta(hours=1)  # an hour after a failure it is tried again
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_LONGEST: Final = 200


def _detect(snapshot: Snapshot, *, within: timedelta = _WITHIN, urgent: timedelta = _URGENT) -> Iterator[Signal]:
    for certificate in snapshot.all("certificates.cert-manager.io"):
        if is_leaving(certificate):
            continue
        ends = time_at(certificate, "status", "notAfter")
        if ends is not None:
            yield from _ending(certificate, ends, snapshot.taken_at, within, urgent)
        ready = condition(certificate, "Ready")
        since = time_at(ready, "lastTransitionTime") or time_at(certificate, "metadata", "creationTimestamp")
        is_late = since is None or snapshot.taken_at - since >= _ISSUING
        if ready.get("status") != "True" and is_late:
            impact: Impact = "degraded" if ends is None else "at-risk"
            said = cut(text_at(ready, "message") or text_at(ready, "reason"), _LONGEST)
            yield _signal(certificate, impact, f"not ready: {said}" if said else "not ready", since)


def _ending(
    certificate: Object, ends: datetime, now: datetime, within: timedelta, urgent: timedelta
) -> Iterator[Signal]:
    begins = time_at(certificate, "status", "notBefore")
    life = ends - begins if begins is not None and begins < ends else None
    soon = min(within, life / 4) if life is not None else within
    high = min(urgent, life / 12) if life is not None else urgent
    left = ends - now
    renewal = time_at(certificate, "status", "renewalTime")
    is_planned = renewal is not None and left >= high and now < renewal + _RENEWING
    if left >= soon or is_planned:
        return
    impact: Impact = "down" if left <= timedelta(0) else "degraded" if left < high else "at-risk"
    said = f"in {left // _DAY} days" if left >= 2 * _DAY else f"in {left // _HOUR} hours"
    yield _signal(certificate, impact, "has ended" if impact == "down" else f"ends {said}", ends - soon)


def _signal(certificate: Object, impact: Impact, message: str, since: datetime | None) -> Signal:
    return Signal(
        rule=_ID,
        owner=itself("Certificate", certificate),
        impact=impact,
        message=message,
        objects=(f"certificate/{name_of(certificate)}",),
        since=since,
    )


RULE: Final = Rule(
    id=_ID,
    summary="a certificate of cert-manager's that ends within 21 days, or cannot be issued",
    detect=_detect,
    needs=("certificates.cert-manager.io",),
    hold=timedelta(0),
    limits={"within": _WITHIN, "urgent": _URGENT},
)
