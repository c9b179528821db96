"""`charter approve`: one person's signed word about a change, a dataset or a version."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from adapters import git
from checks.formats.text import clean
from cli.fitness import unfit
from cli.refusals import told
from cli.situate import moment
from cli.target import Target, heard, matter, others, outline, resolve
from governance import digest, seats
from governance.changeset import CHANGE, Opinion
from governance.seats import Wanted
from pipelines.append import commit
from pipelines.approve import (
    Said,
    Signer,
    Word,
    about,
    draft,
    find_role,
    find_signer,
    refuse_idle,
    refuse_reason,
    said_already,
    sign,
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
        message = f"{_VERBS[says]} {about(target.subject, target.digest)} as {word.role}"
        said = heard(target, at)
        before = said_already(said, who, word, target.digest)
        if before is not None and not again:
            _again(form, target, word, before, message, keep=keep, dry=dry_run)
            return
        if says == "withdraw":
            refuse_idle(said, who, target.spelled, target.roles, target.policy, day)
        doubts = tuple(
            seats.doubts(
                who, word.role, says, wanted, roles=target.roles, policy=target.policy, day=day,
                tally=target.tally,
            )
        )  # fmt: skip
        refusal = "it would not count"
        if says == "approve" and not doubts:
            doubts, refusal = tuple(unfit(target)), f"{target.spelled} is not in order"
        made = draft(target.root, case, who, word)
        for line in _preview(target, word, who, wanted, doubts):
            click.echo(clean(line), err=form == "json")
        if doubts and says != "reject" and not force:
            msg = f"not signed: {refusal}"
            raise Refused(f"{msg}\n  fix: see above, or sign all the same with --force")
        if dry_run:
            _report(form, target, word, who, made.path, written=False, doubts=doubts, dry=True)
            return
        if not yes:
            _ask(signer)
        sign(target.root, made, signer, at)
        done = commit(target.root, made.path, message) if keep else None
        _report(form, target, word, who, made.path, written=True, doubts=doubts, commit_id=done)
        if done is None and form == "text":
            click.echo(f"next: {_next(made.path, message)}")


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
    if keep and not target.within:
        if target.landed:
            msg = f"the record belongs on {target.branch}, which holds {target.spelled} already"
            raise Refused(f"{msg}\n  fix: git switch {target.branch}, or leave out --commit")
        msg = (
            f"{target.spelled} is not checked out here, so --commit would reach another branch\n"
            "  fix: check it out, or leave out --commit and take the record there"
        )
        raise Refused(msg)


def _again(  # noqa: PLR0913 - the fields of the answer
    form: str, target: Target, word: Word, before: Opinion, message: str, *, keep: bool, dry: bool
) -> None:  # fmt: skip
    """Reports a word that is recorded, and commits its record where that was left undone.

    Raises:
        Refused: it was said for another reason.
    """
    path = before.source
    if before.rationale != word.because:
        msg = f"already recorded with another reason; --again signs anew: {path}"
        raise Refused(f"{msg}\n  there: {clean(before.rationale)}")
    loose = path in git.changed(target.root)
    done = commit(target.root, path, message) if loose and keep and not dry else None
    if form == "json":
        who = before.who
        _report(form, target, word, who, path, written=False, dry=dry, commit_id=done)
        return
    dried = "; dry run: nothing was signed" if dry else ""
    if done is not None:
        click.echo(f"already recorded; committed as {done[:12]}: {path}")
    elif loose:
        click.echo(f"already recorded, not committed yet: {path}{dried}")
        click.echo(f"next: {_next(path, message)}")
    else:
        click.echo(f"already recorded: {path}{dried}")


def _ask(signer: Signer) -> None:
    """Nothing; the person agreed at the terminal.

    Raises:
        Refused: they did not, or there is no terminal.
    """
    if not sys.stdin.isatty():
        msg = "not signed: no terminal can ask\n  fix: give --yes to sign without being asked"
        raise Refused(msg)
    if not click.confirm(f"sign with {signer.path or signer.public}?", err=True):
        msg = "not signed"
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
    if target.landed:
        yield f"note: {target.branch} holds it already: the record belongs on {target.branch}"
    elif not target.here:
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


def _next(record: str, message: str) -> str:
    path = shlex.quote(record)
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
    else:
        click.echo(f"signed {digest.short(target.digest)}; record: {path}")
        if commit_id:
            click.echo(f"committed as {commit_id[:12]}")
