"""`AgentSpec`: one validated agent, immutable; and `Document`: one validated page that is no agent.

Applications derive their own spec (``class Analyst(AgentSpec): clusters: tuple[str, ...]``); a field they add is read
from the frontmatter by its name or its camelCase alias. What the file format calls what is `FORMAT_KEYS`; how a page
becomes a spec, and what happens to wrong values, is in `hotagents.fields`.

The first block below holds all that is peculiar to one version of Claude Code: the next one is a change of data.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias, final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from hotagents.authority import Rights

__all__ = [
    "FORMAT_KEYS",
    "KNOWN_TOOLS",
    "MODEL_ALIASES",
    "NEVER_AGENTS",
    "NEVER_BELOW",
    "PERMISSION_MODE_ALIASES",
    "AgentSpec",
    "Color",
    "Document",
    "Effort",
    "Isolation",
    "Memory",
    "PermissionMode",
    "freeze",
    "is_model_id",
    "name_fault",
    "thaw",
]

# --- Claude Code 2.1.330 ----------------------------------------------------------------------------------------------
PermissionMode: TypeAlias = Literal["default", "acceptEdits", "auto", "dontAsk", "bypassPermissions", "plan"]
Memory: TypeAlias = Literal["user", "project", "local"]
Effort: TypeAlias = Literal["low", "medium", "high", "xhigh", "max"]
Isolation: TypeAlias = Literal["worktree"]
Color: TypeAlias = Literal["red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan"]
PERMISSION_MODE_ALIASES: Final[Mapping[str, PermissionMode]] = MappingProxyType({"manual": "default"})
MODEL_ALIASES: Final = ("sonnet", "opus", "haiku", "fable", "inherit")
_MODEL_PREFIXES: Final = ("claude-", "arn:")
_MODEL_PARTS: Final = ("/", "anthropic.")
_LONG_CONTEXT: Final = "[1m]"  # what any model may end with
_LONGEST_NAME: Final = 256
_USUAL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,255}")
NEVER_AGENTS: Final = frozenset({"CLAUDE.md", "SKILL.md"})  # names of files
NEVER_BELOW: Final = frozenset({"skills", "commands", "output-styles", "plugins"})  # names of directories
_TOOLS: Final = """
    Agent AskUserQuestion Bash BashOutput CronCreate CronDelete CronList Edit EnterPlanMode EnterWorktree ExitPlanMode
    ExitWorktree Glob Grep KillBash KillShell LS LSP ListMcpResourcesTool Monitor MultiEdit NotebookEdit NotebookRead
    PowerShell Read ReadMcpResourceTool SendMessage Skill SlashCommand StructuredOutput Task TaskCreate TaskGet TaskList
    TaskOutput TaskStop TaskUpdate TeamCreate TeamDelete TodoRead TodoWrite ToolSearch WebFetch WebSearch Write
"""
KNOWN_TOOLS: Final = frozenset(_TOOLS.split())
# ----------------------------------------------------------------------------------------------------------------------

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def freeze(value: Any) -> Any:
    """Return an equal value whose mappings are read-only and whose lists are tuples, all the way down."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: freeze(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item) for item in value)
    return frozenset(value) if isinstance(value, set) else value


def thaw(value: Any) -> Any:
    """Return plain dicts and lists, all the way down: the reverse of `freeze`, for JSON."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, (Sequence, AbstractSet)) and not isinstance(value, (str, bytes, bytearray)):
        return [thaw(item) for item in value]
    return value


def name_fault(name: str) -> str:
    """Return what is wrong with an agent's name, as "expected ..., got ...", or nothing.

    It is judged in its NFKC form, in which a full-width colon is a colon; the name itself stays as it is.
    """
    if _USUAL_NAME.fullmatch(name):
        return ""
    plain = unicodedata.normalize("NFKC", name)
    if not plain.strip():
        return "expected a name of 1-256 characters, got an empty one"
    if len(plain) > _LONGEST_NAME:
        return f"expected a name of 1-256 characters, got {len(plain)}"
    if hidden := next((char for char in name + plain if unicodedata.category(char) in _INVISIBLE), ""):
        return f"expected a name without control or invisible characters such as U+{ord(hidden):04X}"
    if plain.startswith("-"):
        return 'expected a name that does not start with "-"'
    return 'expected a name without ":", which separates a plugin from its agent' if ":" in plain else ""


def is_model_id(model: str) -> bool:
    """Tell whether the text is a model's alias or looks like a model's id, of Anthropic or of a provider."""
    bare = model.removesuffix(_LONG_CONTEXT)
    if bare in MODEL_ALIASES:
        return True
    id_like = bare.startswith(_MODEL_PREFIXES) or any(part in bare for part in _MODEL_PARTS)
    return id_like and not any(char.isspace() for char in bare)


def _checked_name(name: str) -> str:
    if fault := name_fault(name):
        raise ValueError(fault)
    return name


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"expected no boolean, got {value}")  # noqa: TRY004  pydantic takes only this for a refusal
    return value


FrozenMapping: TypeAlias = Annotated[
    Mapping[str, Any], AfterValidator(freeze), PlainSerializer(thaw, return_type=dict[str, Any])
]


class AgentSpec(BaseModel):
    """One agent: what the frontmatter says, and the prompt.

    Immutable down to nested lists and mappings, safe to share between threads. Fields have camelCase aliases, by which
    ``model_dump(by_alias=True)`` gives the file format's keys; ``model_dump(mode="json")`` is ready for JSON. Equality
    is by value. A subclass may add fields and narrow these; fields of its own should be immutable too.

    Attributes:
        name: The agent's name, as written.
        description: When to use the agent.
        tools: Entries that grant tools, as written; None (the key is absent) and ``*`` grant all, an empty tuple none.
        disallowed_tools: Entries that deny tools, as written; they win.
        model: An alias, a model's id, or ``inherit``.
        permission_mode: None for the session's.
        max_turns: Most turns of one run; None for no limit.
        skills: Skills to load at the start.
        mcp_servers: Names of servers, or ``{name: config}``.
        hooks: Event to matchers, unread and never executed here.
        memory: Scope of the agent's memory, or None.
        background: Whether to run in the background.
        effort: A level or a number; None for the session's.
        isolation: ``worktree`` or None.
        color: A display colour, or None.
        initial_prompt: A first user message, or None.
        prompt: The file's body.
        extra: Frontmatter that the format does not know, read-only.
        path: The file, relative to the root; empty for a spec made by hand.
        digest: ``sha256:`` and the hexadecimal hash of the file's bytes; empty for a spec made by hand.
        known_tools: Of the class: names of the tools that there are, by which a list of unknown ones only is warned of.
            A runner that has tools of its own names them in a subclass; None warns of nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)
    known_tools: ClassVar[frozenset[str] | None] = KNOWN_TOOLS

    name: Annotated[str, AfterValidator(_checked_name)]
    description: Annotated[str, Field(min_length=1)]
    tools: tuple[str, ...] | None = None
    disallowed_tools: tuple[str, ...] = ()
    model: Annotated[str, Field(min_length=1)] = "inherit"
    permission_mode: PermissionMode | None = None
    max_turns: Annotated[Annotated[int, Field(gt=0)] | None, BeforeValidator(_no_boolean)] = None
    skills: tuple[str, ...] = ()
    mcp_servers: tuple[str | FrozenMapping, ...] = ()
    hooks: FrozenMapping | None = None
    memory: Memory | None = None
    background: bool = False
    effort: Annotated[Effort | int | None, BeforeValidator(_no_boolean)] = None
    isolation: Isolation | None = None
    color: Color | None = None
    initial_prompt: str | None = None
    prompt: str = ""
    extra: FrozenMapping = Field(default_factory=lambda: MappingProxyType({}))
    path: str = ""
    digest: str = ""

    def __hash__(self) -> int:
        """Hash by identity in the set: read-only mappings have no hash of their own."""
        return hash((type(self), self.name, self.path, self.digest))

    @property
    def rights(self) -> Rights:
        """What the agent may do, to combine with other rights; a class with rules of its own overrides this alone."""
        return Rights(self.tools, self.disallowed_tools)

    def allows(self, tool: str, argument: str | None = None) -> bool:
        """Tell whether the agent may use the tool: ``tools`` grants it and ``disallowedTools`` does not deny it.

        Args:
            tool: The tool's name, case-sensitive, such as ``Bash`` or ``mcp__github__get_issue``.
            argument: What it is to be used with, compared as text with ``Bash(git *)``. A runner that hands it to a
                shell must split it into single commands first. None asks whether any argument is allowed.
        """
        return self.rights.allows(tool, argument)


_OF_THE_LIBRARY: Final = frozenset({"prompt", "extra", "path", "digest"})

FORMAT_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {to_camel(name): name for name in AgentSpec.model_fields if name not in _OF_THE_LIBRARY}
)
"""The format's keys, camelCase as in a file, with the field of `AgentSpec` that each fills."""


@final
@dataclass(frozen=True, slots=True)
class Document:
    """One page that is no agent, such as ``CLAUDE.md``.

    Attributes:
        frontmatter: An instance of the model that was registered for the path, else a read-only mapping.
        body: The text after the frontmatter.
        path: The file, relative to the root.
        digest: ``sha256:`` and the hexadecimal hash of the file's bytes.
    """

    frontmatter: Any
    body: str
    path: str
    digest: str
