"""`Settings`: what only the deployment may say, from the environment: whoever edits a mounted file cannot widen it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hotagents import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PREFIX", "Settings", "SettingsError", "load_settings"]

PREFIX: Final = "AGENT_SDK_RUNNER_"


class SettingsError(Exception):
    """A variable of the environment is missing or wrong; the message names it and says what would be right."""


@final
class Settings(BaseModel):
    """The settings; each is the environment variable ``AGENT_SDK_RUNNER_`` and the name in capitals.

    Attributes:
        directory: What may be read, and nothing outside of it: an absolute path.
        program: The Claude Code that is run; None for the one that the SDK brings.
        max_turns: Turns that one cycle's session may take; those of its agents are limited in their files.
        max_budget_usd: US dollars that one cycle may cost. What is under way when they are spent is still paid for.
        timeout: Seconds that one cycle may take, however long the host gives it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    directory: Path
    program: Path | None = None
    max_turns: Annotated[int, Field(ge=1, le=1000)] = 20
    max_budget_usd: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = 1.0
    timeout: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 300.0

    @field_validator("directory", "program")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_absolute():
            raise ValueError("expected an absolute path")
        return value


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings; a variable that is empty counts as missing.

    Raises:
        SettingsError: For the first variable that is missing or wrong.
    """
    found = {name: environment.get(f"{PREFIX}{name.upper()}", "") for name in Settings.model_fields}
    try:
        return Settings.model_validate({name: value for name, value in found.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        variable = f"{PREFIX}{first['loc'][0]}".upper()
        raise SettingsError(f"{variable}: {escape(first['msg'])}") from None
