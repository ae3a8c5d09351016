"""What an agent may ask of GitHub: the definitions of its functions, and `Wanted`, the arguments it gave, checked.

A model names a service and never a repository, so that it reads nothing but what the configuration lists.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents import escape
from hotagents_k8s_monitor.changes.asking import checked_sha
from hotagents_k8s_monitor.changes.errors import ChangesError
from hotagents_k8s_monitor.policy.match import fits, is_exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["FUNCTIONS", "Wanted", "definitions", "repository_key", "wanted"]

_COMMIT: Final = {"type": "string", "pattern": "^[0-9a-f]{7,40}$", "description": "The commit, 7 to 40 digits."}
_PATH: Final = {"type": "string", "maxLength": 300, "description": "Only what changes this file or directory."}
_SINCE: Final = {"type": "string", "description": "From when on, such as 2026-11-25T14:00:00Z; by default the window."}
_UNTIL: Final = {"type": "string", "description": "Until when; by default the beginning of the incident."}
_LONGEST_PATH: Final = 300
_LONGEST_NAME: Final = 253  # of an object
_LONGEST_TIME: Final = 40
_YEARS: Final = range(2000, 3000)  # a window before a time must not leave the calendar

FUNCTIONS: Final[Mapping[str, tuple[str, Mapping[str, Any], tuple[str, ...]]]] = {
    "commits": (
        "Lists a service's commits before the incident; with `commit`, returns that one and what it changes.",
        {"commit": _COMMIT, "path": _PATH, "since": _SINCE, "until": _UNTIL},
        (),
    ),
    "pulls": ("Returns the pull requests that brought a commit of a service.", {"commit": _COMMIT}, ("commit",)),
    "deployments": (
        "Lists the deployments that GitHub knows of a service before the incident, with their statuses.",
        {"since": _SINCE},
        (),
    ),
}
"""By name: the description, the arguments beside ``service``, and which of them are required."""


@final
class Wanted(NamedTuple):
    """What a model asks for.

    Attributes:
        service: Whose changes; one whose repository is known.
        commit: Of which commit; empty for none.
        path: Of which file or directory; empty for all.
        since: From when on; None for the default.
        until: Until when; None for the default.
    """

    service: str
    commit: str = ""
    path: str = ""
    since: datetime | None = None
    until: datetime | None = None


def definitions(services: Iterable[str]) -> list[dict[str, Any]]:
    """Return the functions as the Messages API takes them; none where there is no service."""
    known = sorted(services)
    if not known:
        return []
    service = _service(known)
    return [
        {
            "name": name,
            "description": description,
            "input_schema": {
                "type": "object",
                "properties": {"service": service, **arguments},
                "required": ["service", *required],
                "additionalProperties": False,
            },
        }
        for name, (description, arguments, required) in FUNCTIONS.items()
    ]


def _service(known: list[str]) -> dict[str, Any]:
    if all(map(is_exact, known)):
        return {"type": "string", "enum": known, "description": "The service, as the configuration calls it."}
    said = f"The service: the name of the workload, which fits one of {', '.join(known)}."
    return {"type": "string", "description": said}


def wanted(name: str, given: Any, services: Iterable[str]) -> Wanted:
    """Return the arguments of a call, checked.

    Raises:
        ChangesError: If there is no such function, or an argument is missing, unknown or wrong.
    """
    if name not in FUNCTIONS:
        raise ChangesError(f"there is no function {_shown(name)}; there are {', '.join(FUNCTIONS)}")
    _, arguments, required = FUNCTIONS[name]
    if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
        raise ChangesError("expected an object of arguments")
    if unknown := sorted(set(given) - {"service", *arguments}):
        raise ChangesError(f"{name} takes no {_shown(unknown[0])}; it takes {', '.join(['service', *arguments])}")
    texts = {key: _text(key, value) for key, value in given.items() if value is not None}
    if missing := [key for key in ("service", *required) if not texts.get(key)]:
        raise ChangesError(f"{name} needs {missing[0]}")
    if not repository_key(texts["service"], services):
        raise ChangesError(f"no repository for {_shown(texts['service'])}; {_there_are(services)}")
    return Wanted(
        service=texts["service"],
        commit=checked_sha(texts["commit"]) if texts.get("commit") else "",
        path=_path(texts.get("path", "")),
        since=_time("since", texts.get("since", "")),
        until=_time("until", texts.get("until", "")),
    )


def repository_key(service: str, services: Iterable[str]) -> str:
    """Return which of some names and patterns means a service; a name before patterns, empty where none does."""
    if len(service) > _LONGEST_NAME:
        return ""
    known = list(services)
    return service if service in known else next((pattern for pattern in known if fits(pattern, service)), "")


def _there_are(services: Iterable[str]) -> str:
    return f"there are those of {escape(', '.join(sorted(services)), limit=1_000)}"


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ChangesError(f"{key}: expected a text, got {type(value).__name__}")
    return value


def _path(text: str) -> str:
    if len(text) > _LONGEST_PATH or not text.isprintable():
        raise ChangesError(f"path: expected at most {_LONGEST_PATH} characters that can be shown")
    return text.strip("/")


def _time(key: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text[:_LONGEST_TIME])
        if time.tzinfo is not None and (time := time.astimezone(timezone.utc)).year in _YEARS:
            return time
    except (ValueError, OverflowError):
        pass
    raise ChangesError(f"{key}: expected a time with an offset such as 2026-11-25T14:00:00Z, got {_shown(text)}")


def _shown(text: object) -> str:
    return f'"{escape(str(text), limit=100)}"'
