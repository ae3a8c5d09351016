"""What the project promises about itself: its shell runs what exists, its exports are whole, importing it is cheap."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

import hotagents
import hotagents_k8s_monitor
from hotagents.diagnostics import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = Path(hotagents.__file__).parent
EXAMPLE: Final = Path(hotagents_k8s_monitor.__file__).parent
SECOND: Final = ROOT / "examples/agent_sdk_runner/hotagents_agent_sdk_runner"  # installed by `nox -s adapters` alone
MODULES: Final = sorted([*PACKAGE.rglob("*.py"), *EXAMPLE.rglob("*.py"), *SECOND.rglob("*.py")])
TEST_COMMAND: Final = "python -m pip install nox && nox -s tests"
DEMO_COMMAND: Final = 'python -m pip install ".[cli]" ./examples/k8s_monitor && hotagents demo'
LINES: Final = 400
HEAVY: Final = {"anthropic", "kubernetes", "prometheus_client", "pytest", "rich", "starlette", "typer", "uvicorn"}

in_a_checkout = pytest.mark.skipif(
    not all((ROOT / name).exists() for name in ("noxfile.py", ".ci/run", "hotagents")),
    reason="no checkout: the project's own files are not beside the tests",
)
every_module = pytest.mark.parametrize(
    "module",
    MODULES,
    ids=lambda path: next(
        path.relative_to(root).as_posix()
        for root in (PACKAGE, EXAMPLE.parent, SECOND.parent)
        if path.is_relative_to(root)
    ),
)
what_a_host_imports = pytest.mark.parametrize("module", ["hotagents", "hotagents_k8s_monitor.plugin"])


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sessions() -> set[str]:
    tree = ast.parse(text_of("noxfile.py"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name for node in functions if any("nox.session" in ast.unparse(mark) for mark in node.decorator_list)}


def asked_of_nox(text: str) -> set[str]:
    found = re.findall(r"\bnox (?:-R )?-s ((?:[a-z_]+(?:-[\d.]+t?)?[ ]?)+)", text)
    return {re.sub(r"-[\d.]+t?$", "", name) for names in found for name in names.split()}


def jobs(workflow: Path) -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()


def run_by(job: dict[str, Any]) -> set[str]:
    commands = "\n".join(step.get("run", "") for step in job["steps"])
    matrix = job.get("strategy", {}).get("matrix", {}).get("session", [])
    return asked_of_nox(commands) | (set(matrix) if "nox -s ${{ matrix.session }}" in commands else set())


@in_a_checkout
def test_every_workflow_runs_only_sessions_that_exist_on_machines_that_may_only_read() -> None:
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    assert workflows
    for workflow in workflows:
        assert yaml.safe_load(workflow.read_text(encoding="utf-8"))["permissions"] == {"contents": "read"}
        asked = set().union(*map(run_by, jobs(workflow)))
        assert asked, workflow.name
        assert asked <= sessions(), workflow.name


@in_a_checkout
def test_continuous_integration_runs_every_session_that_gates_a_change() -> None:
    gates = {"bench", "demo", "docs", "lint", "package", "rules", "stress", "tests", "types"}
    assert gates <= sessions()
    assert gates <= set().union(*map(run_by, jobs(ROOT / ".github/workflows/ci.yml")))
    assert asked_of_nox(text_of(".ci/run")) == gates


@in_a_checkout
@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        ".pre-commit-config.yaml",
        "examples/agent_sdk_runner/README.md",
        "examples/k8s_monitor/README.md",
    ],
)
def test_a_session_that_is_named_to_people_exists(page: str) -> None:
    assert asked_of_nox(text_of(page)) <= sessions()


def test_sessions_are_recognised_in_a_shell_command() -> None:
    assert asked_of_nox("nox -s tests") == {"tests"}
    assert asked_of_nox("pip install nox && nox -R -s lint types -- -x; nox -s tests_all-3.14t\nls") == {
        "lint",
        "tests_all",
        "types",
    }


@in_a_checkout
def test_the_two_commands_of_the_readme_are_the_ones_that_are_tried() -> None:
    readme = text_of("README.md")
    assert DEMO_COMMAND in readme
    assert TEST_COMMAND in readme
    assert TEST_COMMAND in text_of(".ci/run")
    assert TEST_COMMAND in text_of(".github/workflows/ci.yml")


@in_a_checkout
@pytest.mark.skipif(os.name != "posix", reason="files have no executable bit here")
def test_the_script_of_continuous_integration_can_be_executed() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)


@in_a_checkout
def test_the_version_is_one_and_the_change_log_speaks_of_it() -> None:
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert hotagents.__version__ == version
    assert re.search(rf"^## \[(?:Unreleased|{re.escape(version)})\]", text_of("CHANGELOG.md"), re.MULTILINE)


def test_the_installed_distribution_has_the_version_of_the_package() -> None:
    try:
        installed = importlib.metadata.version("hotagents")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("run from a source tree that is not installed")
    assert installed == hotagents.__version__


@in_a_checkout
def test_every_diagnostic_code_is_on_its_reference_page() -> None:
    page = text_of("docs/reference/diagnostics.md")
    assert [code for code in CODES if f"`{code}`" not in page] == []


@what_a_host_imports
def test_importing_it_imports_nothing_heavy(module: str, tmp_path: Path) -> None:
    program = f"import {module}, sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=45, check=True
    )
    imported = set(done.stdout.split())
    assert "hotagents" in imported
    assert imported & HEAVY == set()


def test_the_command_line_imports_no_server_and_no_metrics_before_they_are_asked_for(tmp_path: Path) -> None:
    program = "import hotagents.cli, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=45, check=True
    )
    assert set(done.stdout.split()) & (HEAVY - {"rich", "typer"}) == set()


@what_a_host_imports
def test_importing_it_starts_no_thread(module: str, tmp_path: Path) -> None:
    program = f"import {module}, threading; print(threading.active_count())"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=45, check=True
    )
    assert done.stdout.split() == ["1"]


def exported(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name("__all__")], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name("__all__"), value=ast.expr() as value)
            ):
                names: list[str] = ast.literal_eval(value)
                return names
    return None


def defined(tree: ast.Module) -> set[str]:
    """Public classes and functions; constants and aliases may be public to the package alone."""
    named = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node.name for node in named if not node.name.startswith("_")}


def in_order(names: list[str]) -> list[str]:
    """CONSTANTS, then Classes, then functions: the order that the linter sorts by."""
    return sorted(names, key=lambda name: (0 if name.isupper() else 1 if name[0].isupper() else 2, name))


@every_module
def test_a_module_exports_what_it_defines_in_order(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    names = exported(tree)
    assert names is not None, "it has no __all__"
    assert names == in_order(names)
    assert defined(tree) - set(names) == set()


def test_the_package_exports_every_name_from_where_type_checkers_find_it() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    homes = {alias.name: node.module for node in imports for alias in node.names}
    assert set(hotagents.__all__) == set(homes)
    assert homes == hotagents._HOMES
    assert set(homes) <= set(dir(hotagents))
    for name, home in homes.items():
        assert home is not None
        assert getattr(hotagents, name) is getattr(importlib.import_module(home), name)
    with pytest.raises(AttributeError, match="no attribute 'Registry'"):
        hotagents.Registry  # type: ignore[attr-defined]  # noqa: B018 - that is the point


@every_module
def test_a_module_is_short_enough_to_be_read_at_once(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) < LINES
