"""`ModelServer`: a Messages API on the loopback whose answers are scripted, and that holds clients to the contract."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeAlias, final

from hotagents_k8s_monitor.testing.model.contract import Contract
from hotagents_k8s_monitor.testing.model.replies import Reply
from hotagents_k8s_monitor.testing.model.requests import blocks_of
from hotagents_k8s_monitor.testing.model.shapes import prepare
from hotagents_k8s_monitor.testing.model.trouble import failing
from hotagents_k8s_monitor.testing.model.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from types import TracebackType
    from typing import Self

    from hotagents_k8s_monitor.testing.model.requests import Request

    Script: TypeAlias = "Sequence[Reply] | Callable[[Request], Reply]"

__all__ = ["ModelServer"]


@final
class ModelServer:
    """A server of models that do not exist; use it as a context manager.

    It listens on a free port of 127.0.0.1 inside the ``with`` block. A request that breaks the contract of the API is
    refused as the API would, takes nothing from the script, and is found in `surprises`. At the end of the block all
    connections are closed, those of late replies included, within a second. Methods may be called from any thread.

    Args:
        script: The replies in the order of the requests; or a function that makes one of a request, which is called in
            the thread of the connection, so perhaps from several at once.
        repeat: Whether the last reply is given again and again. If not, what comes after it is a surprise and gets 500.
        without: Fields of a request that this server does not know, as servers of other kinds do: it refuses them, and
            is not surprised.
        api_key: The key that it accepts; None for any, and empty if it asks for none.

    Raises:
        ValueError: If the last of no replies is to be repeated.
    """

    def __init__(
        self, script: Script, *, repeat: bool = False, without: Collection[str] = (), api_key: str | None = None
    ) -> None:
        self._script = script if callable(script) else tuple(script)
        if repeat and not self._script:
            raise ValueError("script: expected a reply to repeat, got none")
        self._repeat = repeat
        self._given = 0
        self._requests: list[Request] = []
        self._surprises: list[str] = []
        self._paused: list[list[Any]] = []
        self._heard = threading.Condition()
        self._contract = Contract(without=without, api_key=api_key, is_paused=self._is_paused)
        self._wire: Wire | None = None

    def __enter__(self) -> Self:
        prepare()
        self._wire = Wire(self._respond)
        self._wire.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    @property
    def url(self) -> str:
        """Where it listens, for ``ANTHROPIC_BASE_URL``: ``http://127.0.0.1:PORT``.

        Raises:
            RuntimeError: Outside the ``with`` block.
        """
        if self._wire is None:
            raise RuntimeError("the model server is not started; use it as a context manager")
        return f"http://127.0.0.1:{self._wire.server_port}"

    @property
    def requests(self) -> tuple[Request, ...]:
        """What was asked, in the order in which it came, whatever was answered."""
        with self._heard:
            return tuple(self._requests)

    @property
    def surprises(self) -> tuple[str, ...]:
        """What should not have happened: broken contracts, and requests that the script has no reply to."""
        with self._heard:
            return tuple(self._surprises)

    def wait_for(self, times: int, *, timeout: float = 30.0) -> None:
        """Wait until so many requests came, whatever was answered.

        Raises:
            TimeoutError: If they did not come within ``timeout`` seconds.
        """
        with self._heard:
            if not self._heard.wait_for(lambda: len(self._requests) >= times, timeout):
                raise TimeoutError(f"expected {times} requests, got {len(self._requests)}")

    def _respond(self, request: Request) -> Reply:
        with self._heard:
            self._requests.append(request)
            number = len(self._requests)
            self._heard.notify_all()
        refusal = self._contract.refusal(request)
        if refusal is None:
            return self._noted(self._scripted(request, number).made_for(request.model, number))
        if refusal.is_surprise:
            self._surprised(f"request {number}: {refusal.message}")
        return failing(refusal.status, refusal.kind, refusal.message)

    def _scripted(self, request: Request, number: int) -> Reply:
        if callable(self._script):
            return self._made(self._script, request, number)
        with self._heard:
            place = min(self._given, len(self._script) - 1) if self._repeat else self._given
            self._given += 1
        if place < len(self._script):
            return self._script[place]
        return self._lost(f"request {number}: the script has {len(self._script)} replies, and all are given")

    def _made(self, script: Callable[[Request], Any], request: Request, number: int) -> Reply:
        try:
            found = script(request)
        except Exception as error:  # noqa: BLE001 - a script may do anything, and a test is to hear of it
            return self._lost(f"request {number}: the script raised {error!r}")
        if isinstance(found, Reply):
            return found
        return self._lost(f"request {number}: expected a reply of the script, got {found!r}")

    def _lost(self, surprise: str) -> Reply:
        self._surprised(surprise)
        return failing(500, "api_error", surprise, retry=False)

    def _surprised(self, surprise: str) -> None:
        with self._heard:
            self._surprises.append(surprise)

    def _noted(self, reply: Reply) -> Reply:
        if reply.is_message and reply.body["stop_reason"] == "pause_turn":
            with self._heard:
                self._paused.append(_bare(reply.body["content"]))
        return reply

    def _is_paused(self, content: Any) -> bool:
        """Return whether a turn ends with what was said before a pause; it may have been paused before, too."""
        blocks = _bare(list(blocks_of(content)))
        with self._heard:
            return any(blocks[-len(said) :] == said for said in self._paused)


def _bare(value: Any) -> Any:
    """Return a value without what is null, which clients add."""
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if item is not None}
    return [_bare(item) for item in value] if isinstance(value, list) else value
