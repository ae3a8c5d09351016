"""The configuration as a runner is given it: texts in, a generation, a policy or a refusal out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, InvalidConfigError
from hotagents_k8s_monitor.plugin import DOCUMENTS, SPECS
from hotagents_k8s_monitor.policy import Policy
from hotagents_k8s_monitor.shipped import config_dir

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Diagnostic

AGENT = "---\nname: {name}\ndescription: text\n{keys}---\nPrompt.\n"


def file_of(name: str) -> str:
    """The path of a document or an agent."""
    return name if name.endswith(".md") else f"agents/{name}.md"


def text_of(name: str, keys: str, body: str = "") -> str:
    """A file with these keys: the first of them stands on line 3 of CLAUDE.md, and on line 4 of an agent."""
    if name == "CLAUDE.md":
        return f"---\ncluster: demo\n{keys}---\n{body}"
    return AGENT.format(name=name, keys=keys)


def loaded(files: dict[str, str]) -> ConfigRegistry[Any]:
    """Files over the shipped ones."""
    root = config_dir()
    all_files = {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in root.rglob("*.md")}
    return ConfigRegistry.fixed(all_files | files, spec=SPECS, documents=DOCUMENTS)


@pytest.fixture
def policy_of() -> Callable[..., Policy]:
    """Return the policy that some keys of one file make, beside the shipped files."""

    def make(name: str = "CLAUDE.md", keys: str = "", *, body: str = "") -> Policy:
        with loaded({file_of(name): text_of(name, keys, body)}) as registry:
            return Policy.of(registry.current)

    return make


@pytest.fixture
def refusals() -> Callable[..., list[Diagnostic]]:
    """Return the errors for which some keys of one file are refused."""

    def refuse(name: str, keys: str) -> list[Diagnostic]:
        with pytest.raises(InvalidConfigError) as refused:
            loaded({file_of(name): text_of(name, keys)}).close()
        return [said for said in refused.value.diagnostics if said.severity == "error"]

    return refuse
