"""What all tests share."""

from __future__ import annotations

import pytest
from repositories import bare, landed, ran, shared, still, trained
from world import World, world


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def valid() -> World:
    """A copy of the valid world."""
    return world()


__all__ = ["bare", "landed", "ran", "shared", "still", "trained", "valid"]
"""The fixtures, those of `repositories.py` among them."""
