"""`Listener`: `hotagents.ops.web` served on a port by one daemon thread with an event loop of its own.

Nothing that comes in can hold up the process: connections, their number and their life are bounded, no signal handler
is touched, and the end takes less than a second whatever clients do. Requests are not logged.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from typing import TYPE_CHECKING, Any, Final, final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from hotagents.ops.web import app

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from hotagents.host import Host
    from hotagents.ops.web import Collectors
    from hotagents.registry import ConfigRegistry

__all__ = ["Listener"]

logger: Final = logging.getLogger("hotagents")
_MOST_CONNECTIONS: Final = 64
_LONGEST_HEAD: Final = 16_384  # bytes
_LIFE: Final = 10.0  # seconds of a connection, from its first moment
_END: Final = 1.0


@final
class Listener:
    """A context manager: while it lasts HTTP is served at a place.

    Args:
        place: ``HOST:PORT``; ``:PORT`` for every interface, an IPv6 address in brackets, port 0 for a free one.
        registry: Need not be started yet.
        host: What runs on it, None where nothing does.
        collectors: Metrics of the program's own, served beside those of the registry and the host.

    Attributes:
        port: What is listened on.

    Raises:
        ValueError: If that is no place to listen on.
        OSError: If it cannot be had.
    """

    def __init__(
        self,
        place: str,
        registry: ConfigRegistry[Any],
        host: Host | None = None,
        *,
        collectors: Collectors = (),
    ) -> None:
        self._socket = _bound(*_parsed(place))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app(registry, host, collectors=collectors),
            loop="asyncio",
            http=_Bounded,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",  # strangers' broken requests are not worth a line
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=_LONGEST_HEAD,
            backlog=_MOST_CONNECTIONS,
            headers=[("connection", "close")],  # scrapes and probes come seldom; an idle connection is a place taken
        )
        self._server = _Prompt(config)
        self._thread = threading.Thread(target=self._run, name="hotagents-web", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        logger.info("listening on port %d: /metrics /healthz /readyz /status", self.port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, cut what is still connected, and end the thread; within a second."""
        self._server.should_exit = self._server.force_exit = True
        if self._thread.ident is not None:
            self._thread.join(_END)
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._socket]))
        except (Exception, SystemExit):
            logger.exception("nothing is served on port %d any more", self.port)


@final
class _Prompt(uvicorn.Server):
    """A server that waits for no client at its end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


@final
class _Bounded(H11Protocol):
    """A connection that is cut when its time is up, however slowly the other side sends or takes.

    Where too many are open the oldest goes: whoever holds connections to no purpose keeps no probe from its answer.
    """

    _end: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._end = self.loop.call_later(_LIFE, transport.abort)
        if len(self.connections) > _MOST_CONNECTIONS:
            oldest = min((c for c in self.connections if isinstance(c, _Bounded)), key=lambda c: c._end.when())  # noqa: SLF001 - of this very class
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end.cancel()
        super().connection_lost(exc)


def _parsed(place: str) -> tuple[str, int]:
    host, colon, port = place.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535 or (":" in host and not bracketed):  # noqa: PLR2004
        raise ValueError(f"expected HOST:PORT, :PORT or [ADDRESS]:PORT with a port up to 65535, got {place!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _bound(host: str, port: int) -> socket.socket:
    if not host and socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError as error:
            if error.errno not in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
                raise
    (family, _, _, _, address), *_ = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)  # noqa: S104
    return socket.create_server(address[:2], family=family)
