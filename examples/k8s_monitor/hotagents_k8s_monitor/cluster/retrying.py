"""Asking again: what passes by itself is tried a few times, as long as the server wishes and the deadline allows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.cluster.answers import MOST_BYTES, ask
from hotagents_k8s_monitor.cluster.failures import Failure

if TYPE_CHECKING:
    from hotagents_k8s_monitor.cluster.answers import Answer, Call
    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.deadline import Deadline

__all__ = ["ATTEMPTS", "ask_again"]

ATTEMPTS: Final = 3
"""How often one page is asked for, at most."""

_LONGEST_BACKOFF: Final = 2.0
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
    import stamina  # noqa: PLC0415 - not needed where nothing is asked

    again = stamina.retry_context(
        on=partial(_wait, deadline=deadline),
        attempts=attempts,
        timeout=None,
        wait_initial=0.2,
        wait_max=_LONGEST_BACKOFF,
        wait_jitter=0.3,
    )
    for attempt in again:
        with attempt:
            return ask(api_client, call, deadline=deadline, most_bytes=most_bytes, **parameters)
    raise AssertionError("the last attempt returns or raises")


def _wait(error: Exception, *, deadline: Deadline) -> bool | float:
    if not isinstance(error, Failure) or not error.is_passing:
        return False
    if error.retry_after is None:
        return deadline.left() > _LONGEST_BACKOFF
    is_too_long = error.retry_after > _LONGEST_WISH or error.retry_after >= deadline.left()
    return False if is_too_long else float(error.retry_after)
