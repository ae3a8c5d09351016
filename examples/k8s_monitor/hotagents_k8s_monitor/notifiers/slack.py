"""`SlackNotifier`: one message an incident, kept up to date, and replies below it where something changes.

The first message of an incident is posted in the channel of its severity. It is rewritten at each look; news are
replies in its thread, and with the end it is closed. Where it gets so bad that another channel hears of it, it is
posted there anew, and the old one names the new.

Whether an attempt arrived of which nobody knows is looked up by the message's id, which is in its metadata. Where the
token may not look, it is sent again, with a word of that.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.messages import ENDS
from hotagents_k8s_monitor.notifiers.wording import written
from hotagents_k8s_monitor.notify import NotSentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hotagents_k8s_monitor.messages import Message
    from hotagents_k8s_monitor.notifiers.slack_client import SlackClient
    from hotagents_k8s_monitor.notifiers.wording import Written
    from hotagents_k8s_monitor.notify import Card, Sending, Slip
    from hotagents_k8s_monitor.policy import Policy

__all__ = ["SlackNotifier"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_EVENT: Final = "k8s_monitor_message"
_AGAIN: Final = "perhaps sent before"
_LOST: Final = ("message_not_found", "thread_not_found")
_MARGIN: Final = timedelta(minutes=2)  # clocks differ
_MOST_LOOKED_THROUGH: Final = 100
_MOST_PAGES: Final = 5
_MOST_REFRESHED: Final = 20  # a cycle; Slack allows some fifty a minute


@final
class SlackNotifier:
    """Posts, replies and rewrites."""

    name = "slack"

    def __init__(self, client: SlackClient) -> None:
        self._client = client
        self._ids: dict[str, str] = {}
        self._shown: dict[str, str] = {}

    def send(self, sending: Sending) -> Slip:
        """Send it.

        Raises:
            NotSentError: If it was not sent, or nobody knows.
        """
        slip, message = sending.slip, sending.message
        wanted = sending.policy.channel(message.audience)
        if not slip:
            return self._post(sending, wanted)
        if message.kind == "worse" and wanted and wanted != slip.get("name"):
            moved = self._post(sending, wanted)
            self._close(sending, slip, f"goes on in {wanted}")
            return moved
        try:
            self._reply(sending, slip)
        except NotSentError as error:
            if not any(code in str(error) for code in _LOST):
                raise
            return self._post(sending, wanted)  # somebody deleted the first message
        self._rewrite(message, sending.policy, sending.now, slip)
        return slip

    def refresh(self, cards: Sequence[Card], policy: Policy, now: datetime) -> None:
        """Rewrite what goes on, those first that were not rewritten for longest.

        Raises:
            NotSentError: If Slack fails.
        """
        cards = [card for card in cards if card.slip.get("ts")]
        self._shown = {card.message.thread: self._shown.get(card.message.thread, "") for card in cards}
        due = sorted(cards, key=lambda card: self._shown[card.message.thread].partition(" ")[0])
        just_sent = now.isoformat()
        due = [card for card in due if self._shown[card.message.thread].partition(" ")[0] != just_sent]
        for card in due[:_MOST_REFRESHED]:
            self._rewrite(card.message, policy, now, card.slip)

    def _post(self, sending: Sending, channel: str) -> Slip:
        message = sending.message
        if not channel:
            what = f"no channel for {message.audience}; name one below channels: in CLAUDE.md"
            raise NotSentError(what, alone=True)
        note = ""
        if sending.tried_at is not None:
            # An edit may have named another channel since the attempt.
            for name in dict.fromkeys(filter(None, (channel, message.channel))):
                found = self._found(name, None, sending)
                if found is not None and found[1]:
                    return {"name": name, "channel": found[0], "ts": found[1]}
                note = note or (_AGAIN if found is None else "")
        text = written(message, sending.policy, sending.now, note=note)
        where, ts = self._posted(text, message, channel=channel)
        self._ids[channel] = where
        self._shown[message.thread] = f"{sending.now.isoformat()} "
        return {"name": channel, "channel": where, "ts": ts}

    def _reply(self, sending: Sending, slip: Slip) -> None:
        message, note = sending.message, ""
        if sending.tried_at is not None:
            found = self._found(slip["channel"], slip["ts"], sending)
            if found is not None and found[1]:
                return
            note = _AGAIN if found is None else ""
        text = written(message, sending.policy, sending.now, note=note)
        self._posted(text, message, channel=slip["channel"], thread_ts=slip["ts"])

    def _posted(self, text: Written, message: Message, **where: str) -> tuple[str, str]:
        metadata = {"event_type": _EVENT, "event_payload": {"id": message.id}}
        try:
            return self._client.post(text=text.text, blocks=text.blocks, metadata=metadata, **where)
        except NotSentError as error:
            if "invalid_blocks" not in str(error) or text.blocks is None:
                raise
        logger.warning("Slack refuses the blocks of %s; it is sent as plain text", message.id)
        return self._client.post(text=text.text, metadata=metadata, **where)

    def _rewrite(self, message: Message, policy: Policy, now: datetime, slip: Slip) -> None:
        """Let the first message say how it is now; one that somebody deleted is left so."""
        text = written(message, policy, now, pings=False)
        digest = sha256(repr(text).encode()).hexdigest()
        before = self._shown.get(message.thread, "")
        if before.partition(" ")[2] == digest:
            return
        self._updated(text, slip)
        self._shown[message.thread] = f"{now.isoformat()} {digest}"
        if message.kind in ENDS:
            self._shown.pop(message.thread, None)

    def _close(self, sending: Sending, slip: Slip, note: str) -> None:
        try:
            self._updated(written(sending.message, sending.policy, sending.now, note=note, pings=False), slip)
        except NotSentError as error:
            logger.warning("the first message of %s is not brought up to date: %s", sending.message.thread, error)

    def _updated(self, text: Written, slip: Slip) -> None:
        try:
            self._client.call(
                "chat_update", channel=slip["channel"], ts=slip["ts"], text=text.text, blocks=text.blocks or []
            )
        except NotSentError as error:
            if not error.alone:
                raise
            logger.warning("a message in %s is not brought up to date: %s", slip.get("name", slip["channel"]), error)

    def _found(self, channel: str, thread: str | None, sending: Sending) -> tuple[str, str] | None:
        """Return channel and time stamp of a message that an earlier attempt brought there; an empty time stamp where
        it did not; None where that cannot be looked up.
        """
        assert sending.tried_at is not None  # noqa: S101 - nothing to look for otherwise
        oldest = f"{(sending.tried_at - _MARGIN).timestamp():.6f}"
        common: dict[str, Any] = {"limit": _MOST_LOOKED_THROUGH, "include_all_metadata": True, "oldest": oldest}
        try:
            where = channel if thread is not None else self._id_of(channel)
            if thread is not None:
                answer = self._client.call("conversations_replies", channel=where, ts=thread, **common)
            else:
                answer = self._client.call("conversations_history", channel=where, **common)
        except NotSentError as error:
            if not error.alone and "missing_scope" not in str(error):
                raise
            logger.warning("whether %s arrived cannot be looked up (%s); it is sent again", sending.message.id, error)
            return None
        sent = (item for item in answer.get("messages", ()) if _id_in(item) == sending.message.id)
        return where, next((str(item["ts"]) for item in sent), "")

    def _id_of(self, channel: str) -> str:
        """Return a channel's id, which a look at its history needs."""
        name = channel.removeprefix("#")
        if channel in self._ids or name.isupper():
            return self._ids.get(channel, name)
        cursor = ""
        for _ in range(_MOST_PAGES):
            answer = self._client.call(
                "conversations_list", types="public_channel,private_channel", limit=1000, cursor=cursor
            )
            self._ids |= {f"#{item['name']}": str(item["id"]) for item in answer.get("channels", ())}
            cursor = answer.get("response_metadata", {}).get("next_cursor", "")
            if f"#{name}" in self._ids or not cursor:
                break
        if f"#{name}" not in self._ids:
            raise NotSentError("channel_not_found", alone=True)
        return self._ids[f"#{name}"]


def _id_in(item: Any) -> str:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    return str(payload.get("id", "")) if isinstance(payload, dict) else ""
