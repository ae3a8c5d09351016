"""A runner on the Claude Code that the SDK brings, against a model on the loopback interface; nothing is replaced."""

from __future__ import annotations

import importlib.util
import json
import logging
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

import pytest

from hotagents import ConfigRegistry, Cycle, Memory, load_plugins
from hotagents_agent_sdk_runner import plugin
from hotagents_agent_sdk_runner.runner import AgentSdkRunner
from hotagents_agent_sdk_runner.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hotagents import CycleResult

Call: TypeAlias = tuple[str, dict[str, Any]]

ROOT: Final = Path(__file__).resolve().parents[3]
SERVER: Final = ROOT / "tests" / "adapters" / "real" / "conftest.py"
MARK: Final = "READ-THE-NOTES"
CONTEXT: Final = "---\ntask: What is open?\n---\nYou put answers together.\n"
READER: Final = "---\nname: {name}\ndescription: {description}\ntools: {tools}\n---\n" + MARK + "\n"


def reader(name: str = "reader", *, description: str = "Reads notes.", tools: str = "Read, Grep, Glob") -> str:
    return READER.format(name=name, description=description, tools=tools)


def start(agent: str) -> Call:
    return "Agent", {"subagent_type": agent, "description": "d", "prompt": "go"}


def read(path: Path | str) -> Call:
    return "Read", {"file_path": str(path)}


@final
class Model:
    """What is said by the model: the session and the agents make the calls that they are given, and then answer."""

    def __init__(
        self, session: Iterable[Call] = (), agent: Iterable[Call] = (), *, answer: str = "All is said."
    ) -> None:
        self._left = {"session": deque(session), "agent": deque(agent)}
        self._answer = answer
        self._made: dict[str, str] = {}
        self._results: dict[str, str] = {}
        self.requests: list[dict[str, Any]] = []

    def __call__(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        self.requests.append(request)
        contents = [message["content"] for message in request["messages"]]
        blocks = [block for content in contents if isinstance(content, list) for block in content]
        self._results |= {b["tool_use_id"]: json.dumps(b["content"]) for b in blocks if b["type"] == "tool_result"}
        who = "agent" if MARK in json.dumps(request.get("system", "")) else "session"
        if not request.get("tools") or not self._left[who]:
            return [{"type": "text", "text": self._answer}]
        name, given = self._left[who].popleft()
        at = f"toolu_{len(self._made)}"
        self._made[at] = who
        return [{"type": "tool_use", "id": at, "name": name, "input": given}]

    def told(self, who: str) -> list[str]:
        """What the calls of the session, or of agents, returned, in their order."""
        return [self._results.get(at, "") for at, caller in self._made.items() if caller == who]

    @property
    def heard(self) -> str:
        """All that was ever sent to the model."""
        return json.dumps(self.requests)


@final
class Bench:
    """A runner and a registry in memory, in a home of their own; ``model`` answers."""

    def __init__(self, stack: ExitStack, api: Any, home: Path) -> None:
        self.api = api
        self.home = home
        self.notes = home / "notes"
        self.notes.mkdir()
        self.files = {"CLAUDE.md": CONTEXT, "agents/reader.md": reader()}
        self._source = Memory(self.files)
        plugins = load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin}).hosting([plugin.NAME])
        self.registry: ConfigRegistry[Any] = stack.enter_context(
            ConfigRegistry(
                self._source, spec=plugin.INFO.spec, documents=plugin.DOCUMENTS, plugins=plugins, resync_interval=60
            )
        )
        self.cancelled = threading.Event()

    def edit(self, path: str, text: str) -> None:
        """Publish a file with another text."""
        number = self.registry.current.number
        self.files = {**self.files, path: text}
        self._source.write(self.files)
        self.registry.reload()  # the watch may have been there before
        assert self.registry.current.number == number + 1, self.registry.status.last_error

    def run(
        self, model: Callable[[dict[str, Any]], list[dict[str, Any]]] | None = None, **settings: Any
    ) -> CycleResult:
        """Run one cycle as a host would: in a thread that is not the main one."""
        if model is not None:
            self.api.script = model
        runner = AgentSdkRunner(Settings(**({"directory": self.notes} | settings)))
        runner.setup()
        with self.registry.pin() as pin:
            logger = logging.LoggerAdapter(logging.getLogger("test"), {})
            cycle = Cycle(id="1", pin=pin, trigger="manual", deadline=None, cancelled=self.cancelled, logger=logger)
            with ThreadPoolExecutor(1) as thread:
                return thread.submit(runner.run, cycle).result()


def _helper() -> Any:
    spec = importlib.util.spec_from_file_location("messages_api_of_the_adapters", SERVER)
    if spec is None or spec.loader is None:
        pytest.skip(f"{SERVER} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if SERVER.is_file():
    messages_api = _helper().messages_api
else:

    @pytest.fixture
    def messages_api() -> None:
        pytest.skip("no checkout: the server that the tests of the adapters have is not there")


def _has_program() -> bool:
    found = importlib.util.find_spec("claude_agent_sdk")
    return found is not None and (Path(found.origin or "").parent / "_bundled" / "claude").is_file()


@pytest.fixture
def bench(messages_api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    if not _has_program():
        pytest.skip("claude-agent-sdk is not installed, or brings no Claude Code for this system: nox -s adapters")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", messages_api.url)
    monkeypatch.setenv("CLAUDE_CODE_MAX_RETRIES", "0")
    monkeypatch.setenv("HOME", str(tmp_path))
    with ExitStack() as stack:
        yield Bench(stack, messages_api, tmp_path)


@pytest.fixture(name="model")
def model_class() -> type[Model]:
    return Model


@pytest.fixture(name="reader")
def reader_function() -> Callable[..., str]:
    return reader


@pytest.fixture(name="start")
def start_function() -> Callable[[str], Call]:
    return start


@pytest.fixture(name="read")
def read_function() -> Callable[[Path | str], Call]:
    return read
