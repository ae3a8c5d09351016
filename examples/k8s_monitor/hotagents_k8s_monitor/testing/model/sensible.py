"""`sensible`: a little model that is helpful: it calls each tool once, then answers in the form that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.testing.model.instances import instance_of
from hotagents_k8s_monitor.testing.model.replies import structured, text, tool_use
from hotagents_k8s_monitor.testing.model.requests import blocks_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.testing.model.replies import Reply
    from hotagents_k8s_monitor.testing.model.requests import Request

__all__ = ["formed", "sensible"]

_INPUT: Final = "..."


def sensible(request: Request) -> Reply:
    """Return what a helpful model says: the call of a tool that it has not called, or an answer; always the same.

    Raises:
        ValueError: If a schema of the request has no instance that ends.
    """
    left = _left(request)
    if left:
        return tool_use((left[0]["name"], instance_of(left[0]["input_schema"], word=_INPUT)))
    if "format" in request.output_config:
        return formed(request)
    return text(f"That is all: I was told {len(_called(request))} results.")


def formed(request: Request) -> Reply:
    """Return an answer in the form that is asked for, whatever is in it.

    Raises:
        KeyError: If none is.
        ValueError: If its schema has no instance that ends.
    """
    return structured(instance_of(request.output_config["format"]["schema"]))


def _left(request: Request) -> list[Mapping[str, Any]]:
    """Return the tools that the model may call, that run at the client's, and that it has not called."""
    if request.body.get("tool_choice", {}).get("type") == "none":
        return []
    called = _called(request)
    tools = request.body.get("tools", [])
    return [tool for tool in tools if "input_schema" in tool and tool["name"] not in called]


def _called(request: Request) -> set[str]:
    said = [block for message in request.messages for block in blocks_of(message.get("content"))]
    return {str(block.get("name")) for block in said if block.get("type") == "tool_use"}
