"""For each scenario the guard that makes it hold, and how to take it away.

A scenario that cannot fail shows nothing. Each sabotage is the smallest patch of the library after which the scenario's
own failure shows; where two guards stand behind each other it takes away both, and says so.
"""

from __future__ import annotations

import itertools
import math
import os
import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

import hotagents.registry
from hotagents import Cycle, Delta, Host, Pin, Report, SourceError, Subscription, fields, loading, validation, watching
from hotagents.fields.values import READ
from hotagents.frontmatter import parsing
from hotagents.frontmatter import plain as frontmatter_plain
from hotagents.frontmatter import tree as frontmatter_tree
from hotagents.frontmatter.events import read_tree
from hotagents.generation import Change, published
from hotagents.host.loop import RunnerLoop
from hotagents.registry import board, core, health, judge, reloader
from hotagents.snapshot import digest_of_lines
from hotagents.sources import directory, mounted, scan, tree, volume
from hotagents.sources.file import File
from hotagents.sources.reading import Filter, Reading
from hotagents.watchers import PollingWatcher, events, inotify, watcher_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pytest

__all__ = ["SABOTAGES", "Sabotage"]


class Sabotage(NamedTuple):
    """A guard, and how to remove it.

    Attributes:
        why: What is no longer done.
        apply: Does it, until the patch is undone.
    """

    why: str
    apply: Callable[[pytest.MonkeyPatch], None]


# --- watches ----------------------------------------------------------------------------------------------------------


def _watch_the_payload(patch: pytest.MonkeyPatch) -> None:
    def of_payloads(volumes: Mapping[str, str], directories: list[str]) -> Any:
        return watcher_for({os.path.join(path, link): link for path, link in volumes.items()}, directories)

    patch.setattr(mounted, "watcher_for", of_payloads)
    _overlook_losses(patch)


def _overlook_losses(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(events, "_LOSS", 0)


def _resolve_the_file(patch: pytest.MonkeyPatch) -> None:
    real = File.__init__
    patch.setattr(File, "__init__", lambda self, path, **options: real(self, os.path.realpath(path), **options))


def _follow_links_once(patch: pytest.MonkeyPatch) -> None:
    real_tree, real_volume = tree.Tree.__init__, volume.VolumeMount.__init__

    def of_volume(self: Any, *arguments: Any, **options: Any) -> None:
        real_volume(self, *arguments, **options)
        once = os.path.join(self.path, "..once")
        if not os.path.lexists(once):
            os.symlink(os.path.realpath(self._link_path), once)
        self._link_path = once

    patch.setattr(
        tree.Tree, "__init__", lambda self, path, **options: real_tree(self, os.path.realpath(path), **options)
    )
    patch.setattr(volume.VolumeMount, "__init__", of_volume)


def _believe_in_creations_only(patch: pytest.MonkeyPatch) -> None:
    wanted = events._CREATE | events._MOVED_TO

    def of_creations(data: bytes, links: Mapping[int, set[bytes]]) -> Any:
        return events.wakeup_in(data, links) if any(mask & wanted for _, mask, _ in events._events(data)) else None

    patch.setattr(inotify, "wakeup_in", of_creations)


def _take_missing_for_empty(patch: pytest.MonkeyPatch) -> None:
    real_run, real_read = scan.Scan.run, directory._ScanPin.read

    def run(self: Any) -> Any:
        try:
            return real_run(self)
        except SourceError:
            return self

    def read(self: Any, *arguments: Any) -> Any:
        return real_read(self, *arguments) if self._scan.files else {}

    patch.setattr(scan.Scan, "run", run)
    patch.setattr(directory._ScanPin, "read", read)
    patch.setattr(core, "_is_absent", lambda _error: False)


def _overlook_overflows(patch: pytest.MonkeyPatch) -> None:
    real = events._events

    def without_overflows(data: bytes) -> Iterator[tuple[int, int, bytes]]:
        return (event for event in real(data) if not event[1] & events._Q_OVERFLOW)

    patch.setattr(events, "_events", without_overflows)
    _never_resync(patch)


def _never_resync(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(watching.Watch, "_resync", lambda *_: None)


def _do_not_poll(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(watching, "PollingWatcher", lambda _interval: PollingWatcher(1e6))


def _do_not_look_after_arming(patch: pytest.MonkeyPatch) -> None:
    real, nothing = watching.Watch._check, watching.Checked(moved=False, finished=True)
    patch.setattr(watching.Watch, "_check", lambda self, cause: nothing if cause == "armed" else real(self, cause))


def _compare_whole_seconds(patch: pytest.MonkeyPatch) -> None:
    _sign_with(patch, lambda status: (0, status.st_size, int(status.st_mtime), 0))


def _leave_out_the_ctime(patch: pytest.MonkeyPatch) -> None:
    _sign_with(patch, lambda status: (status.st_ino, status.st_size, status.st_mtime_ns, 0))
    patch.setattr(directory, "_TICK", 0.0)


def _sign_with(patch: pytest.MonkeyPatch, signature_of: Callable[[os.stat_result], scan.Signature]) -> None:
    for module in (scan, directory):
        patch.setattr(module, "signature_of", signature_of)


def _overlook_subpaths(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mounted, "subpaths", lambda *_: ())


def _enter_what_is_left_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(scan, "_LEFT_OUT", frozenset())
    patch.setattr(scan, "Filter", lambda **_: Filter())


def _read_what_is_visible(patch: pytest.MonkeyPatch) -> None:
    real = volume._PayloadPin.read

    def read(self: Any, *arguments: Any) -> Any:
        root, files = self._mount.path, real(self, *arguments)
        return {path: content for path, content in files.items() if os.path.exists(os.path.join(root, path))}

    patch.setattr(volume._PayloadPin, "read", read)


# --- reads ------------------------------------------------------------------------------------------------------------


def _do_not_compare_the_link(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(volume._PayloadPin, "unmoved", lambda _self: True)


def _read_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mounted, "_ATTEMPTS", 1)
    patch.setattr(volume, "_OPEN_LINK_ATTEMPTS", 1)
    patch.setattr(reloader, "read_settled", lambda source, **_: source.read())


def _walk_the_mount(patch: pytest.MonkeyPatch) -> None:
    def read(self: Any, *_: Any) -> Any:
        root = Path(self._mount.path)
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    patch.setattr(volume._PayloadPin, "read", read)


def _do_not_wait_for_quiet(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(directory.DirectoryMount, "_quiet_for", lambda _self, _scan: math.inf)


def _wait_for_nothing(patch: pytest.MonkeyPatch) -> None:
    _do_not_wait_for_quiet(patch)
    _do_not_compare_the_lock(patch)


def _do_not_compare_the_lock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(loading, "mismatches", lambda *_: ())


def _name_the_agents_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        loading, "digest_of_lines", lambda lines: digest_of_lines(line for line in lines if line.endswith("  a.md\n"))
    )


# --- validation -------------------------------------------------------------------------------------------------------


def _publish_with_errors(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(judge, "errors_in", lambda _diagnostics: ())


def _do_not_note_a_return(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(health.Health, "unchanged", lambda *_: None)


def _remember_what_failed(patch: pytest.MonkeyPatch) -> None:
    real = reloader.Reloader.check

    def check(self: Any, *, force: bool = False) -> Any:
        outcome = real(self, force=force)
        self._good_token = self._seen_token
        return outcome

    patch.setattr(reloader.Reloader, "check", check)


def _serve_what_is_kept(patch: pytest.MonkeyPatch) -> None:
    def load_first(self: Any) -> None:
        if (error := self._first_error()) is not None:
            self._reloader.serve_last_good(self._store, error)

    patch.setattr(core.Core, "_load_first", load_first)


def _prove_by_any_cycle(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Host, "_prove", lambda self, _result: self._registry.confirm(self._registry.current))


def _serve_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(judge.Judge, "_emptiness", lambda _self, _candidate: {})


def _log_each_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(health.Health, "_log", lambda _self, text, *_: health.logger.error(text))


def _validate_on_the_watch(patch: pytest.MonkeyPatch) -> None:
    def ask(_self: Any, validator: Any, candidate: Any) -> Any:
        name, call = validator
        report = Report()
        call(candidate=candidate, report=report)
        return validation._diagnostics(name, report)

    patch.setattr(validation.Validation, "_ask", ask)


def _let_names_clash(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(loading, "_name_clashes", lambda _entries: [])


def _read_older_yaml(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(frontmatter_tree, "resolve", yaml.safe_load)
    patch.setattr(frontmatter_plain, "resolve", yaml.safe_load)


def _bound_no_frontmatter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parsing, "_guard_size", lambda *_: None)
    patch.setattr(parsing, "read_tree", lambda text, **_: read_tree(text, depth=10**6))


def _copy_by_hand(patch: pytest.MonkeyPatch) -> None:
    last: list[Any] = []

    def published_by_hand(candidate: Any, **facts: Any) -> Any:
        new = published(candidate, **facts)
        last.append(replace(last[-1], number=new.number, digest=new.digest, agents=new.agents) if last else new)
        return last[-1]

    patch.setattr(board, "published", published_by_hand)
    patch.setattr(fields, "READ", {key: read for key, read in READ.items() if key != "effort"})


# --- publishing -------------------------------------------------------------------------------------------------------


def _show_a_cycle_the_newest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Cycle, "generation", property(lambda self: self.pin._current()))


def _tell_before_assigning(patch: pytest.MonkeyPatch) -> None:
    real = board.Board.publish

    def publish(self: Any, candidate: Any, **options: Any) -> Any:
        assign, self._assign = self._assign, lambda _: None
        try:
            generation = real(self, candidate, **options)
        finally:
            self._assign = assign
        threading.Event().wait(0.02)  # long enough for whoever was told
        assign(generation)
        return generation

    patch.setattr(board.Board, "publish", publish)


def _let_subscribers_die(patch: pytest.MonkeyPatch) -> None:
    def run(self: Any) -> None:
        for change in self._changes:
            self._callback(change)

    patch.setattr(Subscription, "_run", run)


def _call_back_while_publishing(patch: pytest.MonkeyPatch) -> None:
    real = core.Core.subscribe

    def subscribe(self: Any, callback: Callable[[Any], object]) -> Any:
        assign = self.board._assign

        def assign_and_tell(generation: Any) -> None:
            assign(generation)
            callback(Change(generation, generation, generation.diff(generation)))

        self.board._assign = assign_and_tell
        return real(self, lambda _: None)

    patch.setattr(core.Core, "subscribe", subscribe)


def _take_the_token_after_the_load(patch: pytest.MonkeyPatch) -> None:
    real = reloader.Reloader.check

    def check(self: Any, *, force: bool = False) -> Any:
        outcome = real(self, force=force)
        self._good_token = self._token()
        return outcome

    patch.setattr(reloader.Reloader, "check", check)


def _check_side_by_side(patch: pytest.MonkeyPatch) -> None:
    real = reloader.Reloader.__init__

    def init(self: Any, *arguments: Any, **options: Any) -> None:
        real(self, *arguments, **options)
        self._lock = nullcontext()

    patch.setattr(reloader.Reloader, "__init__", init)


def _clear_and_fill(patch: pytest.MonkeyPatch) -> None:
    agents: dict[str, Any] = {}

    def published_in_place(candidate: Any, **facts: Any) -> Any:
        agents.clear()
        agents.update(candidate.agents)
        return replace(published(candidate, **facts), agents=agents)

    patch.setattr(board, "published", published_in_place)


def _ask_the_pinned_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Pin, "allows", lambda self, agent, *asked: self.generation.agents[agent].allows(*asked))


def _parse_everything_anew(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(loading, "_known", lambda *_: None)
    patch.setattr(loading, "_shape", lambda *_: object())  # no earlier set is alike


def _name_each_load_anew(patch: pytest.MonkeyPatch) -> None:
    count = itertools.count()
    patch.setattr(loading, "digest_of_lines", lambda lines: f"{digest_of_lines(lines)}-{next(count)}")


# --- life -------------------------------------------------------------------------------------------------------------


def _load_at_each_hint(patch: pytest.MonkeyPatch) -> None:
    real = reloader.Reloader.check
    patch.setattr(reloader.Reloader, "check", lambda self, **_: real(self, force=True))


def _leave_nothing_out(patch: pytest.MonkeyPatch) -> None:
    _enter_what_is_left_out(patch)
    patch.setattr(scan, "_TEMPORARY", ())


def _begin_all_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RunnerLoop, "_spread", lambda _self: None)


def _close_by_name_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(watching.Watch, "close", lambda self, *_: self._stopped.set())
    patch.setattr(core.Core, "_close_at_exit", lambda _self: None)


def _tell_no_child(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hotagents.registry._forks, "_after", lambda _member: None)


def _forget_what_went(patch: pytest.MonkeyPatch) -> None:
    real = Delta.between
    patch.setattr(Delta, "between", lambda *arguments: replace(real(*arguments), removed=()))


def _ask_no_heartbeat(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(core.Core, "healthy", lambda self, _max_age: self._started and not self.board.closed)


def _pass_over_the_unreadable(patch: pytest.MonkeyPatch) -> None:
    real = Reading.file

    def file(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return real(self, *arguments, **options)
        except SourceError:
            return None

    patch.setattr(Reading, "file", file)


def _name_the_place(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        loading, "digest_of_lines", lambda lines: digest_of_lines(line.replace("  ", "  ./") for line in lines)
    )


SABOTAGES: Final[Mapping[str, Sabotage]] = MappingProxyType(
    {
        "s01": Sabotage(
            "the payload is watched, not the mount, and the loss of a watch is not noticed", _watch_the_payload
        ),
        "s02": Sabotage("a file's links are resolved at the start", _resolve_the_file),
        "s03": Sabotage("links on the way are followed once, at the start", _follow_links_once),
        "s04": Sabotage("an event is believed to say what happened", _believe_in_creations_only),
        "s05": Sabotage("a missing directory counts as an empty one, and is not waited for", _take_missing_for_empty),
        "s06": Sabotage("the loss of a watch is not noticed", _overlook_losses),
        "s07": Sabotage("an overflow is not noticed, and nothing looks without a hint", _overlook_overflows),
        "s08": Sabotage("where there are no events nobody polls", _do_not_poll),
        "s09": Sabotage("nothing looks after arming", _do_not_look_after_arming),
        "s10": Sabotage("nothing looks without a hint", _never_resync),
        "s11": Sabotage("a file is known by its size and whole seconds", _compare_whole_seconds),
        "s12": Sabotage("the ctime is not compared, and the clock's tick not waited for", _leave_out_the_ctime),
        "s13": Sabotage("mounts by subPath are not looked for", _overlook_subpaths),
        "s14": Sabotage("directories that are left out are entered", _enter_what_is_left_out),
        "s15": Sabotage("only what is visible in the mount is read", _read_what_is_visible),
        "s16": Sabotage("the link is not compared after reading", _do_not_compare_the_link),
        "s17": Sabotage("what moved is not read again: within a source, at its link, and by who waits", _read_once),
        "s18": Sabotage("a mount is walked like any directory", _walk_the_mount),
        "s19": Sabotage("a directory need not be quiet", _do_not_wait_for_quiet),
        "s20": Sabotage("a directory need not be quiet, and the lock is not compared", _wait_for_nothing),
        "s21": Sabotage("a directory need not be quiet", _do_not_wait_for_quiet),
        "s22": Sabotage("the lock is not compared", _do_not_compare_the_lock),
        "s23": Sabotage("the digest leaves out what is no agent", _name_the_agents_only),
        "s24": Sabotage("errors do not forbid to publish", _publish_with_errors),
        "s25": Sabotage("a return to what is served is not noted", _do_not_note_a_return),
        "s26": Sabotage("what failed is remembered as done", _remember_what_failed),
        "s27": Sabotage("what a start on a bad set does is not asked", _serve_what_is_kept),
        "s28": Sabotage("a failed cycle proves a set as well", _prove_by_any_cycle),
        "s29": Sabotage("nobody asks whether a set is empty", _serve_nothing),
        "s30": Sabotage("errors do not forbid to publish", _publish_with_errors),
        "s31": Sabotage("an error is logged each time", _log_each_time),
        "s32": Sabotage("validators are called on the watch's own thread, unguarded", _validate_on_the_watch),
        "s33": Sabotage("names are not compared", _let_names_clash),
        "s34": Sabotage("plain values are read by YAML 1.1", _read_older_yaml),
        "s35": Sabotage("frontmatter has no bounds", _bound_no_frontmatter),
        "s36": Sabotage("a generation is copied by hand, an agent's fields too", _copy_by_hand),
        "s37": Sabotage("a cycle is shown what is current", _show_a_cycle_the_newest),
        "s38": Sabotage("waiters are woken before the assignment", _tell_before_assigning),
        "s39": Sabotage("what a subscriber raises is not caught", _let_subscribers_die),
        "s40": Sabotage("subscribers are called by the publisher", _call_back_while_publishing),
        "s41": Sabotage("the token is of the load's end, not of what was read", _take_the_token_after_the_load),
        "s42": Sabotage("checks run side by side", _check_side_by_side),
        "s43": Sabotage("one mapping is cleared and filled again", _clear_and_fill),
        "s44": Sabotage("a pin asks its own generation only", _ask_the_pinned_only),
        "s45": Sabotage("unchanged files are parsed anew", _parse_everything_anew),
        "s46": Sabotage("a digest names the load, not the content", _name_each_load_anew),
        "s47": Sabotage("each hint is a load: no token is compared", _load_at_each_hint),
        "s48": Sabotage("nothing is left out of a plain directory", _leave_nothing_out),
        "s49": Sabotage("no jitter after a change", _begin_all_at_once),
        "s50": Sabotage("close wakes no watch, and nothing closes at exit", _close_by_name_only),
        "s51": Sabotage("no forked child is told", _tell_no_child),
        "s52": Sabotage("a difference leaves out what went", _forget_what_went),
        "s53": Sabotage("the heartbeat is not asked", _ask_no_heartbeat),
        "s54": Sabotage("an unreadable file is passed over", _pass_over_the_unreadable),
        "s55": Sabotage("the lines of the digest are not those of the paths", _name_the_place),
    }
)
