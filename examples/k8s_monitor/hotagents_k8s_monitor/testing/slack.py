"""`FakeSlack`: a Slack that does not exist: channels, messages, threads, and limits as strict as documented."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.testing.receiving import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents_k8s_monitor.testing.receiving import Received

__all__ = ["FakeSlack", "Posted"]

_MOST_BLOCKS: Final = 50
_MOST: Final = {"header": 150, "section": 3000}
_MOST_IN_ALL: Final = 12_000
_FIRST: Final = 1_796_000_000
_HOOK: Final = "/services/"


@final
@dataclass(slots=True)
class Posted:
    """A message as it is shown.

    Attributes:
        channel: The channel's name.
        ts: Its time stamp.
        text: Its text, as it is now.
        blocks: Its blocks, as they are now.
        thread_ts: Below which message it is; empty for none.
        metadata: What it was posted with.
        versions: All its texts, the first included.
    """

    channel: str
    ts: str
    text: str
    blocks: list[Any]
    thread_ts: str
    metadata: Any
    versions: list[str] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """All that people read of it."""
        return "\n".join([self.text, *_texts(self.blocks)])


@final
class FakeSlack(Receiver):
    """A server with Slack's API below ``/api/`` and an incoming webhook below ``/services/``.

    Args:
        channels: Names of the channels that there are.
        token: The token that is accepted.
        may_look: Whether the token may list channels and read what was posted.
    """

    def __init__(self, *channels: str, token: str = "xoxb-test", may_look: bool = True) -> None:  # noqa: S107
        super().__init__()
        self._ids = {name.removeprefix("#"): f"C{n:08}" for n, name in enumerate(channels, 1)}
        self._token = token
        self._may_look = may_look
        self._posted: list[Posted] = []

    @property
    def api(self) -> str:
        """The base URL of its API."""
        return f"{self.url}/api/"

    @property
    def hook(self) -> str:
        """The URL of an incoming webhook."""
        return f"{self.url}{_HOOK}T0/B0/xyz"

    @property
    def posted(self) -> tuple[Posted, ...]:
        """All messages, in the order in which they were posted."""
        with self._lock:
            return tuple(self._posted)

    @property
    def roots(self) -> tuple[Posted, ...]:
        """Those that are in no thread."""
        return tuple(item for item in self.posted if not item.thread_ts)

    def delete(self, ts: str) -> None:
        """Delete a message, as somebody may."""
        with self._lock:
            self._posted = [item for item in self._posted if item.ts != ts]

    def answer(self, request: Received) -> tuple[int, Any]:
        """Do what is asked."""
        if request.path.startswith(_HOOK):
            error = _refusal(request.body)
            if not error:
                self._add("webhook", request.body)
            return (400, error) if error else (200, "ok")
        if request.headers.get("authorization") != f"Bearer {self._token}":
            return 200, {"ok": False, "error": "invalid_auth"}
        method = request.path.rpartition("/")[2].replace(".", "_")
        found = getattr(self, f"_{method}", None)
        return 200, {"ok": False, "error": "unknown_method"} if found is None else found(request.body)

    def _chat_postMessage(self, body: Mapping[str, Any]) -> Any:  # noqa: N802 - as Slack calls it
        name = self._name_of(str(body.get("channel", "")))
        error = "" if name else "channel_not_found"
        thread = str(body.get("thread_ts") or "")
        if not error and thread and not any(item.ts == thread for item in self._posted):
            error = "thread_not_found"
        error = error or _refusal(body)
        if error:
            return {"ok": False, "error": error}
        item = self._add(name, body)
        return {"ok": True, "channel": self._ids[name], "ts": item.ts}

    def _chat_update(self, body: Mapping[str, Any]) -> Any:
        item = next((item for item in self._posted if item.ts == str(body.get("ts"))), None)
        error = "message_not_found" if item is None else _refusal(body)
        if item is None or error:
            return {"ok": False, "error": error}
        item.text, item.blocks = str(body["text"]), _blocks(body)
        item.versions.append(item.text)
        return {"ok": True, "channel": self._ids[item.channel], "ts": item.ts}

    def _conversations_list(self, _body: Mapping[str, Any]) -> Any:
        if not self._may_look:
            return {"ok": False, "error": "missing_scope", "needed": "channels:read"}
        return {"ok": True, "channels": [{"id": where, "name": name} for name, where in self._ids.items()]}

    def _conversations_history(self, body: Mapping[str, Any]) -> Any:
        return self._looked(body, thread="")

    def _conversations_replies(self, body: Mapping[str, Any]) -> Any:
        return self._looked(body, thread=str(body.get("ts")))

    def _looked(self, body: Mapping[str, Any], *, thread: str) -> Any:
        if not self._may_look:
            return {"ok": False, "error": "missing_scope", "needed": "channels:history"}
        name = self._name_of(str(body.get("channel", "")), only_ids=True)
        if not name:
            return {"ok": False, "error": "channel_not_found"}
        some = (item for item in self._posted if item.channel == name and item.thread_ts == thread)
        return {"ok": True, "messages": [{"ts": i.ts, "text": i.text, "metadata": i.metadata} for i in some]}

    def _name_of(self, channel: str, *, only_ids: bool = False) -> str:
        by_id = {where: name for name, where in self._ids.items()}
        name = channel.removeprefix("#")
        return by_id.get(channel, "") or ("" if only_ids or name not in self._ids else name)

    def _add(self, name: str, body: Mapping[str, Any]) -> Posted:
        item = Posted(
            channel=name,
            ts=f"{_FIRST + len(self._posted)}.000100",
            text=str(body.get("text", "")),
            blocks=_blocks(body),
            thread_ts=str(body.get("thread_ts") or ""),
            metadata=_parsed(body.get("metadata")),
            versions=[str(body.get("text", ""))],
        )
        self._posted.append(item)
        return item


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _blocks(body: Mapping[str, Any]) -> list[Any]:
    found = _parsed(body.get("blocks"))
    return found if isinstance(found, list) else []


def _refusal(body: Mapping[str, Any]) -> str:
    """Return the error that Slack has for a message that is beyond its limits, or nothing."""
    blocks = _blocks(body)
    if not str(body.get("text", "")).strip():
        return "no_text"
    if len(json.dumps([body.get("text"), *_texts(blocks)], ensure_ascii=False)) > _MOST_IN_ALL:
        return "msg_too_long"
    too_long = any(len(block.get("text", {}).get("text", "")) > _MOST.get(block["type"], 3000) for block in blocks)
    is_empty = any(block["type"] != "context" and not block.get("text", {}).get("text") for block in blocks)
    return "invalid_blocks" if too_long or is_empty or len(blocks) > _MOST_BLOCKS else ""


def _texts(blocks: list[Any]) -> Iterator[str]:
    for block in blocks:
        yield from (part["text"] for part in [block.get("text"), *block.get("elements", ())] if part)
