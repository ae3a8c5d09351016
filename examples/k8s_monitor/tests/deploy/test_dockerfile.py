"""The Dockerfile copies what exists, and the pod runs what it installs as whom it says."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Final

import pytest
import yaml

from hotagents_k8s_monitor.shipped import manifest

EXAMPLE: Final = Path(__file__).resolve().parents[2]
ROOT: Final = EXAMPLE.parents[1]

pytestmark = pytest.mark.skipif(not (EXAMPLE / "Dockerfile").exists(), reason="no checkout beside the tests")


def instructions(name: str) -> list[str]:
    lines = (EXAMPLE / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    return [line.partition(" ")[2] for line in lines if line.startswith(f"{name} ")]


def test_what_is_copied_exists_and_is_enough_for_both_builds() -> None:
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    assert [source for source in sorted(copied) if not (ROOT / source).exists()] == []
    assert copied == {"pyproject.toml", "README.md", "LICENSE", "hotagents", "examples/k8s_monitor"}


def test_the_base_is_a_plain_name_with_a_python_that_is_supported() -> None:
    bases = {line.split()[0] for line in instructions("FROM")}
    (base,) = bases
    found = re.fullmatch(r"python:(\d+)\.(\d+)-slim", base)
    assert found
    wanted = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert (int(found[1]), int(found[2])) >= tuple(map(int, re.findall(r"\d+", wanted)))


def test_the_image_starts_the_command_of_the_distribution_as_the_user_of_the_pod() -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (entry,) = instructions("ENTRYPOINT")
    (command,) = json.loads(entry)
    assert command in project["scripts"]
    spec = yaml.safe_load(manifest("deployment.yaml"))["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert container["livenessProbe"]["exec"]["command"] == [command, "alive"]
    assert "command" not in container
    context = spec["securityContext"]
    assert instructions("USER") == [f"{context['runAsUser']}:{context['runAsGroup']}"]
    assert container["image"].endswith(f":{project['version']}")
