"""`Difference`: what an edit changes, in the order in which a reviewer asks: rights, then fields, then text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

from pydantic import BaseModel

from hotagents.authority import Rights, widened
from hotagents.generation import RightsDelta
from hotagents.manifests import NOT_SHOWN
from hotagents.ops.gains import Gain, gains
from hotagents.ops.texts import text_of, unified
from hotagents.spec import thaw

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hotagents.generation import Diff, Generation
    from hotagents.spec import AgentSpec

__all__ = ["Difference", "Rewritten"]

Rewritten = Literal["line-ends", "writing"]
"""How a page differs that says the same: in its line ends alone, or in comments, spacing, quotes and the like too."""
_Contents: TypeAlias = "Mapping[str, bytes]"
_NOT_FIELDS: Final = frozenset({"prompt", "path", "digest", "extra"})
_OF_THE_FILE: Final = frozenset({"path", "digest"})
_NOTHING: Final = Rights(tools=())
_UNKNOWN: Final[_Contents] = MappingProxyType({})
_LINE_END: Final = re.compile(rb"\r\n|\r")


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """From one set to another; pure.

    Attributes:
        before: What there was.
        after: What there is.
        diff: The names that came, changed and went.
        written: The bytes of both sides by path, pages included, where they are known.
        withheld: Paths of files and pages of which no text is to be shown: of an agent its name alone, that it gained
            or lost rights, and which keys of the format differ.
    """

    before: Generation[Any]
    after: Generation[Any]
    diff: Diff
    written: tuple[_Contents, _Contents] = (_UNKNOWN, _UNKNOWN)
    withheld: frozenset[str] = frozenset()

    @classmethod
    def between(
        cls,
        before: Generation[Any],
        after: Generation[Any],
        *,
        written: tuple[_Contents, _Contents] = (_UNKNOWN, _UNKNOWN),
        withheld: Collection[str] = (),
    ) -> Difference:
        """Compare two sets, published or not."""
        return cls(before, after, before.diff(after), written, frozenset(withheld))

    def __bool__(self) -> bool:
        """True where the content differs at all, locks aside."""
        return self.before.digest != self.after.digest

    @property
    def rights(self) -> Mapping[str, RightsDelta]:
        """What each agent may do now and could not before, and the reverse; one that is new gained all that it has."""
        found = dict(self.diff.rights)
        for name in self.diff.agents.added:
            found[name] = RightsDelta(widened(_NOTHING, self.after.agents[name].rights), ())
        for name in self.diff.agents.removed:
            found[name] = RightsDelta((), widened(_NOTHING, self.before.agents[name].rights))
        return {name: _hushed(found[name]) if self.hides(name) else found[name] for name in sorted(found)}

    @property
    def gains(self) -> Mapping[str, tuple[Gain, ...]]:
        """What each agent gained, entry by entry, with what of it stays denied."""
        found = {name: delta.gained for name, delta in self.rights.items() if delta.gained}
        return {
            name: tuple(Gain(entry, granted=True, denied=()) for entry in gained)
            if self.hides(name)
            else gains(self.after.agents[name].rights, gained)
            for name, gained in found.items()
        }

    @property
    def widens(self) -> bool:
        """Whether any agent may do more than before."""
        return any(delta.gained for delta in self.rights.values())

    @property
    def moved(self) -> dict[str, tuple[str, str]]:
        """Where agents that both have lay and lie now, for those whose file has another path."""
        both = ((name, self.before.agents[name].path, self.after.agents[name].path) for name in self._both)
        return {name: (old, new) for name, old, new in both if old != new}

    @property
    def _both(self) -> list[str]:
        return [name for name in self.after.agents if name in self.before.agents]

    def hides(self, name: str) -> bool:
        """Say whether nothing of an agent's text is to be shown."""
        sides = (side.agents.get(name) for side in (self.before, self.after))
        return any(agent is not None and agent.path in self.withheld for agent in sides)

    def fields(self, name: str) -> dict[str, tuple[Any, Any]]:
        """Return the frontmatter's keys in which an agent differs, with both values; None is absent.

        A key that says what holds without it is there, too: see `idle`.
        """
        old = self.before.agents.get(name)
        before, after = _fields(old) if old is not None else {}, _fields(self.after.agents[name])
        pairs = {key: (before.get(key), after.get(key)) for key in dict.fromkeys([*before, *after])}
        found = {key: pair for key, pair in pairs.items() if _exact(pair[0]) != _exact(pair[1])}
        return _hidden(found, self.after.agents[name]) if self.hides(name) else found

    def idle(self, name: str) -> frozenset[str]:
        """Return the keys that came or went and change nothing, since they say what holds without them."""
        old, new = self.before.agents.get(name), self.after.agents[name]
        same = (
            field.alias or key
            for key, field in type(new).model_fields.items()
            if key not in _NOT_FIELDS
            and _exact(getattr(new, key)) == _exact(getattr(old, key, None) if old else field.get_default())
        )
        return frozenset(self.fields(name).keys() & set(same))

    # --- text -------------------------------------------------------------------------------------------------------

    def agent_text(self, name: str) -> Iterator[str]:
        """Yield a unified diff of a changed agent's prompt; where no value differs either, of its file."""
        old, new = self.before.agents[name], self.after.agents[name]
        if self.hides(name):
            return
        if old.prompt != new.prompt:
            yield from unified(old.prompt, new.prompt)
        elif self.fields(name).keys() <= self.idle(name):
            yield from self._files_text(old.path, new.path)

    def agent_rewritten(self, name: str) -> Rewritten | None:
        """Return how the file of a changed agent differs that gives the agent the very same; None for any other."""
        old, new = self.before.agents[name], self.after.agents[name]
        return self._rewritten(old.path, new.path) if _given(old) == _given(new) else None

    def document_text(self, path: str) -> Iterator[str]:
        """Yield a unified diff of a changed document's body; of the whole file where more or nothing else differs."""
        if path in self.withheld:
            return
        old, new = self.before.documents[path], self.after.documents[path]
        if _exact(old.frontmatter) == _exact(new.frontmatter) and old.body != new.body:
            yield from unified(old.body, new.body)
        else:
            yield from self._files_text(path, path)

    def document_rewritten(self, path: str) -> Rewritten | None:
        """Return how a changed document differs of which nothing that is read does; None for any other."""
        old, new = self.before.documents[path], self.after.documents[path]
        same = (_exact(old.frontmatter), old.body) == (_exact(new.frontmatter), new.body)
        return self._rewritten(path, path) if same else None

    def file_text(self, path: str) -> Iterator[str]:
        """Yield a unified diff of a changed file that is no page; nothing where it is no text, or withheld."""
        old, new = (text_of(side.files[path]) for side in (self.before, self.after))
        if old is not None and new is not None and path not in self.withheld:
            yield from unified(old, new)

    def _files_text(self, old: str, new: str) -> Iterator[str]:
        contents = self.written[0].get(old, b""), self.written[1].get(new, b"")
        yield from unified(*(content.decode(errors="backslashreplace") for content in contents))

    def _rewritten(self, old: str, new: str) -> Rewritten:
        contents = self.written[0].get(old), self.written[1].get(new)
        one, other = (None if content is None else _LINE_END.sub(b"\n", content) for content in contents)
        return "line-ends" if one is not None and one == other else "writing"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        agents, documents = self.diff.agents.changed, self.diff.documents.changed
        named = sorted([*agents, *self.diff.agents.added])
        texts = {path: "\n".join(self.file_text(path)) for path in self.diff.files.changed}
        texts |= {path: "\n".join(self.document_text(path)) for path in documents}
        texts |= {name: "\n".join(self.agent_text(name)) for name in agents}
        rewritten = {path: self.document_rewritten(path) for path in documents}
        rewritten |= {name: self.agent_rewritten(name) for name in agents}
        return {
            "schema": 1,
            "before": self.before.digest,
            "after": self.after.digest,
            **self.diff.to_dict(),
            "moved": {name: list(paths) for name, paths in self.moved.items()},
            "rights": {n: {"gained": list(d.gained), "lost": list(d.lost)} for n, d in self.rights.items()},
            "denied": {n: {g.entry: list(g.denied) for g in found if g.denied} for n, found in self.gains.items()},
            "fields": {name: {k: list(pair) for k, pair in self.fields(name).items()} for name in named},
            "idle": {name: sorted(keys) for name in agents if (keys := self.idle(name))},
            "withheld": sorted(name for name in named if self.hides(name)),
            "text": {name: text for name, text in texts.items() if text},
            "rewritten": {name: how for name, how in rewritten.items() if how is not None},
        }


def _fields(agent: AgentSpec) -> dict[str, Any]:
    """Return what is written down, a default too."""
    dumped = agent.model_dump(mode="json", by_alias=True, exclude=set(_NOT_FIELDS), exclude_unset=True)
    return {**{key: value for key, value in dumped.items() if value is not None}, **thaw(agent.extra)}


def _hidden(fields: Mapping[str, tuple[Any, Any]], agent: AgentSpec) -> dict[str, tuple[Any, Any]]:
    """Return which known keys differ, without their values; what else a Secret calls a key is text of it."""
    known = {field.alias or name for name, field in type(agent).model_fields.items()}
    pairs = {key: pair for key, pair in fields.items() if key in known}
    return {
        key: (None if old is None else NOT_SHOWN, None if new is None else NOT_SHOWN)
        for key, (old, new) in pairs.items()
    }


def _hushed(delta: RightsDelta) -> RightsDelta:
    return RightsDelta(*((NOT_SHOWN,) if entries else () for entries in (delta.gained, delta.lost)))


def _given(agent: AgentSpec) -> object:
    """Return all that an agent has from its file but where that lies and which bytes it is, to be compared."""
    names = (name for name in type(agent).model_fields if name not in _OF_THE_FILE)
    return type(agent), {name: _exact(getattr(agent, name)) for name in names}


def _exact(value: object) -> object:
    """Return what is equal for values of equal types alone: 1, 1.0 and true are three, wherever they stand."""
    if isinstance(value, BaseModel):
        return type(value), {name: _exact(found) for name, found in value}
    if isinstance(value, Mapping):
        return {(type(key), key): _exact(found) for key, found in value.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(item) for item in value]
    return type(value), value
