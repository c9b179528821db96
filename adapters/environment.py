"""The one place that reads how the environment sets retention windows."""

from __future__ import annotations

import os

from governance.window import VARIABLE, Variables


def variables() -> Variables:
    """Every variable whose name begins as those that set a window do, whatever it holds."""
    return Variables({k: v for k, v in os.environ.items() if k.startswith(VARIABLE)})
