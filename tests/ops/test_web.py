from __future__ import annotations

import asyncio
import http.client
import json
import logging
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.routing import Mount

from hotagents import ConfigRegistry, Cycle, CycleResult, Host, Memory
from hotagents.errors import ForkedError
from hotagents.ops.listening import Listener
from hotagents.ops.web import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.core import Metric

Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def registry(agent: Callable[..., str]) -> Iterator[ConfigRegistry[Any]]:
    with ConfigRegistry(Memory({"triage.md": agent()})) as registry:
        yield registry


def request(port: int, path: str, *, method: str = "GET", host: str = "127.0.0.1", **options: Any) -> Answer:
    connection = http.client.HTTPConnection(host, port, timeout=10.0)
    try:
        connection.request(method, path, **options)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def test_it_serves_the_report_the_metrics_and_two_probes(registry: ConfigRegistry[Any]) -> None:
    with Listener("127.0.0.1:0", registry) as listener:
        status, headers, body = request(listener.port, "/status")
        assert (status, headers["content-type"]) == (200, "application/json")
        assert json.loads(body)["generation"]["digest"] == registry.current.digest
        status, headers, body = request(listener.port, "/metrics")
        assert (status, headers["content-type"].split(";")[0]) == (200, "text/plain")
        assert b"hotagents_config_generation 1.0\n" in body
        assert b"python_info" not in body
        for probe in ("/healthz", "/readyz"):
            assert request(listener.port, probe)[::2] == (200, b"ok\n")
        assert "server" not in headers
        assert headers["connection"] == "close"


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("HEAD", "/healthz", {}, 200),
        ("GET", "/nowhere", {}, 404),
        ("GET", "/", {}, 404),
        ("GET", "/status/../metrics", {}, 404),
        ("POST", "/status", {"body": b"x"}, 405),
        ("GET", "/status", {"body": b"x"}, 413),
        ("GET", "/status", {"headers": {"upgrade": "websocket", "connection": "upgrade"}}, 200),
    ],
)
def test_what_is_asked_otherwise_is_plainly_refused(
    registry: ConfigRegistry[Any], method: str, path: str, options: dict[str, Any], status: int
) -> None:
    with Listener("127.0.0.1:0", registry) as listener:
        assert request(listener.port, path, method=method, **options)[0] == status
        assert request(listener.port, "/healthz")[0] == 200


def test_a_body_in_pieces_is_refused_too(registry: ConfigRegistry[Any]) -> None:
    head = b"GET /status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Listener("127.0.0.1:0", registry) as listener:
        with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as connection:
            connection.sendall(head + b"1\r\nx\r\n0\r\n\r\n")  # at once: the answer does not wait for the rest
            assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
        assert request(listener.port, "/healthz")[0] == 200


def test_probes_say_why_in_one_line(agent: Callable[..., str]) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(Memory({"triage.md": agent()}))
    with Listener("127.0.0.1:0", registry) as listener:
        assert request(listener.port, "/healthz")[::2] == (200, b"ok\n")
        assert request(listener.port, "/readyz")[::2] == (503, b"no generation yet\n")
        with registry:
            assert request(listener.port, "/readyz")[::2] == (200, b"ok\n")
        assert request(listener.port, "/healthz")[::2] == (503, b"closed\n")


def test_with_a_host_its_cycles_and_readiness_are_told(registry: ConfigRegistry[Any]) -> None:
    done = threading.Event()

    class Runner:
        name = "worker"

        def run(self, cycle: Cycle) -> CycleResult:
            return CycleResult(summary=cycle.trigger)

    host = Host(registry, [Runner()], interval=1e6, on_result=lambda _: done.set())
    with Listener("127.0.0.1:0", registry, host) as listener:
        assert request(listener.port, "/readyz")[::2] == (503, b"the runners have not begun, or have ended\n")
        thread = threading.Thread(target=host.run, daemon=True)
        thread.start()
        assert done.wait(10.0)
        assert request(listener.port, "/readyz")[0] == 200
        assert b'hotagents_cycles_total{result="ok",runner="worker"} 1.0\n' in request(listener.port, "/metrics")[2]
        host.stop()
        thread.join(10.0)


@pytest.mark.parametrize(
    ("error", "answer"),
    [(ForkedError("of the parent"), (503, b"of the parent\n")), (ValueError("a secret"), (500, b"see the log\n"))],
)
def test_a_defect_is_logged_and_not_told(
    error: Exception, answer: tuple[int, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    class Odd:
        @property
        def status(self) -> object:
            raise error

    odd: Any = Odd()
    with Listener("127.0.0.1:0", odd) as listener:
        for path in ("/status", "/healthz", "/readyz"):
            assert request(listener.port, path)[::2] == answer
    assert ("a secret" in caplog.text) == isinstance(error, ValueError)


# --- what clients may do to it ----------------------------------------------------------------------------------------


def test_a_client_that_is_slow_is_cut_off(registry: ConfigRegistry[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotagents.ops.listening._LIFE", 0.2)
    with Listener("127.0.0.1:0", registry) as listener, socket.create_connection(("127.0.0.1", listener.port)) as slow:
        slow.settimeout(10.0)
        slow.sendall(b"GET /status HTTP/1.1\r\n")
        assert is_cut(slow)


def test_connections_that_are_held_to_no_purpose_keep_no_probe_from_its_answer(
    registry: ConfigRegistry[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotagents.ops.listening._MOST_CONNECTIONS", 3)
    with Listener("127.0.0.1:0", registry) as listener:
        idle = [socket.create_connection(("127.0.0.1", listener.port), timeout=10.0) for _ in range(5)]
        assert request(listener.port, "/healthz")[0] == 200
        assert is_cut(idle[0])
        assert request(listener.port, "/healthz")[0] == 200
        for connection in idle:
            connection.close()


def test_a_request_whose_head_has_no_end_is_refused(registry: ConfigRegistry[Any]) -> None:
    with Listener("127.0.0.1:0", registry) as listener, socket.create_connection(("127.0.0.1", listener.port)) as long:
        long.settimeout(10.0)
        long.sendall(b"GET /status HTTP/1.1\r\nx: " + b"x" * 40_000)
        assert long.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_it_ends_within_a_second_whatever_clients_do(registry: ConfigRegistry[Any]) -> None:
    listener = Listener("127.0.0.1:0", registry)
    with listener:
        idle = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(3)]
        idle[0].sendall(b"GET /status HTTP/1.1\r\n")
        idle[1].sendall(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        assert request(listener.port, "/healthz")[0] == 200
        begun = time.monotonic()
    assert time.monotonic() - begun < 1.0
    assert not listener._thread.is_alive()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", listener.port))
    for connection in idle:
        connection.close()


def test_it_touches_no_signal_handler_and_logs_no_request(
    registry: ConfigRegistry[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    with Listener("127.0.0.1:0", registry) as listener:
        request(listener.port, "/healthz")
        with socket.create_connection(("127.0.0.1", listener.port)) as odd:
            odd.settimeout(10.0)
            odd.sendall(b"nonsense\r\n\r\n")
            assert odd.recv(1000).startswith(b"HTTP/1.1 400")
        assert [signal.getsignal(number) for number in numbers] == before
    assert [record.message for record in caplog.records if record.name != "asyncio"] == [
        f"listening on port {listener.port}: /metrics /healthz /readyz /status"
    ]


def test_a_server_that_fails_is_logged(registry: ConfigRegistry[Any], caplog: pytest.LogCaptureFixture) -> None:
    listener = Listener("127.0.0.1:0", registry)
    listener._socket.close()
    with listener:
        listener._thread.join(10.0)
    assert "nothing is served on port" in caplog.text


# --- where it listens -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["8080", "localhost", "", ":", ":x", ":65536", ":-1", "::1:80", "[::1]", ":8\u0660"])
def test_what_is_no_place_to_listen_on_is_refused(registry: ConfigRegistry[Any], place: str) -> None:
    with pytest.raises(ValueError, match="expected HOST:PORT, :PORT or "):
        Listener(place, registry)


@pytest.mark.parametrize(
    ("place", "host"), [(":0", "127.0.0.1"), ("localhost:0", "localhost"), ("[::1]:0", "::1"), (":0", "::1")]
)
def test_it_listens_where_it_is_told_to(registry: ConfigRegistry[Any], place: str, host: str) -> None:
    if ":" in host and not _has_ipv6():
        pytest.skip("no IPv6 here")
    with Listener(place, registry) as listener:
        assert request(listener.port, "/healthz", host=host)[0] == 200


def test_a_port_that_is_taken_is_told(registry: ConfigRegistry[Any]) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match=r"[Aa]ddress already in use|Only one usage"),
    ):
        Listener(f"127.0.0.1:{taken.getsockname()[1]}", registry)


def test_an_address_of_another_machine_is_told(registry: ConfigRegistry[Any]) -> None:
    with pytest.raises(OSError, match=r"assign|valid"):
        Listener("192.0.2.1:0", registry)


def test_the_application_can_be_mounted_in_a_programs_own(registry: ConfigRegistry[Any]) -> None:
    own = Starlette(routes=[Mount("/ops", app(registry))])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/ops/readyz",
        "raw_path": b"/ops/readyz",
        "query_string": b"",
        "root_path": "",
        "headers": [],
    }
    asyncio.run(own(scope, receive, send))
    assert (sent[0]["status"], sent[1]["body"]) == (200, b"ok\n")


def is_cut(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_what_the_program_measures_itself_stands_beside_the_rest(registry: ConfigRegistry[Any]) -> None:
    class Own(Collector):
        def collect(self) -> Iterable[Metric]:
            return [GaugeMetricFamily("own_number", "Of the program.", value=7.0)]

    with Listener("127.0.0.1:0", registry, collectors=[Own()]) as listener:
        _, _, body = request(listener.port, "/metrics")
    assert b"own_number 7.0\n" in body
    assert b"hotagents_config_generation 1.0\n" in body


@pytest.mark.parametrize("version", ["abc", "", "1.0.0;;", "9" * 99])
def test_a_scrape_in_a_version_that_is_none_is_plain_text(registry: ConfigRegistry[Any], version: str) -> None:
    with Listener("127.0.0.1:0", registry) as listener:
        accept = {"accept": f"application/openmetrics-text; version={version}"}
        status, _, body = request(listener.port, "/metrics", headers=accept)
    assert status == 200
    assert b"hotagents_config_generation 1.0\n" in body
