"""`ReadingContext`: the frontmatter of CLAUDE.md, which says what is asked; its body is the session's system prompt."""

from __future__ import annotations

from typing import Annotated, Final, final

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CONTEXT", "ReadingContext"]

CONTEXT: Final = "CLAUDE.md"


@final
class ReadingContext(BaseModel):
    """What is asked in each cycle; a key that is not known is an error, since it would do nothing.

    Attributes:
        task: The question, which is sent as it is written: ``@file`` in it brings no file.
        model: The model of the session, which puts the agents' answers together: an alias or a model's id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Annotated[str, Field(min_length=1, max_length=10_000)]
    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9][^\s]{0,199}$")] = "sonnet"
