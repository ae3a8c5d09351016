"""What operators use beside a registry: leaves that nothing in the core imports."""

from __future__ import annotations

__all__: list[str] = []
