"""What a server may put on the wire in place of an answer: an error that says so, soon, and with little memory."""

from __future__ import annotations

import contextlib
import gzip
import json
import resource
import socket
import threading
import zlib
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents.testing import FakeClock
from hotagents_k8s_monitor.analysis.budget import Budget
from hotagents_k8s_monitor.analysis.errors import AnalysisError
from hotagents_k8s_monitor.analysis.gate import Gate
from hotagents_k8s_monitor.analysis.model import Access, Model
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.testing.objects import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

REQUEST: Final = {"model": "small-1", "max_tokens": 5, "messages": [{"role": "user", "content": "a"}]}
ANSWER: Final = json.dumps(
    {
        "type": "message",
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 3, "output_tokens": 2},
    }
).encode()


@final
class Wire:
    """A server that puts bytes on the wire, and is asked for nothing else; use it as a context manager."""

    def __init__(
        self, act: Callable[[socket.socket, Wire], None], family: socket.AddressFamily = socket.AF_INET
    ) -> None:
        self._act = act
        host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        self._listener = socket.create_server((host, 0), family=family)
        self._open: list[socket.socket] = []
        self.closing = threading.Event()
        self.requests = 0
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as incoming:
            length = 0
            while (line := incoming.readline()) not in {b"\r\n", b""}:
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            incoming.read(length)
            self.requests += 1
            self._act(connection, self)


def sent(*parts: bytes) -> Callable[[socket.socket, Wire], None]:
    def act(connection: socket.socket, _: Wire) -> None:
        for part in parts:
            connection.sendall(part)

    return act


def answer(body: bytes, status: str = "200 OK", *headers: str, length: Any = None) -> Callable[..., None]:
    size = len(body) if length is None else length
    return sent("\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers, "", ""]).encode(), body)


def endless(first: bytes, again: bytes) -> Callable[[socket.socket, Wire], None]:
    def act(connection: socket.socket, wire: Wire) -> None:
        connection.sendall(first)
        while not wire.closing.is_set():
            connection.sendall(again)

    return act


def bomb(mib: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(mib)) + packer.flush()


def ask(url: str, *, seconds: float = 20.0, **access: str) -> tuple[str, Budget]:
    budget = Budget(Deadline.after(seconds), turns=3, tokens=1000, dollars=0.0, prices={}, cancelled=threading.Event())
    with contextlib.closing(
        Model(Access(**{"base_url": url, "api_key": "k", "auth_token": ""} | access), budget)
    ) as it:
        try:
            return it.ask(REQUEST).text, budget
        except AnalysisError as error:
            return str(error), budget


NO_JSON: Final = "malformed: the model's answer is not the JSON that the Messages API sends"
NO_CONNECTION: Final = "unreachable: no connection to the model's server, or it was cut"
TOO_LARGE: Final = "malformed: the model's answer is too large: more than 2097152 bytes"
CODED: Final = "malformed: the model's answer is compressed, and not as it says"
CASES: Final[dict[str, tuple[Callable[..., None], str]]] = {
    "an answer": (answer(ANSWER), "hello"),
    "a compressed answer": (answer(gzip.compress(ANSWER), "200 OK", "Content-Encoding: gzip"), "hello"),
    "an answer after a mark of its order": (answer(b"\xef\xbb\xbf" + ANSWER), "hello"),
    "an answer in UTF-16": (answer(ANSWER.decode().encode("utf-16")), "hello"),
    "not a number": (answer(ANSWER.replace(b": 3", b": NaN")), "hello"),
    "no end of a number": (answer(ANSWER.replace(b": 3", b": " + b"9" * 5000)), NO_JSON),
    "not compressed as it says": (answer(ANSWER, "200 OK", "Content-Encoding: gzip"), CODED),
    "half of what is compressed": (answer(gzip.compress(ANSWER)[:-12], "200 OK", "Content-Encoding: gzip"), NO_JSON),
    "a bomb": (answer(bomb(500), "200 OK", "Content-Encoding: gzip"), TOO_LARGE),
    "a bomb in an error": (answer(bomb(500), "500 No", "Content-Encoding: gzip"), TOO_LARGE),
    "a bomb in a bomb": (answer(gzip.compress(bomb(500)), "200 OK", "Content-Encoding: gzip, gzip"), TOO_LARGE),
    "chunks without end": (
        endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"),
        TOO_LARGE,
    ),
    "half a gibibyte": (endless(b"HTTP/1.1 200 OK\r\nContent-Length: 536870912\r\n\r\n", b" " * 65536), TOO_LARGE),
    "an error of half a gibibyte": (
        endless(b"HTTP/1.1 400 No\r\nContent-Length: 536870912\r\n\r\n", b" " * 65536),
        TOO_LARGE,
    ),
    "headers without end": (endless(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n"), NO_CONNECTION),
    "204": (sent(b"HTTP/1.1 204 No Content\r\n\r\n"), NO_JSON),
    "205": (answer(b"", "205 Reset Content"), NO_JSON),
    "304": (sent(b"HTTP/1.1 304 Not Modified\r\n\r\n"), "failed: the model's server answered 304"),
    "nothing in 200": (answer(b""), NO_JSON),
    "a stream": (answer(b"event: message_start\ndata: {}\n\n"), NO_JSON),
    "no header at all": (sent(ANSWER), NO_CONNECTION),
    "nothing": (sent(b""), NO_CONNECTION),
    "another protocol": (sent(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), NO_CONNECTION),
    "less than it says": (answer(ANSWER, length=9999), NO_CONNECTION),
    "more than it says": (answer(ANSWER, length=20), NO_JSON),
    "a length that is none": (answer(ANSWER, length="-1"), NO_CONNECTION),
    "status 999": (answer(b"", "999 What"), "failed: the model's server answered 999"),
    "a redirect to no address": (answer(b"", "307 x", "Location: http://[::1"), "redirects are not followed"),
    "a deep list": (answer(b"[" * 100_000 + b"]" * 100_000), NO_JSON),
    "a deep object": (answer(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), NO_JSON),
}


@pytest.mark.parametrize("name", CASES)
def test_whatever_is_on_the_wire_is_an_answer_or_an_error_that_says_what_it_was(name: str) -> None:
    act, expected = CASES[name]
    with Wire(act) as wire:
        said, budget = ask(wire.url)
        assert expected in said
        assert 3 - budget.turns_left == wire.requests  # each attempt is one of the budget's


@pytest.mark.parametrize("name", ["a bomb", "chunks without end", "half a gibibyte", "an error of half a gibibyte"])
def test_no_body_fills_the_memory(name: str) -> None:
    with Wire(CASES[name][0]) as wire:
        ask(wire.url)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ask(wire.url)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 << 10  # KiB


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="continue without end"),
        pytest.param(lambda _, wire: wire.closing.wait(), id="silence"),
    ],
)
def test_what_never_ends_is_given_up_when_the_time_is_over_and_leaves_no_thread(
    act: Callable[[socket.socket, Wire], None],
) -> None:
    with Wire(act) as wire:
        said, _ = ask(wire.url, seconds=1.0)
        assert said == "budget: 127.0.0.1 did not answer within the time of an analysis"
    for thread in threading.enumerate():
        if thread.name == "k8s-monitor-cluster":
            thread.join(30)
            assert not thread.is_alive()


class Drops:
    """A request of the client's, and its response whose body comes in drops, of which each takes a second."""

    json: Any = {}  # noqa: RUF012 - nobody writes into it
    status_code = 200
    headers: Any = {}  # noqa: RUF012

    def __init__(self, clock: FakeClock) -> None:
        self.http_response = self
        self.clock = clock
        self.left = 9

    def copy(self, **_: Any) -> Drops:
        return self

    def iter_bytes(self) -> Iterator[bytes]:
        while self.left:
            self.left -= 1
            self.clock.advance(1)
            yield b" "

    def close(self) -> None:
        """Nothing is open."""


def test_a_body_that_comes_in_drops_is_read_no_longer_than_its_time() -> None:
    clock = FakeClock(NOW)
    drops = Drops(clock)
    gate = Gate(Deadline.after(3, clock=clock), emails=True, shown=None, sends=True)
    with pytest.raises(AnalysisError, match="did not answer in time") as caught:
        gate(drops, lambda request: request)
    assert (caught.value.passes, drops.left) == (True, 6)


def test_a_malformed_answer_counts_as_one_request() -> None:
    for name in ("a bomb", "nothing in 200", "not compressed as it says", "a deep list"):
        with Wire(CASES[name][0]) as wire:
            _, budget = ask(wire.url)
            assert budget.spent["small-1"].requests == wire.requests == 1


@pytest.mark.parametrize("key", ["a\nb", "schlüssel", "\x00"])
def test_a_key_that_no_header_can_have_is_said_and_not_sent(key: str) -> None:
    with Wire(answer(ANSWER)) as wire:
        assert ask(wire.url, api_key=key)[0] == "unauthorized: the key or token has characters that none can have"
        assert ask(wire.url, api_key="", auth_token=key)[0].startswith("unauthorized: ")
        assert wire.requests == 0


def test_a_key_that_a_server_tells_goes_no_further() -> None:
    error = json.dumps({"error": {"message": "who is opensesame?"}}).encode()
    ways: list[dict[str, Any]] = [{"api_key": "opensesame"}, {"api_key": "", "auth_token": "opensesame"}]
    for access in ways:
        with Wire(answer(error, "401 No")) as wire:
            assert ask(wire.url, **access)[0].endswith("answered 401: who is [redacted]?")
        with Wire(answer(ANSWER.replace(b"hello", b"it is opensesame"))) as wire:
            assert ask(wire.url, **access)[0] == "it is [redacted]"


@pytest.mark.parametrize(
    "url",
    ["http://", "ftp://example.com", "example.com", "http://[::1", "u:hunter-two@example.com", "://", "https:///x"],
)
def test_an_address_that_is_none_is_said_once_and_shown_nowhere(url: str) -> None:
    said, budget = ask(url)
    assert said == "unreachable: ANTHROPIC_BASE_URL is no address of a server"
    assert budget.turns_left == 2
    assert "hunter" not in Access(base_url=url, api_key="", auth_token="").host


@pytest.mark.parametrize("path", ["", "/", "/v1/gateway", "/v1/gateway/"])
def test_an_address_may_have_a_path_and_a_password_that_nobody_is_shown(path: str) -> None:
    with Wire(answer(ANSWER)) as wire:
        url = wire.url.replace("://", "://somebody:hunter-two@") + path
        assert ask(url)[0] == "hello"
    said, _ = ask(url)
    assert said.startswith("unreachable: ")
    assert "hunter" not in said


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_no_proxy_is_asked_for_a_server_on_this_machine(
    family: socket.AddressFamily, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with Wire(answer(ANSWER), family) as wire:
        assert ask(wire.url)[0] == "hello"


def test_a_proxy_is_asked_for_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(answer(ANSWER)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert ask("http://model.invalid")[0] == "hello"
