"""GitHub as a forge."""

from adapters.github.client import API
from adapters.github.forge import GitHub

__all__ = ["API", "GitHub"]
