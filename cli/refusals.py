"""How commands that act tell what they refuse, and what they do while they do it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click

from governance.finding import CouldNotJudge
from pipelines.inputs import Refused


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Prints a refusal and ends with exit code 1.

    Raises:
        CouldNotJudge: a file could not be read or written.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        msg = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise CouldNotJudge(msg) from None
    except Refused as refusal:
        click.echo(str(refusal), err=True)
        raise click.exceptions.Exit(1) from None
