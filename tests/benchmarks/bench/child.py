"""`in_child`: a function called in a fresh interpreter, for what the other measurements would spoil."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["in_child", "in_children"]

P = ParamSpec("P")
R = TypeVar("R")


def in_child(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what the function returns in an interpreter of its own; it has to be importable by its name."""
    with _one() as child:
        return child.submit(function, *args, **kwargs).result()


def in_children(function: Callable[[str], R], names: Sequence[str]) -> list[R]:
    """Return what the function returns for each name, all at the same time, each in an interpreter of its own."""
    children = [_one() for _ in names]
    try:
        answers = [child.submit(function, name) for child, name in zip(children, names, strict=True)]
        return [answer.result() for answer in answers]
    finally:
        for child in children:
            child.shutdown()


def _one() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn"))
