"""What it costs to import the package, and to ask the command line for its help.

Each sample is a process of its own. Inside, the clock runs around the import alone; outside, around the whole process,
the interpreter's start included.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from bench.sampling import Row, sampled
from bench.table import timings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.scale import Scale
    from bench.table import Table

__all__ = ["importing"]

_DEPENDENCIES: Final = """
import anyio, frontmatter, pluggy, pydantic, watchfiles, yaml
class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")
    a: str
    b: str
    c: tuple[str, ...] | None = None
    d: tuple[str, ...] = ()
    e: str = ""
    f: str | None = None
    g: int | None = None
    h: tuple[str, ...] = ()
    i: tuple[str, ...] = ()
    j: dict[str, str] | None = None
    k: str | None = None
    l: bool = False
    m: int | str | None = None
    n: str | None = None
    o: str | None = None
    p: str | None = None
"""
_HELP: Final = """
import sys
sys.argv = ["hotagents", "--help"]
from hotagents.__main__ import main
try:
    main()
except SystemExit:
    pass
"""
_TIMED: Final = (
    "import sys, time\nbegun = time.perf_counter()\n{program}\nprint(time.perf_counter() - begun, file=sys.stderr)"
)
_FLOOR: Final = "floor: direct dependencies, one model of 16 fields"
_PROGRAMS: Final = (
    (_FLOOR, _DEPENDENCIES, None),
    ("import hotagents", "import hotagents", 1.15),
    ("from hotagents import ConfigRegistry", "from hotagents import ConfigRegistry", 1.15),
    ("hotagents --help", _HELP, 2.0),
)
_NOTE: Final = (
    "The floor imports anyio, pluggy, pydantic, python-frontmatter, PyYAML and watchfiles, and makes one pydantic "
    "model of 16 fields. Each sample is a process of its own; the first rows are the seconds inside it, without the "
    "interpreter's start, the others those of the whole process."
)


def importing(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield the table."""
    rows = []
    for where, measure in (("", _inside), (", whole process", _outside)):
        for name, program, bar in _PROGRAMS:
            floor = "" if name == _FLOOR else _FLOOR + where
            rows.append(Row(name=name + where, sample=measure(program, place), floor=floor, bar=bar))
    rows.append(Row(name="floor of all: an empty program", sample=_outside("pass", place), floor=""))
    taken = sampled(rows, rounds=scale.heavy_rounds)
    yield timings("import", "Importing the package, and the help", _NOTE, rows, taken)


def _inside(program: str, place: Path) -> Callable[[], float]:
    timed = _TIMED.format(program=program)
    return lambda: float(_ran(timed, place).split()[-1])


def _outside(program: str, place: Path) -> Callable[[], float]:
    def sample() -> float:
        begun = time.perf_counter()
        _ran(program, place)
        return time.perf_counter() - begun

    return sample


def _ran(program: str, place: Path) -> str:
    command = [sys.executable, "-P", "-c", program]
    return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True, timeout=60).stderr
