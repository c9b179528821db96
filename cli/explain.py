"""`charter rules` and `charter explain`: the pages of the rules, and the meaning of a line."""

from __future__ import annotations

import re
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from checks import engine
from checks.collect import Collector
from checks.formats import text
from cli.situate import situate
from governance import catalogue, declaration, document
from governance.finding import CouldNotJudge, Route


@click.command("rules")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def list_rules(form: str) -> None:
    """List the rules by family, with what each demands in one line."""
    found = engine.rules()
    if form == "json":
        from governance import jsontext  # noqa: PLC0415

        pages = [{"id": rule.id, **asdict(rule.page)} for rule in found]
        click.echo(jsontext.dump(pages).decode(), nl=False)
        return
    width = max(len(rule.id) for rule in found)
    for rule in found:
        click.echo(f"{rule.id:<{width}}  {rule.page.title}")


@click.command()
@click.argument("what", metavar="RULE|FILE[:LINE]")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
def explain(what: str, repo: Path) -> None:
    """Say what a rule demands, or what a file or one of its lines means and what is wrong there."""
    rule = next((rule for rule in engine.rules() if rule.id == what), None)
    if rule is not None:
        click.echo(f"{rule.id}: {rule.page.title}\n")
        for title in ("demands", "why", "fix"):
            body = textwrap.fill(getattr(rule.page, title), 92, subsequent_indent="  ")
            click.echo(f"{title.capitalize()}: {body}")
        return
    match = re.fullmatch(r"(.+?)(?::(\d+))?(?::\d+)?", what)
    path, line = (match[1], int(match[2]) if match[2] else None) if match else (what, None)
    _explain_file(path, line, repo)


def _explain_file(path: str, line: int | None, repo: Path) -> None:
    situation = situate(repo)
    if path not in situation.tree.entries():
        msg = f"{path} is neither a rule nor a file here; `charter rules` lists the rules"
        raise CouldNotJudge(msg)
    kind = catalogue.kind_of(path)
    if kind is None:
        click.echo(f"{path} holds no declaration")
    else:
        about = (kind.model.__doc__ or "See the standard.").strip().splitlines()[0]
        click.echo(f"{path}: {kind.name}. {about}")
        loaded, _ = document.load(path, situation.tree.read(path))
        if line is not None and loaded is not None:
            _explain_line(kind.model, loaded, line)
        elif line is None:
            meanings = declaration.meanings(kind.model)
            for name in declaration.fields(kind.model):
                click.echo(f"  {name}: {meanings.get(name, 'see the standard')}")
    judgement = engine.judge(Collector(situation), engine.rules())
    for rule, found in judgement.findings:
        if found.at.path == path and (line is None or found.at.line == line):
            click.echo()
            click.echo("\n".join(text.finding(rule, found)))


def _explain_line(model: type[Any], loaded: document.Document, line: int) -> None:
    for route in _routes(loaded.value, ()):
        if route and loaded.place(route).line == line:
            owner = next(iter(declaration.models_at(model, route[:-1])), None)
            meaning = declaration.meanings(owner).get(str(route[-1])) if owner else None
            above = ".".join(map(str, route[:-1]))
            otherwise = f"an entry of {above}" if above else "see the standard"
            click.echo(f"  {'.'.join(map(str, route))}: {meaning or otherwise}")


def _routes(value: Any, route: Route) -> list[Route]:
    found = [route]
    if isinstance(value, dict):
        for key, child in value.items():
            found += _routes(child, (*route, key))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            found += _routes(child, (*route, number))
    return found
