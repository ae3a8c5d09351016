"""Each scenario fails once its guard is taken away: that is what makes it a test."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
NUMBERS: Final = [f"s{number:02}" for number in range(1, 56)]
# Of what is not built yet: number and reason.
NOT_YET: Final[Mapping[str, str]] = {}
# How a claim or a wait fails; anything else is a test that broke, not one that found something.
FAILURES: Final = ("AssertionError", "assert ", "TimeoutError", "_queue.Empty", "Failed: DID NOT RAISE")
_NAME: Final = re.compile(r"test_(s\d\d)_")


def sabotages() -> Mapping[str, Any]:
    found: Mapping[str, Any] = runpy.run_path(str(HERE / "sabotages.py"))["SABOTAGES"]
    return found


def scenarios() -> dict[str, list[str]]:
    """Names of the tests by number."""
    found = defaultdict(list)
    for file in HERE.glob("test_*.py"):
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            if number := _NAME.match(name):
                found[number[1]].append(name)
    return found


def test_every_scenario_has_a_test_and_a_sabotage() -> None:
    assert sorted(scenarios()) == [number for number in NUMBERS if number not in NOT_YET]
    assert sorted(sabotages()) == sorted(scenarios())
    reasons = [sabotage.why for sabotage in sabotages().values()] + list(NOT_YET.values())
    assert all(reasons)


def results(directory: Path) -> dict[str, tuple[str, str]]:
    """Run every scenario without its guard; return what became of each test, and the first line of why."""
    report = directory / "report.xml"
    command = [sys.executable, "-m", "pytest", str(HERE), f"--ignore={__file__}", "--sabotage", f"--junitxml={report}"]
    # Threads that die and descriptors that stay open are what some sabotages do; a hang must not end the whole run.
    command += ["-q", "--tb=line", "-p", "no:cacheprovider", "-p", "no:threadexception", "-p", "no:unraisableexception"]
    command += ["--runxfail", "--timeout=30", "-o", "timeout_method=signal", f"--basetemp={directory / 'tests'}"]
    own = ("PYTEST_", "COV_", "COVERAGE_")  # lines that run without their guards are not covered
    environment = {name: text for name, text in os.environ.items() if not name.startswith(own)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout[-5000:] + done.stderr[-2000:]
    found = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written by the run above
        outcome = next(iter(case), None)
        kind, message = ("passed", "") if outcome is None else (outcome.tag, outcome.get("message", ""))
        found[f"{case.get('name')}"] = (kind, message.partition("\n")[0])
    return found


@pytest.mark.timeout(240)
@pytest.mark.skipif(sys.platform != "linux", reason="some scenarios are Linux's alone")
def test_every_scenario_fails_under_its_own_sabotage(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--sabotage", default=False):
        pytest.skip("this is the run under sabotage")
    found = results(tmp_path)
    run = {name.partition("[")[0] for name in found}
    assert run == {name for names in scenarios().values() for name in names}
    expected = {name: why for name, why in found.items() if why[0] != "failure" or not why[1].startswith(FAILURES)}
    assert expected == {}
