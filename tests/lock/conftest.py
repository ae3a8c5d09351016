from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def everywhere(no_thread_is_left: None) -> None:
    """Every test here leaves no thread."""
