"""One answer of the API server's: asked for by the official client, read in pieces, and decoded as plain JSON or left
as it is.

The client's own way of reading is left aside: ``kubernetes`` 37 refuses a whole list for one null, every version reads
the body of an error whole, however long that takes, and ``kubernetes`` 31 fails over errors with a recent urllib3. So
a method of an API class makes the request, with its path, parameters and credentials, and a stand-in for the connection
pool hands the response over before the client looks at it. See `hotagents_k8s_monitor.cluster.retrying` for more than
one attempt.
"""

from __future__ import annotations

import copy
import json
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents_k8s_monitor.cluster.client import official
from hotagents_k8s_monitor.cluster.failures import Failure, failure_of, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from urllib3 import BaseHTTPResponse

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.deadline import Deadline

__all__ = ["MOST_BYTES", "Answer", "Call", "ask", "ask_bytes"]

MOST_BYTES: Final = 64 << 20
"""The largest list that is read, in bytes: about 14,000 pods of 4.7 kB.

It is bounded by memory. While a list is decoded it takes about six times its size, where the API server sends it as one
answer; the process takes some 100 MiB beside that. So this goes with the 512Mi of ``k8s/deployment.yaml``, where a
larger list would end the process, and nobody would hear of it; so it is a gap.
"""

_CONNECTING: Final = 3.0
_READING: Final = 30.0
_PIECE: Final = 1 << 16
_REFUSAL_BYTES: Final = 1 << 16  # of an error's body: a Status is far smaller
_REFUSAL_SECONDS: Final = 2.0
_SUCCESS: Final = range(200, 300)
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_SHARED: Final = 100  # characters
_OF_CONTAINERS: Final = ("args", "command", "env", "envFrom", "volumeMounts")  # half of a pod, and what may be secret


class Call(NamedTuple):
    """A method of one of the client's API classes, by name: the classes are imported when they are needed.

    Attributes:
        api: Such as ``CoreV1Api``.
        method: Such as ``list_node``.
    """

    api: str
    method: str


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """What came.

    Attributes:
        body: Decoded JSON: any value.
        size: Bytes that it was encoded in.
    """

    body: Any
    size: int


def ask(
    api_client: ApiClient, call: Call, *, deadline: Deadline, most_bytes: int = MOST_BYTES, **parameters: Any
) -> Answer:
    """Ask once and return the decoded answer.

    The connection goes back to the client's pool, or is closed where not all of its answer was read. Several threads
    may ask with one client.

    Args:
        api_client: Left as it is.
        call: What to ask.
        deadline: Longest wait. It is looked at whenever something comes; a server that sends its headers in crumbs, or
            says that it will close the connection, may last up to 30 s longer.
        most_bytes: The largest body.
        parameters: Of the method.

    Raises:
        Failure: Whatever went wrong.
    """
    try:
        body = _asked(api_client, call, deadline, most_bytes, parameters)
        return Answer(_decoded(body, _bare if call.method.startswith("list_") else _slim), len(body))
    except Exception as error:
        raise failure_of(error) from error


def ask_bytes(api_client: ApiClient, call: Call, *, deadline: Deadline, most_bytes: int, **parameters: Any) -> bytes:
    """Ask once for what is no JSON, such as a log, and return it as it came.

    The arguments, and what is true of time and connection, are those of `ask`.

    Raises:
        Failure: Whatever went wrong.
    """
    try:
        return bytes(_asked(api_client, call, deadline, most_bytes, parameters))
    except Exception as error:
        raise failure_of(error) from error


def _asked(
    api_client: ApiClient, call: Call, deadline: Deadline, most_bytes: int, parameters: dict[str, Any]
) -> bytearray:
    with _response(api_client, call, deadline, parameters) as response:
        return _body(response, deadline, most_bytes, _secrets(api_client))


@contextmanager
def _response(
    api_client: ApiClient, call: Call, deadline: Deadline, parameters: dict[str, Any]
) -> Iterator[BaseHTTPResponse]:
    twin = copy.copy(api_client)
    twin.rest_client = copy.copy(api_client.rest_client)
    twin.rest_client.pool_manager = _Pool(api_client.rest_client.pool_manager, deadline)
    try:
        api = getattr(official("client"), call.api)(twin)
        getattr(api, call.method)(**parameters, _preload_content=False)
    except _Responded as responded:
        response = responded.response
    else:
        raise Failure("failed", f"the client library asked nothing for {call.method}")
    try:
        yield response
    finally:
        response.close()  # closes the connection only where it still waits for a part of the answer
        response.release_conn()


@final
class _Pool:
    """Stands between a client and its pool: one request, no redirect, no second attempt, and the response as it is."""

    def __init__(self, pool: Any, deadline: Deadline) -> None:
        self._pool = pool
        self._deadline = deadline

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Raise the response, or a Failure: what is raised passes the client untouched."""
        from urllib3 import Timeout  # noqa: PLC0415 - heavy, and not needed where nothing is asked

        left = self._deadline.left()
        if not left:
            raise Failure("slow", "no time was left to ask")
        timeout = Timeout(total=left, connect=_CONNECTING, read=_READING)
        plain = {"timeout": timeout, "redirect": False, "retries": False, "preload_content": False}
        try:
            response = self._pool.request(method, url, **(options | plain))
        except Exception as error:
            raise failure_of(error) from error
        raise _Responded(response)


@final
class _Responded(Exception):  # noqa: N818 - it is no error
    def __init__(self, response: BaseHTTPResponse) -> None:
        super().__init__()
        self.response = response


def _body(response: BaseHTTPResponse, deadline: Deadline, most_bytes: int, secrets: tuple[str, ...]) -> bytearray:
    if response.status not in _SUCCESS:
        raise _refusal(response, deadline, secrets)
    return _read(response, deadline, most_bytes)


def _read(response: BaseHTTPResponse, deadline: Deadline, most_bytes: int) -> bytearray:
    body = bytearray()
    while True:
        _wait_no_longer_than(response, deadline)
        piece = response.read1(_PIECE)
        if not piece:
            return body
        body += piece
        if len(body) > most_bytes:
            raise Failure("failed", "the answer is larger than may be read")


def _wait_no_longer_than(response: BaseHTTPResponse, deadline: Deadline) -> None:
    left = deadline.left()
    if not left:
        raise Failure("slow", "the answer did not end in time")
    sock = getattr(response.connection, "sock", None)
    if sock is not None:  # None where the server will close the connection, and at the end of the answer
        sock.settimeout(min(left, _READING))


def _refusal(response: BaseHTTPResponse, deadline: Deadline, secrets: tuple[str, ...]) -> Failure:
    body: Any = None
    with suppress(Exception):  # the status says enough
        body = _decoded(_read(response, deadline.within(_REFUSAL_SECONDS), _REFUSAL_BYTES))
    return refused(response.status, response.reason or "", body, retry_after=_retry_after(response), secrets=secrets)


def _retry_after(response: BaseHTTPResponse) -> float | None:
    from urllib3 import Retry  # noqa: PLC0415 - heavy, and not needed where nothing is asked

    try:
        return Retry().get_retry_after(response)
    except Exception:  # noqa: BLE001 - urllib3 has an exception for a bad value, but none for one that is too large
        return None


def _slim(value: dict[str, Any]) -> dict[str, Any]:
    value.pop("managedFields", None)  # half of an object, nothing of it is looked at, and as it comes it is least
    value.pop(_APPLIED, None)  # the same object once more, as a text
    for key, text in value.items():
        if type(text) is str and len(text) <= _SHARED:  # most stand in each of thousands of objects
            value[key] = sys.intern(text)
    return value


def _decoded(body: bytearray, hook: Callable[[dict[str, Any]], dict[str, Any]] = _slim) -> Any:
    try:
        return json.loads(body, object_hook=hook)
    except (ValueError, RecursionError) as error:
        raise Failure("malformed", f"not JSON: {type(error).__name__}, {len(body)} bytes") from error


def _bare(value: dict[str, Any]) -> dict[str, Any]:
    """Leave out what no rule looks at and thousands of objects have."""
    if "image" in value:
        for key in _OF_CONTAINERS:
            value.pop(key, None)
    elif "nodeInfo" in value:
        value.pop("images", None)
    return _slim(value)


def _secrets(api_client: ApiClient) -> tuple[str, ...]:
    configuration = api_client.configuration
    keys = (str(key).split()[-1] for key in (configuration.api_key or {}).values() if str(key).split())
    return (*keys, str(configuration.password or ""))
