"""`Logs`: what the containers of a fake cluster wrote, and how the API server hands it out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.testing.answers import Answer, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Logs"]

_FLAGS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")
_KNOWN: Final = frozenset({"container", "limitBytes", "previous", "tailLines"})
_OFF: Final = frozenset({"follow", "timestamps"})  # what nobody may ask for may still be said to be off


@final
class Logs:
    """Logs by container. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._written: dict[tuple[str, str, str, bool], bytes] = {}

    def write(self, namespace: str, pod: str, container: str, body: bytes, *, previous: bool) -> None:
        """Let this be all that a container wrote; empty is the container of a pod that has one alone."""
        with self._lock:
            self._written[namespace, pod, container, previous] = body

    def answer(self, pod: Mapping[str, Any], query: Mapping[str, str]) -> Answer:
        """Return a container's log, its last lines where they are asked for, or why there is none."""
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        try:
            is_previous = _options(query)
            lines, size = _number(query, "tailLines", name, least=0), _number(query, "limitBytes", name, least=1)
            container = _container(pod, query.get("container", ""))
            body = self._body(namespace, name, container, is_previous=is_previous, is_only=len(_names(pod)) == 1)
            body = _waiting(pod, container) if body is None else body
        except _InvalidError as error:
            return refusal(422, str(error))
        except ValueError as error:
            return refusal(400, str(error))
        return Answer(
            200, _tail(body, lines)[:size], {"Content-Type": "text/plain"}
        )  # what is cut off is the newest, as in a node

    def _body(self, namespace: str, pod: str, container: str, *, is_previous: bool, is_only: bool) -> bytes | None:
        with self._lock:
            body = self._written.get((namespace, pod, container, is_previous))
            if body is None and is_only:
                body = self._written.get((namespace, pod, "", is_previous))
        if body is None and is_previous:
            raise ValueError(f'previous terminated container "{container}" in pod "{pod}" not found')
        return body


class _InvalidError(ValueError):
    """A parameter of the right type with a value that is out of bounds."""


def _options(query: Mapping[str, str]) -> bool:
    """Return whether the log of the container before is meant; refuse what this one has no answer for."""
    for name, text in query.items():
        if name not in _KNOWN and not (name in _OFF and _FLAGS.get(text) is False):
            raise ValueError(f"{name}={text}: not a parameter of logs that the fake cluster answers to")
    try:
        return _FLAGS[query.get("previous", "false")]
    except KeyError as error:
        raise ValueError(f"strconv.ParseBool: parsing {error}: invalid syntax") from None


def _number(query: Mapping[str, str], name: str, pod: str, *, least: int) -> int | None:
    if name not in query:
        return None
    try:
        number = int(query[name])
    except ValueError:
        raise ValueError(f'strconv.ParseInt: parsing "{query[name]}": invalid syntax') from None
    if number < least:
        bound = f"greater than or equal to {least}" if not least else "greater than 0"
        raise _InvalidError(f'PodLogOptions "{pod}" is invalid: {name}: Invalid value: {number}: must be {bound}')
    return number


def _tail(body: bytes, lines: int | None) -> bytes:
    if lines is None:
        return body
    return b"\n".join(body.split(b"\n")[-lines - body.endswith(b"\n") :]) if lines else b""


def _names(pod: Mapping[str, Any]) -> list[str]:
    spec = pod.get("spec") or {}
    return [container["name"] for key in _LISTS for container in spec.get(key) or ()]


def _container(pod: Mapping[str, Any], wanted: str) -> str:
    name, names = pod["metadata"]["name"], _names(pod)
    if wanted and wanted not in names:
        raise ValueError(f"container {wanted} is not valid for pod {name}")
    if not wanted and len(names) != 1:
        raise ValueError(f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")
    return wanted or names[0]


def _waiting(pod: Mapping[str, Any], container: str) -> bytes:
    """Return the empty log of a container that wrote nothing; one that never ran has none."""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        waiting = (status.get("state") or {}).get("waiting")
        if status.get("name") == container and waiting and not (status.get("lastState") or {}).get("terminated"):
            reason, name = waiting.get("reason", ""), pod["metadata"]["name"]
            raise ValueError(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
    return b""
