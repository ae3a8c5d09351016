"""`NoReading`: what agents ask for events and logs where there is no cluster to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from hotagents_k8s_monitor.cluster.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NoReading"]


@final
class NoReading:
    """Has neither, as a cluster has that does not answer."""

    def events(self, kind: str, namespace: str, name: str, uid: str = "") -> Sequence[Mapping[str, Any]]:
        """Say that there are none to be had."""
        del kind, namespace, name, uid
        raise ClusterError("events cannot be had here")

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False, lines: int = 100) -> str:
        """Say that there are none to be had."""
        del namespace, pod, container, previous, lines
        raise ClusterError("logs cannot be had here")

    def close(self) -> None:
        """Do nothing."""
