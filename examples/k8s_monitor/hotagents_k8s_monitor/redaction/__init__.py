"""What must not leave a cluster: left out of recordings, by its place and by its look."""

from __future__ import annotations

from hotagents_k8s_monitor.redaction.objects import Names, Redactor
from hotagents_k8s_monitor.redaction.secrets import HIDDEN, redacted

__all__ = ["HIDDEN", "Names", "Redactor", "redacted"]
