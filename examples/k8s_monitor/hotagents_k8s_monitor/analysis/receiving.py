"""`Receiving`: the client's middleware, which reads each answer itself, and no more of it than may be read.

The client would take in all that a server sends, however much that is, and however slowly it comes. It would also ask
again by itself, where nobody counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.analysis.errors import AnalysisError
from hotagents_k8s_monitor.analysis.failing import too_late

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.cluster.deadline import Deadline

__all__ = ["MOST_BYTES", "Answer", "Receiving"]

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


@final
class Receiving:
    """Called by the client in the thread of a request, once, in place of its own reading.

    Attributes:
        deadline: When the answer must be there; set before each request.
    """

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline

    def __call__(self, request: Any, call_next: Callable[[Any], Any]) -> Answer:
        """Return the answer, which the client hands on as it is.

        Raises:
            AnalysisError: If it is too large, or came to no end.
            httpx2.HTTPError: If the connection failed, or what came is not HTTP.
        """
        deadline = self.deadline
        response = call_next(request).http_response
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
