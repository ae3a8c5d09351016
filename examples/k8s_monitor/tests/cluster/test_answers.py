"""One answer, as it comes over the wire."""

from __future__ import annotations

import base64
import json
import socket
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.cluster.answers import Call, ask
from hotagents_k8s_monitor.cluster.client import official
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.failures import Failure
from hotagents_k8s_monitor.testing import FakeCluster, Fault

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from hotagents_k8s_monitor.cluster.client import ApiClient

KUBERNETES = official("client")
VERSION = Call("VersionApi", "get_code")
BODY = json.dumps({"gitVersion": "v1.34.0"}).encode()
Handler = Any


def later() -> Deadline:
    return Deadline.after(10.0)


def saying(*pieces: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def handler(connection: socket.socket, _: threading.Event) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return handler


def plain(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    return head.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "answer",
    [
        plain(BODY),
        plain(BODY, "Connection: close"),
        b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY),
        plain(zlib.compress(BODY), "Content-Encoding: deflate"),
    ],
    ids=["length", "close", "http 1.0", "chunks", "deflate"],
)
def test_a_body_is_read_whole_however_it_comes(
    answer: bytes, serve: Callable[[Handler], str], client_of: Callable[[str], ApiClient]
) -> None:
    found = ask(client_of(serve(saying(answer))), VERSION, deadline=later())
    assert found.body == {"gitVersion": "v1.34.0"}
    assert found.size == len(BODY)


@pytest.mark.parametrize(
    ("answer", "reason", "is_passing"),
    [
        (b"", "unreachable", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "unreachable", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}", "unreachable", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnine\r\n{}", "unreachable", True),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "malformed", False),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "malformed", False),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", "malformed", False),
        (plain(b"no gzip", "Content-Encoding: gzip"), "malformed", False),
        (plain(b""), "malformed", False),
    ],
    ids=["nothing", "short", "short chunk", "no chunk", "ssh", "headers", "header", "gzip", "empty"],
)
def test_what_is_not_an_answer_says_so(
    answer: bytes,
    reason: str,
    is_passing: bool,  # noqa: FBT001 - a column of the table
    serve: Callable[[Handler], str],
    client_of: Callable[[str], ApiClient],
) -> None:
    with pytest.raises(Failure) as caught:
        ask(client_of(serve(saying(answer))), VERSION, deadline=later())
    assert (caught.value.reason, caught.value.is_passing) == (reason, is_passing)


def test_nobody_listening_is_unreachable(client_of: Callable[[str], ApiClient]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Failure) as caught:
        ask(client_of(f"http://127.0.0.1:{port}"), VERSION, deadline=later())
    assert caught.value.reason == "unreachable"
    assert caught.value.detail == "no connection, or it was cut: Connection refused"


def test_a_bomb_is_not_unpacked(serve: Callable[[Handler], str], client_of: Callable[[str], ApiClient]) -> None:
    answer = plain(zlib.compress(b" " * (8 << 20)), "Content-Encoding: deflate")
    with pytest.raises(Failure, match="larger than may be read"):
        ask(client_of(serve(saying(answer))), VERSION, deadline=later(), most_bytes=1 << 20)


def test_connections_are_used_again(serve: Callable[[Handler], str], client_of: Callable[[str], ApiClient]) -> None:
    connections: list[socket.socket] = []

    def handler(connection: socket.socket, _: threading.Event) -> None:
        connections.append(connection)
        connection.sendall(plain(BODY))
        while connection.recv(1 << 16):
            connection.sendall(plain(BODY, status="200 OK"))

    client = client_of(serve(handler))
    for _ in range(3):
        ask(client, VERSION, deadline=later())
    assert len(connections) == 1


def test_a_connection_with_half_an_answer_is_not_used_again(client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster() as cluster:
        client = client_of(cluster.url)
        cluster.fault("/version/", Fault.huge(1 << 20), times=1)
        with pytest.raises(Failure):
            ask(client, VERSION, deadline=later(), most_bytes=1000)
        assert ask(client, VERSION, deadline=later()).body["gitVersion"]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(
    code: int, serve: Callable[[Handler], str], client_of: Callable[[str], ApiClient]
) -> None:
    visits: list[socket.socket] = []
    elsewhere = serve(lambda connection, _: visits.append(connection))
    away = plain(b"", f"Location: {elsewhere}/version", status=f"{code} Elsewhere")
    url = serve(saying(away))
    with pytest.raises(Failure) as caught:
        ask(client_of(url), VERSION, deadline=later())
    assert caught.value.detail == f"HTTP {code} Elsewhere: redirects are not followed"
    with pytest.raises(KUBERNETES.ApiException):  # nor does the client when it is used as it is
        KUBERNETES.VersionApi(client_of(url)).get_code()
    assert not visits


def test_a_token_that_is_sent_back_is_not_shown(client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster() as cluster:
        client = client_of(cluster.url)
        said = {"kind": "Status", "message": "who is sesame-open-sesame?\n\x1b[2J" + "x" * 1000}
        cluster.fault("/version/", Fault.status(401, said))
        with pytest.raises(Failure) as caught:
            ask(client, VERSION, deadline=later())
    assert "sesame" not in str(caught.value)
    assert "[redacted]" in caught.value.detail
    assert "\\n\\x1b" in caught.value.detail
    assert len(caught.value.detail) <= 300


def test_a_password_that_is_sent_back_is_not_shown(kubeconfig: Callable[..., str]) -> None:
    from hotagents_k8s_monitor.cluster.connection import connect, disconnect  # noqa: PLC0415 - of this test alone

    encoded = base64.b64encode(b"admin:hunter2hunter2").decode()
    with FakeCluster() as cluster:
        path = kubeconfig(cluster.url, username="admin", password="hunter2hunter2")  # noqa: S106 - nobody's
        client = connect(kubeconfig=path, context=None)
        cluster.fault("/version/", Fault.status(401, {"message": f"not {encoded}"}))
        with pytest.raises(Failure) as caught:
            ask(client, VERSION, deadline=later())
        disconnect(client)
    assert caught.value.detail == "HTTP 401 Unauthorized: not [redacted]"


def test_the_client_stays_as_it_was(client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster() as cluster:
        client = client_of(cluster.url)
        before = client.rest_client.pool_manager
        ask(client, VERSION, deadline=later())
        assert client.rest_client.pool_manager is before
        assert KUBERNETES.VersionApi(client).get_code().git_version.startswith("v1.")
