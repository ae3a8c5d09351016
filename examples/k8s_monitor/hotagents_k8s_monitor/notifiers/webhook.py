"""`WebhookNotifier`: each message as JSON to a URL; `hotagents_k8s_monitor.messages` is its schema.

A receiver tells a repetition by ``id``, which is the header ``Idempotency-Key`` too: after a crash or an answer that
did not come, a message is sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from hotagents_k8s_monitor.notifiers.http import Endpoint
    from hotagents_k8s_monitor.notify import Sending, Slip

__all__ = ["WebhookNotifier"]


@final
class WebhookNotifier:
    """Posts each message."""

    name = "webhook"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def send(self, sending: Sending) -> Slip:
        """Post it.

        Raises:
            NotSentError: If that is not answered with success.
        """
        message = sending.message
        self._endpoint.post(message.to_dict(), {"Idempotency-Key": message.id})
        return sending.slip
