"""What the environment says about retention windows."""

from __future__ import annotations

from adapters import environment
from governance.window import Variables


def variables() -> Variables:
    """Variables that set windows, as this process was given them."""
    return environment.variables()
