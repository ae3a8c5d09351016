"""`Template`: how a message is worded, as jinja2; sandboxed, checked before it is published, and bounded.

Whoever may write the mount is trusted with words, and not with the process: a template has variables, conditions and
loops over what is there, and nothing that calls, assigns, imports or multiplies, so its work and its output are bounded
by its own length. What it shows of the cluster is escaped when it is shown; what stands in the template itself is not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, Field

from hotagents import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["SAMPLE", "Template", "render"]

_MOST: Final = 12_000
_DEEPEST: Final = 2
_FILTERS: Final = frozenset({"default", "first", "int", "join", "last", "length", "lower", "title", "trim", "upper"})
_NODES: Final = frozenset(
    {
        *("Template", "Output", "TemplateData", "Name", "NSRef", "Const", "Getattr", "Getitem", "Slice", "For", "If"),
        *("CondExpr", "Filter", "Test", "Compare", "Operand", "And", "Or", "Not", "Concat", "Keyword", "Tuple", "List"),
    }
)
_OWNER: Final = {"kind": "Deployment", "namespace": "payments", "name": "checkout-api"}
SAMPLE: Final[Mapping[str, Any]] = {
    "id": "20261124T100000.000000Z-0a1b2c3d/1",
    "thread": "20261124T100000.000000Z-0a1b2c3d",
    "number": 1,
    "kind": "alert",
    "form": "full",
    "severity": "SEV-1",
    "audience": "SEV-1",
    "at": "2026-11-24T10:00:00+00:00",
    "since": "2026-11-24T09:40:00+00:00",
    "ended_at": None,
    "lasts": "20m",
    "cluster": "demo",
    "owner": _OWNER,
    "title": "Deployment payments/checkout-api (P0, down)",
    "lines": [
        {
            "fingerprint": "0a1b2c3d4e5f6071",
            "rule": "deployment-short",
            "owner": _OWNER,
            "severity": "SEV-1",
            "tier": "P0",
            "impact": "down",
            "since": "2026-11-24T09:40:00+00:00",
            "text": "0 of 3 replicas available",
        }
    ],
    "more": 0,
    "channel": "#incidents",
    "contact": "payments on-call",
    "note": "",
    "other": "",
    "annotation": "",
    "generation": {"number": 1, "digest": "sha256:0000"},
}
"""What a template may name, with values as they may be: a message as JSON, and ``lasts``."""


def render(source: str, values: Mapping[str, Any], shown: Callable[[str], str], *, limit: int = _MOST) -> str:
    """Return what a template makes of a message, at most so many characters.

    Args:
        source: A template that was checked.
        values: What it may name, as in `SAMPLE`.
        shown: Makes each value that it shows harmless where it goes.
        limit: In characters.

    Raises:
        ValueError: If it fails; the message says why, in a few words.
    """
    from jinja2 import TemplateError  # noqa: PLC0415 - heavy, and most have no template

    try:
        pieces = _compiled(source, shown).generate(values)
        return "".join(_up_to(limit, pieces))
    except (TemplateError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {escape(str(error), limit=200)}") from None


def _up_to(limit: int, pieces: Iterator[str]) -> Iterator[str]:
    for piece in pieces:
        yield piece[:limit]
        limit -= len(piece)
        if limit <= 0:
            return


@lru_cache(maxsize=64)
def _compiled(source: str, shown: Callable[[str], str]) -> Any:
    from jinja2 import StrictUndefined  # noqa: PLC0415 - heavy
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    def finalize(value: object) -> str:
        return shown("" if value is None else str(value))

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, finalize=finalize, autoescape=False)
    environment.globals.clear()
    return environment.from_string(source)


def _checked(source: str) -> str:
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 - heavy
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    try:
        tree = ImmutableSandboxedEnvironment().parse(source)
    except TemplateSyntaxError as error:
        said = escape(error.message or "cannot be read", limit=200)
        raise ValueError(f"expected a jinja2 template, got one whose line {error.lineno} is wrong: {said}") from None
    _refuse(tree, loops=0, joined=False)
    try:
        render(source, SAMPLE, str)
    except ValueError as error:
        names = ", ".join(SAMPLE)
        raise ValueError(f"expected a template that works for every message, got {error}; there are {names}") from None
    return source


def _refuse(node: Any, *, loops: int, joined: bool) -> None:
    """Refuse what could do more than show what is there.

    Raises:
        ValueError: For the first of it.
    """
    kind, line = type(node).__name__, getattr(node, "lineno", 1)
    is_join = kind == "Filter" and node.name == "join"
    if kind not in _NODES or (is_join and joined):
        raise ValueError(f"expected variables, if, for and filters alone, got {kind} on line {line} of the template")
    if kind == "Filter" and node.name not in _FILTERS:
        raise ValueError(f'expected one of the filters {", ".join(sorted(_FILTERS))}, got "{node.name}" on line {line}')
    if kind == "For" and (loops == _DEEPEST or node.recursive):
        raise ValueError(f"expected at most {_DEEPEST} loops in each other, got more on line {line} of the template")
    for child in node.iter_child_nodes():
        _refuse(child, loops=loops + (kind == "For"), joined=joined or is_join)


Template: TypeAlias = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_checked)]
"""A template that was tried."""
