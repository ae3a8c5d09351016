"""`Written`: a message as Slack shows it, within Slack's limits, in which nothing of the cluster pings or links
anything.

Only `slack_text` lets a text of the cluster, of the configuration or of a person into a message; a ping is made from
``mentions`` alone.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hotagents_k8s_monitor.composing import lasts
from hotagents_k8s_monitor.findings import cut
from hotagents_k8s_monitor.messages import ENDS
from hotagents_k8s_monitor.policy.templates import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.messages import Line, Message
    from hotagents_k8s_monitor.policy import Policy

__all__ = ["MOST_BLOCKS", "MOST_HEADER", "MOST_IN_ALL", "MOST_SECTION", "Written", "mention", "slack_text", "written"]

MOST_BLOCKS: Final = 50
MOST_SECTION: Final = 3000
MOST_HEADER: Final = 150
MOST_IN_ALL: Final = 12_000
_MOST_BODY: Final = 5000  # in blocks; the text has half of that beside it, the heading and the foot the rest
_MOST_TEXT: Final = 2500
_MOST_FOOT: Final = 800
_MOST_LINE: Final = 700
_MOST_MENTIONS: Final = 400
_LATE: Final = 300.0  # seconds

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_ICONS: Final = {"SEV-1": ":red_circle:", "SEV-2": ":large_orange_circle:", "SEV-3": ":large_yellow_circle:"}
_WORDS: Final = {
    "alert": "",
    "status": "",
    "worse": "worse: ",
    "update": "update: ",
    "reminder": "still: ",
    "flapping": "flapping: ",
    "acknowledged": "acknowledged: ",
    "gone": "gone: ",
    "resolved": "resolved: ",
    "withdrawn": "withdrawn: ",
    "muted": "muted: ",
    "digest": "",
    "expiring": "",
}


class Written(NamedTuple):
    """What Slack takes: ``text`` always, and blocks where they are wanted."""

    text: str
    blocks: list[dict[str, Any]] | None


def slack_text(text: str) -> str:
    """Return a text in which Slack sees no mention, no link and no command."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mention(name: str) -> str:
    """Return what pings somebody whom `hotagents_k8s_monitor.policy.messengers.Mention` names."""
    bare = name.removeprefix("@")
    if bare in {"here", "channel", "everyone"}:
        return f"<!{bare}>"
    return f"<!subteam^{bare}>" if bare.startswith("S") else f"<@{bare}>"


def written(message: Message, policy: Policy, now: datetime, *, note: str = "", pings: bool = True) -> Written:
    """Return a message for Slack, worded as the configuration says.

    Args:
        message: What is said.
        policy: What the current generation says: mentions, blocks, length, templates.
        now: When.
        note: What else is said at its foot.
        pings: Whether the configured mentions are among it, where it is an alert or worse.
    """
    wanted = policy.slack.mentions.get(message.severity, ()) if pings and message.kind in {"alert", "worse"} else ()
    calls = " ".join(map(mention, wanted))[:_MOST_MENTIONS]
    heading = _heading(message)
    own = _by_template(message, policy, now)
    body = list(_lines(message, policy.slack.digest_length)) if own is None else own.splitlines()
    foot = " · ".join(slack_text(part) for part in (*_foot(message, now), note) if part)[:_MOST_FOOT]
    body, text = _up_to(body, _MOST_BODY), [] if own is not None else [slack_text(cut(heading, MOST_HEADER))]
    parts = [*([calls] if calls else []), *text, *_up_to(body, _MOST_TEXT), *([] if own is not None else [foot])]
    if not policy.slack.blocks:
        return Written("\n".join(parts), None)
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(heading, MOST_HEADER), "emoji": True}},
        *(_section(some) for some in _chunks([*([calls] if calls else []), *body])),
        {"type": "context", "elements": [_mrkdwn(foot)]},
    ]
    return Written("\n".join(parts), blocks)


def _heading(message: Message) -> str:
    icon = ":white_check_mark:" if message.kind in ENDS else _ICONS.get(message.severity, ":information_source:")
    return f"{icon} {message.severity} {_WORDS[message.kind]}{slack_text(message.title)}"


def _lines(message: Message, most: int) -> Iterator[str]:
    shown = message.lines[: 1 if message.form == "brief" else most]
    yield from map(_line, shown)
    left = len(message.lines) - len(shown) + message.more
    if left:
        yield f"… and {left} more"
    if message.note:
        yield slack_text(message.note)
    if message.annotation:
        yield f"_a model's remark, not a finding:_ {slack_text(cut(message.annotation, 1000))}"


def _line(line: Line) -> str:
    return f"• *{slack_text(line.rule)}* {slack_text(cut(line.text, _MOST_LINE))}"


def _foot(message: Message, now: datetime) -> Iterator[str]:
    time, late = lasts(message, now), (now - message.at).total_seconds() > _LATE
    yield f"{'lasted' if message.kind in ENDS else 'for'} {time}" if time else ""
    yield f"contact {message.contact}" if message.contact else ""
    yield f"cluster {message.cluster}"
    yield f"incident {message.thread}" if message.owner is not None else ""
    yield f"goes on as {message.other}" if message.other else ""
    yield f"seen at {now:%H:%M} UTC" if message.kind == "status" else ""
    yield f"decided at {message.at:%Y-%m-%d %H:%M} UTC" if late else ""
    yield f"generation {message.generation} {message.digest[:19]}"


def _by_template(message: Message, policy: Policy, now: datetime) -> str | None:
    """Return what the configured template says; None where there is none, or it fails for this message."""
    source = policy.slack.template(message.kind)
    if source is None:
        return None
    try:
        return render(source, message.to_dict() | {"lasts": lasts(message, now)}, slack_text).strip() or None
    except ValueError as error:
        logger.warning(
            "a template of slack-notifier.md fails for %s (%s); the built-in words are used", message.id, error
        )
        return None


def _up_to(lines: Iterable[str], most: int) -> list[str]:
    """Return lines up to so many characters, and how many were left out."""
    wanted, kept = list(lines), list[str]()
    for number, line in enumerate(wanted):
        most -= len(line) + 1
        if most < 0:
            return [*kept, f"… and {len(wanted) - number} more lines"]
        kept.append(line)
    return kept


def _chunks(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines, joined, in pieces that a section can hold."""
    piece = ""
    for part in (part for line in lines for part in _pieces(line)):
        if piece and len(piece) + len(part) + 1 > MOST_SECTION:
            yield piece
            piece = ""
        piece = f"{piece}\n{part}" if piece else part
    if piece:
        yield piece


def _pieces(line: str) -> Iterator[str]:
    yield from (line[start : start + MOST_SECTION] for start in range(0, len(line), MOST_SECTION))


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}  # no links and names made of what looks like some
