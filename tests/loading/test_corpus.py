"""Files as people write them: each comes to what it is known to be, and what is refused or changed says so.

The collection lies beside the project, with the licences of its files; without it these tests are skipped.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from hotagents import AgentSpec, Memory
from hotagents.diagnostics import Diagnostic, errors_in
from hotagents.loading import Candidate, Schema, load

HERE: Final = Path(__file__).parents[3] / "shared" / "corpus"
MANIFEST: Final = HERE / "MANIFEST.tsv"


class Sample(NamedTuple):
    """A file, what it is known to be, and what another reader does with it."""

    path: Path
    expected: str
    other: str

    @property
    def loads_elsewhere(self) -> bool:
        return self.other == "loads"


def samples() -> list[Sample]:
    if not MANIFEST.is_file():
        return []
    with MANIFEST.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [Sample(HERE / row["file"], row["expected"], row["claude_code_2.1.330"]) for row in rows]


SAMPLES: Final = samples()
pytestmark = pytest.mark.skipif(not SAMPLES, reason=f"no collection of real agent files in {HERE}")
each = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path.name)


def loaded(sample: Sample, content: bytes | None = None, **schema: Any) -> Candidate[AgentSpec]:
    files = {sample.path.name: sample.path.read_bytes() if content is None else content}
    return load(Memory(files).read(), Schema(AgentSpec, **schema))


def severities(found: tuple[Diagnostic, ...]) -> set[str]:
    return {diagnostic.severity for diagnostic in found}


@each
def test_each_file_comes_to_what_it_is_known_to_be(sample: Sample) -> None:
    candidate = loaded(sample)
    found = candidate.diagnostics
    if sample.expected == "ok":
        assert candidate.agents
        assert {d.code for d in found} <= {"null-tools"}, "tools of another program are still a loud warning"
    elif sample.expected == "warning" or (sample.expected == "recovered" and sample.loads_elsewhere):
        assert candidate.agents
        assert severities(found) - {"info"} == {"warning"}
    elif sample.expected == "recovered":  # a text of several lines: refused, with the block to paste
        assert not candidate.agents
        assert any(d.hint.startswith(("replace line", "write: ")) for d in errors_in(found))
    else:
        assert not candidate.agents
        assert severities(found) & {"error", "warning"}
    assert all(d.line for d in errors_in(found))


@each
def test_a_file_that_loads_elsewhere_is_served_and_with_the_same_limits(sample: Sample) -> None:
    if sample.loads_elsewhere:
        assert len(loaded(sample).agents) == 1


@each
def test_pasting_every_remedy_gives_the_same_agent_and_no_more_recovery(sample: Sample) -> None:
    candidate = loaded(sample)
    lines = sample.path.read_bytes().decode(errors="surrogateescape").split("\n")
    guesses = [d for d in candidate.diagnostics if d.code == "recovered"]
    for guess in guesses:
        end = "\r" if lines[guess.line - 1].endswith("\r") else ""
        lines[guess.line - 1] = guess.hint.removeprefix("write: ") + end
    after = loaded(sample, "\n".join(lines).encode(errors="surrogateescape"), recover=False)
    if candidate.agents and guesses:
        same = {"digest": "", "path": ""}
        before_, after_ = list(candidate.agents.values()), list(after.agents.values())
        assert [a.model_copy(update=same) for a in before_] == [a.model_copy(update=same) for a in after_]
    assert [d for d in candidate.diagnostics if d.code != "recovered"] == list(after.diagnostics)


@each
def test_without_recovery_a_file_is_the_same_or_refused_with_the_line_to_write(sample: Sample) -> None:
    candidate, strict = loaded(sample), loaded(sample, recover=False)
    guesses = [d for d in candidate.diagnostics if d.code == "recovered"]
    if guesses:
        assert not strict.agents
        assert not candidate.agents or {d.hint for d in guesses} <= {d.hint for d in strict.diagnostics}
    else:
        assert (strict.agents, strict.diagnostics) == (candidate.agents, candidate.diagnostics)


def test_as_many_are_served_as_ever() -> None:
    served = [sample for sample in SAMPLES if loaded(sample).agents]
    loads = [sample for sample in SAMPLES if sample.loads_elsewhere]
    assert len(SAMPLES) >= 149
    assert set(loads) <= set(served)
    assert len(served) == len(loads) + 3
