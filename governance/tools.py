"""Tools whose reports count (`policies/approved_tools.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from governance.declaration import Part, Policy, Text


class Tool(Part):
    """One approved version of one tool."""

    name: Text
    """Distribution name."""
    version: Text
    """The version that was reviewed."""
    use: Literal["bias-detection", "identifier-detection"]
    """What it is approved for."""


class ApprovedTools(Policy):
    """Approved tools."""

    tools: Annotated[tuple[Tool, ...], Field(min_length=1)]
    """The tools, each with one version."""

    def approved(self, name: str, version: str, use: str) -> bool:
        """Whether this version of the tool may be used for `use`."""
        return any((t.name, t.version, t.use) == (name, version, use) for t in self.tools)
