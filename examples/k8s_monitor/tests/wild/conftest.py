from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents_k8s_monitor.testing.objects import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotagents_k8s_monitor.cluster import Gap

MINUTE: Final = timedelta(minutes=1)


@final
@dataclass
class Lived:
    """What a monitor made of some minutes, one look each.

    Attributes:
        opened: Severity and minute of each finding that counted, by owner and rule.
        told: Minute, kind, severity and owner of all that was told.
        verdicts: Of each look.
        pending: What was within its hold time at the end.
        follows: Whose fault each finding that counted followed from, by owner and rule.
    """

    opened: dict[str, tuple[str, int]] = field(default_factory=dict)
    told: list[tuple[int, str, str, str]] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    pending: set[str] = field(default_factory=set)
    follows: dict[str, str] = field(default_factory=dict)

    @property
    def findings(self) -> dict[str, str]:
        """Severity of each finding that counted, by owner and rule."""
        return {about: severity for about, (severity, _) in self.opened.items()}

    @property
    def heard(self) -> list[tuple[str, str, str]]:
        """What was told, without its minute."""
        return [(kind, severity, about) for _, kind, severity, about in self.told]

    def kinds(self) -> list[str]:
        return [kind for _, kind, _, _ in self.told]

    def alerts(self) -> list[tuple[str, str]]:
        return [(severity, about) for kind, severity, about in self.heard if kind == "alert"]


def _about(owner: Mapping[str, str]) -> str:
    place = f"{owner['namespace']}/{owner['name']}" if owner["namespace"] else owner["name"]
    return f"{owner['kind']} {place}"


@pytest.fixture
def lived(bench: Any) -> Callable[..., Lived]:
    """Let some minutes of a cluster pass; one function of the minute gives its objects, and another what fails."""

    def live(
        objects: Callable[[float], Iterable[Mapping[str, Any]]],
        minutes: int,
        *,
        gaps: Callable[[float], Iterable[Gap]] = lambda _: (),
        on: Any = None,
        first: int = 0,
    ) -> Lived:
        watched, found = on or bench, Lived()
        for minute in range(first, minutes + 1):
            watched.set_clock(NOW + minute * MINUTE)
            result = watched.look(*objects(minute), gaps=tuple(gaps(minute)))
            assert (result.status, result.error) == ("ok", "")
            found.verdicts.append(result.data["verdict"])
            found.pending = set()
            for each in result.data["findings"]:
                about = f"{_about(each['owner'])} {each['rule']}"
                if each["state"] == "open":
                    found.opened.setdefault(about, (each["severity"], minute))
                    if each["follows"] is not None:
                        found.follows[about] = _about(each["follows"])
                elif each["state"] == "pending":
                    found.pending.add(about)
            found.told += [
                (minute, told["kind"], told["severity"], _about(told["owner"])) for told in result.data["told"]
            ]
        return found

    return live
