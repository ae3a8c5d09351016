"""`SlackHookNotifier`: messages by an incoming webhook, where there is no token. Less than with one: the channel is the
webhook's own, nothing is rewritten, there are no threads, and what perhaps arrived is sent again with a word of that.
"""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING, Final, final
from urllib.error import URLError

from hotagents import escape
from hotagents_k8s_monitor.notifiers.http import retry_after
from hotagents_k8s_monitor.notifiers.slack_client import handlers, quiet_logger
from hotagents_k8s_monitor.notifiers.wording import written
from hotagents_k8s_monitor.notify import NotSentError

if TYPE_CHECKING:
    from slack_sdk.webhook import WebhookResponse

    from hotagents_k8s_monitor.notify import Sending, Slip

__all__ = ["SlackHookNotifier"]

_SECONDS: Final = 10
_OK: Final = 200
_LIMITED: Final = 429
_SERVER: Final = range(500, 600)


@final
class SlackHookNotifier:
    """Posts each message.

    Args:
        url: Of the webhook; a secret, which is never shown.
    """

    name = "slack-webhook"

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, sending: Sending) -> Slip:
        """Post it.

        Raises:
            NotSentError: If it was not posted, or nobody knows.
        """
        from slack_sdk.webhook import WebhookClient  # noqa: PLC0415 - heavy, and an extra

        client = WebhookClient(
            self._url,
            timeout=_SECONDS,
            logger=quiet_logger(),
            retry_handlers=handlers(also_after_errors=False),
        )
        note = "perhaps sent before" if sending.tried_at is not None else ""
        text = written(sending.message, sending.policy, sending.now, note=note)
        body = {"text": text.text, "unfurl_links": False, "unfurl_media": False}
        try:
            answer = client.send_dict(body | ({"blocks": text.blocks} if text.blocks is not None else {}))
        except URLError as error:
            refused = isinstance(error.reason, ConnectionRefusedError)
            raise NotSentError("no connection to the webhook", perhaps=not refused) from None
        except (HTTPException, OSError, ValueError) as error:
            raise NotSentError(f"no answer from the webhook: {type(error).__name__}", perhaps=True) from None
        _refuse(answer)
        return {"sent": "1"}


def _refuse(answer: WebhookResponse) -> None:
    code = answer.status_code
    if code == _OK:
        return
    said = f"the webhook answers HTTP {code}: {escape(answer.body or '', limit=100)}"
    if code == _LIMITED:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        raise NotSentError(said, retry_after=retry_after(str(headers.get("retry-after"))))
    raise NotSentError(said, perhaps=code in _SERVER, alone=code not in _SERVER)
