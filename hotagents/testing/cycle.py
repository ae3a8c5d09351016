"""`run_once`: one cycle of a runner on given files, as a host would run it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from hotagents.host import Host
from hotagents.registry import ConfigRegistry
from hotagents.runner import CycleResult, RunnerInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from hotagents.runner import Runner
    from hotagents.spec import AgentSpec

__all__ = ["run_once"]

_NEVER: Final = 1e6


def run_once(
    runner: Runner | RunnerInfo,
    files: Mapping[str, str | bytes],
    *,
    spec: type[AgentSpec] | Mapping[str, type[AgentSpec]] | None = None,
    documents: Mapping[str, type[BaseModel] | None] | None = None,
    timeout: float = 60.0,
) -> CycleResult:
    """Return the result of one cycle: ``setup``, ``run`` and ``teardown`` of a runner on generation 1 of these files.

    A runner that raises gives a result with status ``failed`` and the error as text. Called in the main thread, it lets
    SIGTERM, SIGINT and SIGHUP reach the host meanwhile, as `Host.run` does.

    Args:
        runner: The runner, or an info to create it from, whose classes are then used.
        files: Text or bytes by relative path.
        spec: As for `ConfigRegistry`; None for the info's, else `AgentSpec`.
        documents: As for `ConfigRegistry`; None for the info's, else none.
        timeout: Seconds that each of the three may take. A cycle that ignores its end is left behind after as long
            again and a second more, with status ``timeout``.

    Raises:
        InvalidConfigError: If the files are refused.
    """
    if isinstance(runner, RunnerInfo):
        spec = runner.spec if spec is None else spec
        documents = runner.documents if documents is None else documents
    results: list[CycleResult] = []

    def finished(result: CycleResult) -> None:
        results.append(result)
        host.stop()

    with ConfigRegistry.fixed(files, spec=spec, documents=documents) as registry:
        host = Host(registry, [runner], interval=_NEVER, timeout=timeout, grace=timeout, on_result=finished)
        # A host waits for a cycle that ignores its deadline; a test must not.
        bound = threading.Timer(timeout, host.stop)
        bound.daemon = True
        bound.start()
        try:
            host.run()
        finally:
            bound.cancel()
    return results[0]
