"""`Gate`: the client's middleware, and the one choke point: what leaves is redacted here, what comes is bounded here.

The client calls it for each request, in place of its own reading, which would take in all that a server sends, however
much that is and however slowly it comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.analysis.bodies import redacted_body
from hotagents_k8s_monitor.analysis.errors import AnalysisError, NothingSentError
from hotagents_k8s_monitor.analysis.failing import too_late

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.cluster.deadline import Deadline

__all__ = ["MOST_BYTES", "Answer", "Gate"]

MOST_BYTES: Final = 2 << 20


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server sent, whatever it is.

    Attributes:
        status: Of HTTP.
        headers: Of HTTP; names in any case find them.
        content: Its body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_success(self) -> bool:
        """Whether it claims to be what was asked for."""
        return 200 <= self.status < 300  # noqa: PLR2004 - as HTTP has it

    def close(self) -> None:
        """Do nothing, as the client wishes: the connection was given back when all was read."""


@final
class Gate:
    """Called by the client in the thread of a request, once for each.

    Args:
        deadline: When the answer must be there.
        emails: Whether e-mail addresses are taken out of what is sent.
        shown: Called with each body as it is sent, before it is.
        sends: Whether anything is sent at all.

    Attributes:
        deadline: When the answer must be there; set before each request.
    """

    def __init__(self, deadline: Deadline, *, emails: bool, shown: Callable[[Any], None] | None, sends: bool) -> None:
        self.deadline = deadline
        self._emails: Final = emails
        self._shown: Final = shown
        self._sends: Final = sends

    def __call__(self, request: Any, call_next: Callable[[Any], Any]) -> Answer:
        """Return the answer, which the client hands on as it is.

        Raises:
            NothingSentError: If nothing is sent.
            AnalysisError: If the answer is too large, or came to no end.
            httpx2.HTTPError: If the connection failed, or what came is not HTTP.
        """
        deadline = self.deadline
        body = redacted_body(request.json, emails=self._emails)
        if self._shown is not None:
            self._shown(body)
        if not self._sends:
            raise NothingSentError
        if not deadline.left():  # this thread was left behind before it had sent anything
            raise too_late()
        response = call_next(request.copy(body=body)).http_response
        try:
            content = _content(response, deadline)
        finally:
            response.close()
        return Answer(status=response.status_code, headers=response.headers, content=content)


def _content(response: Any, deadline: Deadline) -> bytes:
    content = bytearray()
    for piece in response.iter_bytes():  # of a bounded size each, also of what is compressed
        content += piece
        if len(content) > MOST_BYTES:
            raise AnalysisError("malformed", f"the model's answer is too large: more than {MOST_BYTES} bytes")
        if not deadline.left():
            raise too_late()
    return bytes(content)
