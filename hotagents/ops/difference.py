"""`Difference`: what an edit changes, in the order in which a reviewer asks: rights, then fields, then text."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.authority import Rights, widened
from hotagents.generation import RightsDelta
from hotagents.spec import thaw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents.generation import Diff, Generation
    from hotagents.spec import AgentSpec

__all__ = ["Difference"]

_NOT_FIELDS: Final = frozenset({"prompt", "path", "digest", "extra"})
_NOTHING: Final = Rights(tools=())
_CONTEXT: Final = 2


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """From one set to another; pure."""

    before: Generation[Any]
    after: Generation[Any]
    diff: Diff

    @classmethod
    def between(cls, before: Generation[Any], after: Generation[Any]) -> Difference:
        """Compare two sets, published or not."""
        return cls(before, after, before.diff(after))

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
        return {name: found[name] for name in sorted(found)}

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

    def fields(self, name: str) -> dict[str, tuple[Any, Any]]:
        """Return the frontmatter's keys in which an agent that both have differs, with both values; None is absent."""
        before, after = _fields(self.before.agents[name]), _fields(self.after.agents[name])
        keys = dict.fromkeys([*before, *after])
        return {key: (before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)}

    def text(self, name: str) -> Iterator[str]:
        """Yield the lines of a unified diff of an agent's prompt, or of a document's body, if they differ."""
        yield from difflib.unified_diff(
            _text(self.before, name), _text(self.after, name), "before", "after", n=_CONTEXT, lineterm=""
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        changed = self.diff.agents.changed
        texts = {name: "\n".join(self.text(name)) for name in (*changed, *self.diff.documents.changed)}
        return {
            "schema": 1,
            "before": self.before.digest,
            "after": self.after.digest,
            **self.diff.to_dict(),
            "moved": {name: list(paths) for name, paths in self.moved.items()},
            "rights": {n: {"gained": list(d.gained), "lost": list(d.lost)} for n, d in self.rights.items()},
            "fields": {name: {k: list(pair) for k, pair in self.fields(name).items()} for name in changed},
            "text": {name: text for name, text in texts.items() if text},
        }


def _fields(agent: AgentSpec) -> dict[str, Any]:
    dumped = agent.model_dump(mode="json", by_alias=True, exclude=set(_NOT_FIELDS), exclude_defaults=True)
    return {**dumped, **thaw(agent.extra)}


def _text(generation: Generation[Any], name: str) -> list[str]:
    if name in generation.agents:
        spec: AgentSpec = generation.agents[name]
        return spec.prompt.removesuffix("\n").split("\n")  # and at nothing else that some take for the end of a line
    return generation.documents[name].body.removesuffix("\n").split("\n")
