"""Puts the harness at the end of the search path, as ``run.py`` does."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
