"""A Messages API that does not exist: `ModelServer` answers as scripted and holds its clients to the contract.

`replies` makes the answers of a model that is well, `trouble` those that a client must live
through; `sensible` and `nonsense` are models that make theirs up, and `HOSTILE` is what nobody should obey.
"""

from __future__ import annotations

from hotagents_k8s_monitor.testing.model.hostile import HOSTILE, MARK
from hotagents_k8s_monitor.testing.model.instances import instance_of
from hotagents_k8s_monitor.testing.model.nonsense import nonsense
from hotagents_k8s_monitor.testing.model.replies import (
    USAGE,
    Reply,
    cut,
    message,
    overflowed,
    paused,
    refused,
    structured,
    text,
    tool_use,
)
from hotagents_k8s_monitor.testing.model.requests import Request
from hotagents_k8s_monitor.testing.model.sensible import formed, sensible
from hotagents_k8s_monitor.testing.model.server import ModelServer
from hotagents_k8s_monitor.testing.model.trouble import (
    dripping,
    dropped,
    failing,
    html,
    huge,
    malformed,
    redirect,
    slow,
    wrong_shape,
)

__all__ = [
    "HOSTILE",
    "MARK",
    "USAGE",
    "ModelServer",
    "Reply",
    "Request",
    "cut",
    "dripping",
    "dropped",
    "failing",
    "formed",
    "html",
    "huge",
    "instance_of",
    "malformed",
    "message",
    "nonsense",
    "overflowed",
    "paused",
    "redirect",
    "refused",
    "sensible",
    "slow",
    "structured",
    "text",
    "tool_use",
    "wrong_shape",
]
