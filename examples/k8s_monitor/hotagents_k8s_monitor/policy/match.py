"""`Match`: which findings an entry of the configuration speaks of."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Final, final

from pydantic import AfterValidator, Field, model_validator

from hotagents import did_you_mean
from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.policy.values import Strict
from hotagents_k8s_monitor.rules import RULES

if TYPE_CHECKING:
    from typing import Self

    from hotagents_k8s_monitor.findings import Owner

__all__ = ["Kind", "Match", "Pattern", "RulePattern", "all_rules", "fits", "fits_any", "is_exact", "says_which"]

_IN_NO_NAME: Final = re.compile(r"[\s/]")
_WILD: Final = re.compile(r"[*?\[]")
_OF_NO_FINDING: Final = frozenset({"EndpointSlice", "IngressClass", "PodMetrics", "StorageClass"})
_KINDS: Final = tuple(sorted({kind.name for kind in KINDS.values()} - _OF_NO_FINDING | {"Monitor", "Rollout"}))


def _possible(value: str) -> str:
    if _IN_NO_NAME.search(value):
        raise ValueError("expected a name without blanks and slashes; a namespace has a key of its own")
    return value


def _of_a_rule(value: str) -> str:
    if not any(fits(value, rule) for rule in RULES):
        raise ValueError(f"expected a rule that there is; {did_you_mean(value, RULES) or all_rules()}")
    return value


def _of_a_kind(value: str) -> str:
    if value[0].islower():
        near = did_you_mean(value, _KINDS) or "such as Deployment"
        raise ValueError(f"expected a kind, which begins with a capital letter; {near}")
    return value


def all_rules() -> str:
    """Return a sentence that names all rules."""
    return f"there are {', '.join(sorted(RULES))}"


Pattern = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_possible)]
"""A name, in which ``*``, ``?`` and ``[...]`` stand for others."""

RulePattern = Annotated[Pattern, AfterValidator(_of_a_rule)]
"""The same for the id of a rule; one that fits none would do nothing."""

Kind = Annotated[Pattern, AfterValidator(_of_a_kind)]
"""The same for a kind, which may be anybody's own; one in lower case would fit none."""


@lru_cache(maxsize=4096)  # each finding is held against each entry, at each look
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def fits(pattern: str, name: str) -> bool:
    """Say whether a pattern means a name; upper and lower case differ."""
    return _compiled(pattern).match(name) is not None


def fits_any(patterns: tuple[str, ...], name: str) -> bool:
    """Say whether one of some patterns means a name."""
    return any(fits(pattern, name) for pattern in patterns)


def is_exact(pattern: str) -> bool:
    """Say whether a pattern means one name alone."""
    return not _WILD.search(pattern)


def says_which(pattern: str | None) -> bool:
    """Say whether there is a pattern, and it means some names and not all of them."""
    return pattern is not None and pattern.strip("*?") != ""


@final
class Match(Strict):
    """Patterns that must all fit; at least one must be given, or an entry would speak of everything by a slip.

    What is not seen must never read as healthy, so of a rule that cannot be switched off only such an entry speaks as
    names it, or the kind of its owner.
    """

    rule: RulePattern | None = None
    kind: Kind | None = None
    namespace: Pattern | None = None
    name: Pattern | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.rule is self.kind is self.namespace is self.name is None:
            raise ValueError('expected rule, kind, namespace or name, got none; to mean everything, write name: "*"')
        return self

    def fits(self, rule: str, owner: Owner) -> bool:
        """Say whether a rule's finding on an owner is meant."""
        if not RULES[rule].switchable and not says_which(self.rule) and not says_which(self.kind):
            return False
        asked = ((self.rule, rule), (self.kind, owner.kind), (self.namespace, owner.namespace), (self.name, owner.name))
        return all(pattern is None or fits(pattern, value) for pattern, value in asked)
