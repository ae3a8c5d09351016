"""`DeadMan`: says now and then that the monitor is alive, so that somebody notices when it says so no more.

A monitor that has died tells nobody. So something outside of the cluster has to miss it: a service that expects a
request now and then (``K8S_MONITOR_DEAD_MAN_URL``), or a search in the log. Where no cycle ends in time nothing is
said: the silence is the message.
"""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from hotagents_k8s_monitor.metrics import Tally

__all__ = ["DeadMan", "alive_facts", "alive_text", "post"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_SECONDS: Final = 10.0
_LONGEST: Final = 300
_GOOD: Final = range(200, 300)


@final
class DeadMan:
    """A context manager; inside it a daemon thread says that all is alive, at the beginning and then at each interval.

    What cannot be said is logged once until it can be, and delays no cycle.

    Args:
        interval: Seconds between two messages; 0 for none at all.
        tally: What is said of the cycles.
        is_healthy: Asked before each message, on the thread.
        say: Takes the text and the facts; what it raises is logged.
    """

    def __init__(
        self,
        interval: float,
        tally: Tally,
        is_healthy: Callable[[], bool],
        say: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        self._interval = interval
        self._tally = tally
        self._is_healthy = is_healthy
        self._say = say
        self._failed = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="k8s-monitor-dead-man", daemon=True)

    def __enter__(self) -> None:
        if self._interval > 0:
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(1.0)  # a request that hangs is left behind

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            self.beat()

    def beat(self) -> None:
        """Say it now, if the monitor is alive."""
        facts = alive_facts(self._tally)
        if not facts["looks"] or not self._is_healthy():
            return
        try:
            self._say(alive_text(facts), facts)
        except Exception as error:  # noqa: BLE001 - whatever a network does; said in the log, and tried again
            if not self._failed:
                said = f"{type(error).__name__}: {escape(str(error), limit=_LONGEST)}"
                logger.warning("the message that the monitor is alive could not be sent: %s", said)
            self._failed = True
        else:
            self._failed = False


def alive_facts(tally: Tally) -> dict[str, Any]:
    """Return what is said of the cycles: no name of anything in the cluster."""
    totals = tally.totals
    last = totals.last
    findings = [finding for finding in last.get("findings", ()) if finding["state"] == "open"]
    return {
        "cluster": escape(str(last.get("cluster", "")), limit=100),
        "looks": sum(totals.looks.values()) - totals.looks["failed"],
        "last_look": last.get("at"),
        "verdict": last.get("verdict"),
        "open": {severity: sum(f["severity"] == severity for f in findings) for severity in SEVERITIES},
        "not_told": totals.not_told,
        "generation": dict(last.get("generation", {})),
    }


def alive_text(facts: Mapping[str, Any]) -> str:
    """Return the same as one line for people."""
    counted = ", ".join(f"{count} {severity}" for severity, count in facts["open"].items() if count)
    generation = facts["generation"]
    parts = [
        f"alive: cluster {facts['cluster']}, {facts['looks']} looks, the last at {facts['last_look']}",
        f"{facts['verdict']}: {counted or 'no findings'}",
        f"{facts['not_told']} messages not delivered" if facts["not_told"] else "",
        f"generation {generation.get('number')} {str(generation.get('digest'))[:19]}",
    ]
    return escape("; ".join(part for part in parts if part), limit=_LONGEST)


def post(url: str, facts: Mapping[str, Any]) -> None:
    """Send the facts as JSON to a place that misses them when they do not come.

    The address may hold a secret, so no error names it.

    Raises:
        OSError: If it was not taken.
    """
    import urllib3  # noqa: PLC0415 - only where an address is set

    body = json.dumps(facts).encode()
    headers = {"content-type": "application/json", "user-agent": "k8s-monitor"}
    try:
        with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=_SECONDS)) as pool:
            answer = pool.request("POST", url, body=body, headers=headers, redirect=False, preload_content=False)
            status = answer.status
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise OSError(f"the address of K8S_MONITOR_DEAD_MAN_URL: {type(error).__name__}") from None
    if status not in _GOOD:
        raise OSError(f"the address of K8S_MONITOR_DEAD_MAN_URL answered {status}")
