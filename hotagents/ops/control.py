"""`Control`: a running process takes orders through a Unix socket: going back, letting go on, a cycle now.

Who may open the socket may do all of that, so it is of mode 0600, and the system is asked who connected: the process's
own user or root. One thread accepts; each request, which may take as long as the mount takes to be read, has a daemon
thread of its own, of which there are at most four. `hotagents.ops.protocol` has the words.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.clock import Clock, SystemClock
from hotagents.diagnostics import escape
from hotagents.errors import HotAgentsError, NotStartedError
from hotagents.ops.protocol import COMMANDS, LONGEST_REQUEST, decoded, line_of, send
from hotagents.ops.report import report
from hotagents.ops.sockets import listening, peer_of, remove

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from hotagents.host import Host
    from hotagents.ops.sockets import Peer
    from hotagents.registry import ConfigRegistry

__all__ = ["Control"]

logger: Final = logging.getLogger("hotagents")
_MOST_AT_ONCE: Final = 4
_REQUEST: Final = 5.0  # seconds for a request to come
_ANSWER: Final = 10.0  # seconds for an answer to be taken
_END: Final = 1.0
_PAUSE: Final = 1.0
_MOMENT: Final = 0.1


@final
class Control:
    """A context manager: while it lasts requests at the socket are served; at the end the socket is removed.

    Args:
        path: Of the socket; a stale one is replaced.
        registry: Need not be started yet.
        host: What runs on it; None where nothing does, and ``run-now`` is refused.
        clock: Where times in answers come from.

    Raises:
        OSError: If the socket cannot be made; nothing is left behind.
    """

    def __init__(
        self,
        path: str,
        registry: ConfigRegistry[Any],
        host: Host | None = None,
        *,
        clock: Clock = SystemClock(),  # noqa: B008 - without state
    ) -> None:
        self._path = os.path.abspath(path)  # noqa: PTH100 - a link stays a link
        self._registry = registry
        self._host = host
        self._clock = clock
        self._free = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._workers: list[threading.Thread] = []  # of the accepting thread, and of close() once that has ended
        self._order = threading.Lock()  # one at a time; those that come meanwhile are told so
        self._listener = listening(self._path)
        self._trusted = {0, os.geteuid()}
        status = os.lstat(self._path)
        self._identity = (status.st_dev, status.st_ino)
        self._closing = threading.Event()
        self._ears, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="hotagents-ctl", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Accept nothing more, remove the socket, and wait up to a second for requests that are being served."""
        deadline = time.monotonic() + _END
        self._closing.set()
        self._wake.close()
        if self._thread.ident is not None:
            self._thread.join(_END)
        self._ears.close()
        remove(self._path, self._listener, self._identity)
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))

    # --- the accepting thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._ears, selectors.EVENT_READ)
            while self._ears not in {key.fileobj for key, _ in selector.select()}:
                try:
                    connection, _ = self._listener.accept()
                except OSError as error:  # no descriptors are left; whoever waits is served once there are
                    logger.warning("ctl: no request can be taken: %s", error.strerror)
                    self._closing.wait(_PAUSE)
                else:
                    self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        self._workers = [worker for worker in self._workers if worker.is_alive()]
        if not self._free.acquire(blocking=False):
            refusal = _refusal("Busy", f"{_MOST_AT_ONCE} requests are being served; ask again")
            with connection, suppress(OSError):
                line_of(connection, limit=LONGEST_REQUEST, timeout=_MOMENT)  # what is not read resets the connection
                send(connection, refusal, timeout=_MOMENT)
            return
        worker = threading.Thread(target=self._serve, args=(connection,), name="hotagents-ctl-request", daemon=True)
        try:
            worker.start()
        except RuntimeError:  # no thread to be had
            self._free.release()
            connection.close()
        else:
            self._workers.append(worker)

    # --- a request's thread -----------------------------------------------------------------------------------------

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, suppress(OSError):  # a client that goes away is no concern of ours
                send(connection, self._answered(connection), timeout=_ANSWER)
        finally:
            self._free.release()

    def _answered(self, connection: socket.socket) -> dict[str, Any]:
        try:
            peer, line = peer_of(connection), line_of(connection, limit=LONGEST_REQUEST, timeout=_REQUEST)
            self._refuse_strangers(peer)
            by = "" if peer is None else f" by user {peer.uid}, process {peer.pid}"
            return {"ok": True, "result": self._do(decoded(line), by), "report": self._report()}
        except NotStartedError as error:
            return _refusal(
                type(error).__name__, "it is starting, and serves nothing yet; `status` says what it waits for"
            )
        except (HotAgentsError, ValueError, TypeError, OSError) as error:
            return _refusal(type(error).__name__, str(error))
        except Exception as error:
            logger.exception("ctl: a request failed")
            return _refusal(type(error).__name__, "see the process's log")

    def _refuse_strangers(self, peer: Peer | None) -> None:
        if peer is not None and peer.uid not in self._trusted:
            logger.warning("ctl: refused a request of user %d, process %d", peer.uid, peer.pid)
            raise PermissionError(f"user {peer.uid} may not ask; ask as the process's own user or as root")

    def _do(self, request: dict[str, Any], by: str) -> str:
        """Do what is asked for and return one word for what that came to; each order is logged with who gave it."""
        command: object = request.get("command")
        to: Any = request.get("to")
        if command not in COMMANDS:
            raise ValueError(f"command: expected one of {', '.join(COMMANDS)}, got {escape(str(command), limit=80)}")
        if (command == "rollback") == (to is None):
            raise ValueError("to: expected a generation's number or digest with rollback, and with nothing else")
        if command != "status":
            logger.info("ctl: %s%s%s", command, "" if to is None else f" {escape(str(to), limit=80)}", by)
        if command == "status":
            return "ok"
        if command == "run-now":
            return self._triggered()
        # Reading a mount may hang, and must not take all the places, or nobody would learn of it.
        if not self._order.acquire(blocking=False):
            raise BlockingIOError("another order is being carried out; ask again")
        try:
            return self._carried_out(command, to)
        finally:
            self._order.release()

    def _carried_out(self, command: object, to: Any) -> str:
        if command == "resume":
            return self._registry.resume()
        if command == "reload":
            return self._registry.reload()
        self._registry.rollback(to)  # refuses what is neither number nor digest
        return "held"

    def _triggered(self) -> str:
        if self._host is None:
            raise ValueError("run-now: expected a process that hosts runners; this one has none")
        self._registry.current  # noqa: B018 - without one nothing can run
        self._host.trigger()
        return "triggered"

    def _report(self) -> dict[str, Any]:
        return report(self._registry, self._host, clock=self._clock)


def _refusal(error: str, message: str) -> dict[str, Any]:
    return {"ok": False, "error": error, "message": message[:4000]}
