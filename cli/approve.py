"""`charter approve`: one person's signed word about a change, a dataset or a version."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from checks.formats.text import clean
from cli.refusals import told
from cli.situate import moment
from cli.target import Target, matter, others, outline, resolve
from governance import digest, seats
from governance.changeset import CHANGE
from governance.seats import Wanted
from pipelines.append import commit
from pipelines.approve import (
    Draft,
    Said,
    Word,
    about,
    draft,
    find_role,
    find_signer,
    refuse_reason,
    said_already,
    sign,
    spoken,
)
from pipelines.inputs import Refused

_VERBS: dict[Said, str] = {
    "approve": "Approve",
    "reject": "Object to",
    "withdraw": "Withdraw the word on",
    "break-glass": "Break the glass for",
}


@click.command()
@click.argument("subject")
@click.option("--role", metavar="ROLE", help="The role you speak in; may be left out if clear.")
@click.option("--because", required=True, metavar="TEXT", help="Why; it is part of what is signed.")
@click.option("--reject", is_flag=True, help="Object.")
@click.option("--withdraw", is_flag=True, help="Take back what you said before.")
@click.option("--break-glass", is_flag=True, help="Override in an emergency.")
@click.option("--key", type=click.Path(path_type=Path), help="Your key; default: Git's, or ~/.ssh.")
@click.option("--as", "person", metavar="PERSON", help="Who you are, if a key is of several.")
@click.option("--base", metavar="REV", help="Whose people and keys count, for no change.")
@click.option("--branch", metavar="NAME", help="The branch it is for, where that is not clear.")
@click.option("--again", is_flag=True, help="Sign anew though the same word is recorded.")
@click.option("--force", is_flag=True, help="Sign though it will not count.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before signing.")
@click.option("--commit", "keep", is_flag=True, help="Commit the record, and nothing else.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Sign as of this moment.")
@click.option("--dry-run", is_flag=True, help="Show what would be signed.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to report.",
)
def approve(  # noqa: PLR0913 - one argument per option
    *, subject: str, role: str | None, because: str, reject: bool, withdraw: bool,
    break_glass: bool, key: Path | None, person: str | None, base: str | None, branch: str | None,
    again: bool, force: bool, yes: bool, keep: bool, repo: Path, now: str | None, dry_run: bool,
    form: str,
) -> None:  # fmt: skip
    """Sign your word about SUBJECT and record it in records/approvals.

    SUBJECT is a change (main..HEAD), a dataset (dataset:NAME) or a version (model:NAME@VERSION),
    always as committed. Your key has to stand in policies/roles.yaml of the base.
    """
    says = _said(reject=reject, withdraw=withdraw, break_glass=break_glass)
    with told():
        at = moment(now).replace(microsecond=0)
        target = resolve(repo, subject, base=base, branch=branch, now=now)
        case = matter(target)
        _refuse_words(target, says, because, keep=keep)
        wanted = _wanted(target)
        day = at.date()
        signer = find_signer(
            target.root, target.roles, day, base=target.base_name, key=key, person=person
        )
        who = signer.person
        usable = _usable(who, target, wanted, says)
        word = Word(find_role(role, who, target.roles, day, usable), says, because, at)
        heard = said_already(spoken(target.root, case, at), who, word, target.digest)
        if heard is not None and not again:
            _report(form, target, word, who, heard.source, written=False)
            return
        doubts = tuple(
            seats.doubts(
                who, word.role, says, wanted, roles=target.roles, policy=target.policy, day=day,
                tally=target.tally,
            )
        )  # fmt: skip
        made = draft(target.root, case, who, word)
        for line in _preview(target, word, who, wanted, doubts):
            click.echo(clean(line), err=form == "json")
        if doubts and says != "reject" and not force:
            msg = "not signed: it would not count"
            raise Refused(f"{msg}\n  fix: see above, or sign all the same with --force")
        if dry_run:
            _report(form, target, word, who, made.path, written=False, doubts=doubts, dry=True)
            return
        if sys.stdin.isatty() and not yes:
            click.confirm(f"sign with {signer.path or signer.public}?", abort=True, err=True)
        sign(target.root, made, signer, at)
        message = f"{_VERBS[says]} {about(target.subject, target.digest)} as {word.role}"
        done = commit(target.root, made.path, message) if keep else None
        _report(form, target, word, who, made.path, written=True, doubts=doubts, commit_id=done)
        if done is None and form == "text":
            click.echo(f"next: {_next(made, message)}")


def _said(*, reject: bool, withdraw: bool, break_glass: bool) -> Said:
    chosen: dict[Said, bool] = {
        "reject": reject, "withdraw": withdraw, "break-glass": break_glass
    }  # fmt: skip
    found = [said for said, asked in chosen.items() if asked]
    if len(found) > 1:
        msg = f"one of {', '.join(f'--{said}' for said in found)}, not several"
        raise click.UsageError(msg)
    return found[0] if found else "approve"


def _refuse_words(target: Target, said: Said, because: str, *, keep: bool) -> None:
    refuse_reason(because)
    if said == "break-glass" and target.subject != CHANGE:
        msg = f"the glass is broken for a change, not for {target.subject}\n  fix: main..HEAD"
        raise Refused(msg)
    if keep and not target.here:
        msg = (
            f"{target.spelled} is not checked out here, so --commit would reach another branch\n"
            "  fix: check it out, or leave out --commit and take the record there"
        )
        raise Refused(msg)


def _wanted(target: Target) -> tuple[Wanted, ...]:
    if target.tally is not None:
        return seats.of_change(target.tally, target.policy)
    return seats.of_subject(target.subject, target.policy)


def _usable(who: str, target: Target, wanted: tuple[Wanted, ...], said: Said) -> tuple[str, ...]:
    held = target.roles.held_by(who, target.situation.now.date())
    if said == "break-glass" and target.policy.break_glass is not None:
        asked = {seat.role for seat in target.policy.break_glass.require}
        return tuple(role for role in held if role in asked)
    return seats.usable(held, wanted)


def _preview(
    target: Target, word: Word, who: str, wanted: tuple[Wanted, ...], doubts: tuple[str, ...]
) -> Iterator[str]:
    """What is about to be signed."""
    yield f"{target.spelled}: {about(target.subject, target.digest)}, for {target.branch}"
    yield from (f"  {line}" for line in outline(target))
    for rule in wanted:
        if word.role in {*rule.roles, *rule.veto}:
            yield f"{rule.rule} wants {_seats(rule, word.role)}"
    yield f"{who} as {word.role} says {word.said}: {word.because}"
    if target.here and (left := others(target)):
        yield f"note: {len(left)} files are not committed and no part of it"
    if not target.here:
        yield f"note: {target.spelled} is not checked out here: the record belongs on its branch"
    yield from (f"will not count: {doubt}" for doubt in doubts)


def _seats(rule: Wanted, role: str) -> str:
    if rule.demand is None:
        return ", ".join(f"{s.label} ({s.count})" for s in rule.slots if role in s.roles)
    mine = {slot.label for slot in rule.slots if role in slot.roles}
    asked = [
        f"{seat.label} ({len(seat.filled)} of {seat.needed})"
        for seat in rule.demand.seats
        if seat.label in mine
    ]
    return f"{', '.join(asked) or f'no objection of {role}'}; now {rule.demand.standing}"


def _next(made: Draft, message: str) -> str:
    path = shlex.quote(made.path)
    return f"git add {path} && git commit -m {shlex.quote(message)} -- {path}"


def _report(  # noqa: PLR0913 - the fields of the answer
    form: str, target: Target, word: Word, who: str, path: str, *, written: bool,
    doubts: tuple[str, ...] = (), dry: bool = False, commit_id: str | None = None,
) -> None:  # fmt: skip
    if form == "json":
        value = {
            "subject": target.subject, "digest": target.digest, "base": target.base,
            "branch": target.branch, "by": who, "role": word.role, "said": word.said,
            "because": word.because, "at": f"{word.at:%Y-%m-%dT%H:%M:%SZ}", "record": path,
            "written": written, "dry_run": dry, "doubts": list(doubts), "commit": commit_id,
        }  # fmt: skip
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    elif dry:
        click.echo("dry run: nothing was signed")
    elif not written:
        click.echo(f"already recorded: {path}")
    else:
        click.echo(f"signed {digest.short(target.digest)}; record: {path}")
        if commit_id:
            click.echo(f"committed as {commit_id[:12]}")
