"""The built-in runner, as `hotagents run` uses it."""

from __future__ import annotations

import pytest

from hotagents import ConfigRegistry, CycleResult, Host, Memory, echo, load_plugins
from hotagents.testing import run_once

_NO_TOOLS = "---\nname: b\ndescription: |-\n  two\n  lines\nmodel: opus\ntools: []\n---\n"


def test_echo_prints_the_generation_and_a_line_for_each_agent(capsys: pytest.CaptureFixture[str]) -> None:
    plugins = load_plugins(from_entry_points=False, plugins={"echo": echo})
    files = {
        "a.md": "---\nname: a\ndescription: one\ntools: Read, Bash\n---\n",
        "b.md": _NO_TOOLS,
        "c.md": "---\nname: c\ndescription: three\n---\n",
    }
    result = run_once(plugins.runner("echo"), files)
    assert (result.status, result.summary) == ("ok", "3 agents: a, b, c")
    assert result.data == {"agents": ["a", "b", "c"]}
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith("[start] generation 1 sha256:")
    assert [line.split() for line in lines] == [
        ["a", f"model={_model(lines[0])}", "tools=Read,", "Bash", "one"],
        ["b", "model=opus", "tools=no", "tools", "two\\nlines"],
        ["c", f"model={_model(lines[2])}", "tools=all", "tools", "three"],
    ]


@pytest.mark.parametrize(("names", "summary"), [("", "0 agents"), ("a", "1 agent: a"), ("ab", "2 agents: a, b")])
def test_echo_counts_the_agents(names: str, summary: str) -> None:
    files = {f"{name}.md": f"---\nname: {name}\ndescription: text\n---\n" for name in names}
    results = list[CycleResult]()

    def stop(result: CycleResult) -> None:
        results.append(result)
        host.stop()

    with ConfigRegistry(Memory(files), allow_empty=True) as registry:
        host = Host(registry, [echo.Echo()], interval=1e6, on_result=stop)
        host.run()
    assert [result.summary for result in results] == [summary]


def _model(line: str) -> str:
    return line.split("model=")[1].split(maxsplit=1)[0]
