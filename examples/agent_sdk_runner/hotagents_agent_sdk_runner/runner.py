"""`AgentSdkRunner`: one query of the Claude Agent SDK a cycle.

The SDK is asynchronous, and the runner is not. Each cycle has an event loop of its own, in the thread that the host
gives it (`anyio.run`), for the sake of its end: an asynchronous runner is ended by cancelling an asyncio task, and the
SDK's closing, which ends Claude Code, is shielded against the cancel scopes of anyio alone. So ``cycle.cancelled`` is
looked at and cancels a scope: the program has ended when the cycle has. The loop, too, is gone then, with whatever the
SDK left on it, and no cycle can be held up by what an earlier one left behind.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, final

import anyio

from hotagents import CycleResult, HotAgentsError, escape
from hotagents_agent_sdk_runner.answering import Ending, failed, result_of
from hotagents_agent_sdk_runner.asking import options_of, task_of
from hotagents_agent_sdk_runner.settings import SettingsError

if TYPE_CHECKING:
    import threading

    from hotagents import Cycle
    from hotagents_agent_sdk_runner.settings import Settings

__all__ = ["AgentSdkRunner"]

_LOOK: Final = 0.1  # seconds; a threading.Event cannot wake an event loop
_LAST_LINES: Final = 5
_LONGEST_ANSWER: Final = 4000


@final
class AgentSdkRunner:
    """Asks what ``CLAUDE.md`` says, with the agents of the cycle's generation; the answer is the result.

    It holds nothing between two cycles, so there is no ``teardown``: the program and its files end with the cycle.
    """

    name = "agent-sdk"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def setup(self) -> None:
        """Return where a cycle has something to work on.

        Raises:
            ModuleNotFoundError: If claude-agent-sdk is not installed.
            SettingsError: If the directory to read is missing.
        """
        import claude_agent_sdk  # noqa: F401, PLC0415 - slow to import

        if not self._settings.directory.is_dir():
            directory = escape(str(self._settings.directory))
            raise SettingsError(f"AGENT_SDK_RUNNER_DIRECTORY: expected a directory, got {directory}")

    def run(self, cycle: Cycle) -> CycleResult:
        """Ask once; every failure is a result with a sentence, and with the cost where that is known."""
        stderr: deque[str] = deque(maxlen=_LAST_LINES)
        try:
            with TemporaryDirectory(prefix="agent-sdk-", ignore_cleanup_errors=True) as room:
                ending = self._ending(cycle, Path(room).resolve(), stderr)
        except (HotAgentsError, LookupError, TypeError, OSError) as error:
            return failed(str(error))
        result = result_of(ending, settings=self._settings, stderr=stderr)
        if result.status == "ok":
            cycle.logger.info("answer: %s", escape(result.data["text"], limit=_LONGEST_ANSWER))
        return result

    def _ending(self, cycle: Cycle, room: Path, stderr: deque[str]) -> Ending:
        task = task_of(cycle.pin)
        options = options_of(cycle.pin, settings=self._settings, room=room, stderr=stderr.append)
        ending: Ending = anyio.run(partial(_within, task, options, cycle.cancelled, self._settings.timeout))
        return ending


async def _within(task: str, options: Any, cancelled: threading.Event, timeout: float) -> Ending:  # noqa: ASYNC109 - not the caller's
    """Return how the query ended by itself, after ``timeout`` seconds, or once ``cancelled`` was set.

    A program that has given its result and does not end is a failure too, but one that was paid for.
    """
    results: deque[Any] = deque(maxlen=1)
    ending: Ending | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(_cancel_when, cancelled, group.cancel_scope)
        with anyio.move_on_after(timeout):
            ending = await _ask(task, options, results)
        group.cancel_scope.cancel()
    if ending is not None:
        return ending
    message = results[-1] if results else None
    what = "no answer" if message is None else "Claude Code did not end"
    return Ending(message=message, error="cancelled" if cancelled.is_set() else f"{what} within {timeout:g} seconds")


async def _ask(task: str, options: Any, results: deque[Any]) -> Ending:
    """Return how the query ended; its last result is put into ``results`` as soon as it is there."""
    from claude_agent_sdk import ResultMessage, query  # noqa: PLC0415 - slow to import

    error = ""
    try:
        async for message in query(prompt=task, options=options):  # to its end: the program is then closed
            if isinstance(message, ResultMessage):
                results.append(message)
    except Exception as raised:  # noqa: BLE001 - whatever the SDK raises is the end of this query alone
        error = f"{type(raised).__name__}: {raised}"
    return Ending(message=results[-1] if results else None, error=error)


async def _cancel_when(event: threading.Event, scope: anyio.CancelScope) -> None:
    while not event.is_set():  # noqa: ASYNC110 - it is no event of the loop's
        await anyio.sleep(_LOOK)
    scope.cancel()
