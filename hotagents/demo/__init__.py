"""`hotagents demo`: the library's story, told by running it for real: no cluster, no key, no network.

`stage` has the mechanics (mount, host, measure), `teller` the two ways of saying, `story` what is told. A runner's own
demo, in a package of its own, may use `Stage` as well.
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from hotagents.demo.stage import Served, Stage
from hotagents.demo.story import tell, tell_what_now
from hotagents.demo.teller import Teller
from hotagents.errors import PluginError
from hotagents.plugins import load_plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents.plugins import Plugins
    from hotagents.runner import RunnerInfo

__all__ = ["Served", "Stage", "run"]

_LIBRARY: Final = "hotagents"


def run(*, as_json: bool, write: Callable[[str], None] = print, plugins: Plugins | None = None) -> int:
    """Tell the library's own story, then that of each installed runner that has one; return the exit code.

    Everything happens in a temporary directory, which is gone afterwards, as are all threads.

    Args:
        as_json: Whether each step is one JSON object on one line, instead of text for people.
        write: Given each line, without its line end.
        plugins: Whose runners' stories are told; None for what is installed.

    Returns:
        0 where everything happened as told, 1 where a step did not, 2 on a system that cannot show it.
    """
    teller = Teller(write, as_json=as_json, story=_LIBRARY)
    if sys.platform == "win32":
        teller.fail("the demo needs Linux or macOS: volumes are swapped by renaming symbolic links")
        return 2
    begun = time.monotonic()
    with _no_stray_log_lines():
        failed = [name for name, story in _stories(teller, plugins) if not _told(teller.named(name), story)]
    seconds = time.monotonic() - begun
    _sum_up(teller, failed, seconds)
    return 1 if failed else 0


def _stories(teller: Teller, plugins: Plugins | None) -> Iterator[tuple[str, Callable[[Teller], None]]]:
    yield _LIBRARY, tell
    try:
        plugins = load_plugins() if plugins is None else plugins
    except PluginError as error:
        yield "plugins", _raising(error)
        return
    for name, why in plugins.broken.items():
        teller.say(f"Left out: plugin {name} is broken: {why}", step="left-out", plugin=name, error=why)
    for info in plugins.runners.values():
        if info.demo is not None:
            yield info.name, _own(info, info.demo)


def _own(info: RunnerInfo, demo: Callable[[Teller], None]) -> Callable[[Teller], None]:
    def story(teller: Teller) -> None:
        teller.title(f"runner {info.name}: {info.summary}")
        demo(teller)

    return story


def _raising(error: Exception) -> Callable[[Teller], None]:
    def story(_teller: Teller) -> None:
        raise error

    return story


def _told(teller: Teller, story: Callable[[Teller], None]) -> bool:
    try:
        story(teller)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - one story must not keep the next from being told
        teller.fail(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        return False
    return True


def _sum_up(teller: Teller, failed: list[str], seconds: float) -> None:
    if failed:
        text = f"Not everything happened as told: {', '.join(failed)}."
    else:
        text = f"Everything happened as told, in {seconds:.2f} s; nothing is left behind."
    teller.title("the end")
    teller.say(text, step="end", ok=not failed, failed=failed, seconds=round(seconds, 3))
    if not failed:
        tell_what_now(teller)


@contextmanager
def _no_stray_log_lines() -> Iterator[None]:
    """Keep Python's handler of last resort from printing between the lines what the story tells anyway."""
    logger, handler = logging.getLogger(_LIBRARY), logging.NullHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
