"""What is deployed comes with the package, and nothing strange does."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Final

import pytest

from hotagents_k8s_monitor import shipped

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = Path(shipped.__file__).parent
IS_INSTALLED: Final = (PACKAGE / "shipped").is_dir()


def below(directory: Path) -> dict[str, bytes]:
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*.*")}


def test_the_shipped_files_are_there() -> None:
    assert (shipped.config_dir() / "CLAUDE.md").is_file()
    assert shipped.manifest("deployment.yaml").startswith("apiVersion: apps/v1\n")
    assert "kind: Component" in shipped.manifest("projected/kustomization.yaml")


def test_the_recorded_incidents_are_there() -> None:
    assert len(list(shipped.recordings_dir().glob("*/*/expected.yaml"))) == 16


def test_a_manifest_that_is_not_shipped_is_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        shipped.manifest("statefulset.yaml")


@pytest.mark.skipif(not IS_INSTALLED, reason="the package is used from its source tree")
@pytest.mark.skipif(not (ROOT / "k8s").is_dir(), reason="the source tree is not beside the tests")
@pytest.mark.parametrize("name", ["config", "k8s", "recordings"])
def test_the_installed_files_are_those_of_the_source_tree(name: str) -> None:
    assert below(PACKAGE / "shipped" / name) == below(ROOT / name)


@pytest.mark.skipif(not IS_INSTALLED, reason="the package is used from its source tree")
def test_the_installed_distribution_holds_the_package_and_what_is_deployed_only() -> None:
    files = importlib.metadata.files("hotagents-k8s-monitor") or []
    own = [path for path in files if path.parts[0] == "hotagents_k8s_monitor" and "__pycache__" not in path.parts]
    others = {path.parts[0] for path in files if path.parts[0] != "hotagents_k8s_monitor"} - {".."}
    assert [other for other in others if not other.endswith(".dist-info")] == []
    recorded = [path for path in own if "recordings" in path.parts]
    assert {path.suffix for path in recorded} == {".gz", ".json", ".yaml"}
    others_of_ours = {path.suffix for path in own if path not in recorded and path.name != "py.typed"}
    assert others_of_ours <= {".md", ".py", ".yaml"}
    assert any(path.name == "py.typed" for path in own)
