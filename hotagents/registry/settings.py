"""`Settings`: everything that a registry was made with, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeAlias, TypedDict, TypeVar, final, get_args

from hotagents.ceiling import Ceiling
from hotagents.limits import Limits
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Mapping

    from pydantic import BaseModel

    from hotagents.clock import Clock
    from hotagents.loading import Schema
    from hotagents.plugins import Plugins
    from hotagents.sources import Source

__all__ = ["Documents", "OnInvalid", "OnStartInvalid", "Options", "Settings"]

S = TypeVar("S", bound=AgentSpec)
Documents: TypeAlias = "Mapping[str, type[BaseModel] | None]"
OnInvalid = Literal["hold-set", "hold-volume", "hold-file"]
OnStartInvalid = Literal["fail", "last-good"]
_LONGEST: Final = 86_400.0


class Options(TypedDict, total=False):
    """What `hotagents.ConfigRegistry` takes beside its source and the class of its agents; explained there."""

    documents: Documents | None
    ceiling: Ceiling | None
    on_invalid: OnInvalid
    on_start_invalid: OnStartInvalid
    allow_empty: bool
    recover: bool
    strict: Collection[str]
    limits: Limits
    state_dir: str | os.PathLike[str] | None
    history: int
    resync_interval: float
    wait_for_source: float
    validate_timeout: float
    plugins: Plugins | None
    clock: Clock


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Generic[S]):
    """Everything that `hotagents.ConfigRegistry` was made with.

    Raises:
        TypeError, ValueError: If one of the values makes no sense.
    """

    source: Source
    schema: Schema[S]
    on_invalid: OnInvalid
    on_start_invalid: OnStartInvalid
    allow_empty: bool
    state_dir: str | os.PathLike[str] | None
    history: int
    resync_interval: float
    wait_for_source: float
    validate_timeout: float
    plugins: Plugins | None
    clock: Clock
    watched: bool

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        _one_of("on_invalid", self.on_invalid, get_args(OnInvalid))
        _one_of("on_start_invalid", self.on_start_invalid, get_args(OnStartInvalid))
        if self.on_start_invalid == "last-good" and self.state_dir is None:
            raise ValueError('on_start_invalid="last-good": expected a state_dir to take the last good set from')
        # "not within", so that NaN fails too.
        if not 0 < self.resync_interval <= _LONGEST:
            raise ValueError(f"resync_interval: expected 0 to {_LONGEST:g} seconds, got {self.resync_interval!r}")
        if not 0 <= self.wait_for_source <= _LONGEST:
            raise ValueError(f"wait_for_source: expected 0 to {_LONGEST:g} seconds, got {self.wait_for_source!r}")
        if not 0 < self.validate_timeout <= _LONGEST:
            raise ValueError(f"validate_timeout: expected 0 to {_LONGEST:g} seconds, got {self.validate_timeout!r}")
        _of_type("history", self.history, int)
        _of_type("recover", self.schema.recover, bool)
        _of_type("limits", self.schema.limits, Limits)
        _of_type("ceiling", self.schema.ceiling, Ceiling, type(None))
        if self.history < 1:
            raise ValueError(f"history: expected at least 1, got {self.history!r}")


def _of_type(name: str, value: object, *types: type) -> None:
    if not isinstance(value, types):
        expected = " or ".join("None" if found is type(None) else found.__name__ for found in types)
        raise TypeError(f"{name}: expected {expected}, got {value!r}")


def _one_of(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        expected = " or ".join(f'"{choice}"' for choice in choices)
        raise ValueError(f"{name}: expected {expected}, got {value!r}")
