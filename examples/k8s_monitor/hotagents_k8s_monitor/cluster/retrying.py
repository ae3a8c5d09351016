"""Asking again: what passes by itself is tried a few times, as long as the server wishes and the deadline allows.

Nothing is logged of it: what fails in the end is said, as a gap. All of it is decided by the values that are given here
to tenacity, and by nothing that the program around the monitor sets for its own attempts.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.cluster.answers import MOST_BYTES, ask
from hotagents_k8s_monitor.cluster.failures import Failure

if TYPE_CHECKING:
    from tenacity import RetryCallState

    from hotagents_k8s_monitor.cluster.answers import Answer, Call
    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.deadline import Deadline

__all__ = ["ATTEMPTS", "ask_again"]

ATTEMPTS: Final = 3
"""How often one page is asked for, at most."""

_LONGEST_BACKOFF: Final = 2.0
_JITTER: Final = 0.3
_LONGEST_WISH: Final = 15.0  # a longer Retry-After would leave no time for the other resources


def ask_again(
    api_client: ApiClient,
    call: Call,
    *,
    deadline: Deadline,
    attempts: int = ATTEMPTS,
    most_bytes: int = MOST_BYTES,
    **parameters: Any,
) -> Answer:
    """Ask up to so many times and return the decoded answer; see `hotagents_k8s_monitor.cluster.answers.ask`.

    429, 5xx and lost connections are tried again, after what ``Retry-After`` says where it says something. Where that
    is longer than 15 s or than the deadline allows, it is not waited at all.

    Raises:
        Failure: Of the last attempt.
    """
    import tenacity  # noqa: PLC0415 - not needed where nothing is asked

    again = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(attempts),
        retry=tenacity.retry_if_exception(partial(_helps, deadline=deadline)),
        wait=_pause,
        reraise=True,
    )
    return again(ask, api_client, call, deadline=deadline, most_bytes=most_bytes, **parameters)


def _helps(error: BaseException, *, deadline: Deadline) -> bool:
    """Say whether it may help to ask again, and can be in time."""
    if not isinstance(error, Failure) or not error.is_passing:
        return False
    if error.retry_after is None:
        return deadline.left() > _LONGEST_BACKOFF
    return error.retry_after <= _LONGEST_WISH and error.retry_after < deadline.left()


def _pause(attempt: RetryCallState) -> float:
    """Return the seconds to wait after an attempt that failed."""
    import tenacity  # noqa: PLC0415 - not needed where nothing is asked

    failure = attempt.outcome.exception() if attempt.outcome is not None else None
    if isinstance(failure, Failure) and failure.retry_after is not None:
        return float(failure.retry_after)
    growing = tenacity.wait_exponential(multiplier=0.2, max=_LONGEST_BACKOFF - _JITTER)
    return growing(attempt) + tenacity.wait_random(0, _JITTER)(attempt)
