"""Entry point: finds the subcommand, turns refusals into one line and an exit code."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Final, Never

import click

# No plug-in has a say in what a kind accepts; looking for one reads every installed package.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"

_COMMANDS: Final = {
    "apply": ("cli.apply:apply", "Serve what is wanted, through every gate."),
    "approvals": ("cli.approvals:approvals", "Say who must approve a change, and who did."),
    "approve": ("cli.approve:approve", "Sign your word about a change, a dataset or a version."),
    "audit": ("cli.audit:audit", "Judge again what is on the branch, after the merge."),
    "calibrate": ("cli.calibrate:calibrate", "Show how often the gates raise false alarms."),
    "check": ("cli.check:check", "Judge the declarations, data and runs of a repository."),
    "decide": ("cli.decide:decide", "Record the board's decision with its signed votes."),
    "demo": ("cli.demo:demo", "Create a repository with people and history to try all this on."),
    "drift": ("cli.drift:drift", "Say how far data have moved from a reference."),
    "erase": ("cli.erase:erase", "Erase one person's rows from every version, cache and remote."),
    "evidence": ("cli.evidence:evidence", "Pack everything that speaks for a version."),
    "explain": ("cli.explain:explain", "Say what a rule demands, or what a line of a file means."),
    "forge": ("cli.forge:forge", "Write CODEOWNERS and rulesets, or compare those in force."),
    "index": ("cli.generate:index", "Write models/index.yaml from contracts, landings and models."),
    "land": ("cli.land:land", "Check new data files and make them part of a dataset."),
    "lineage": ("cli.lineage:lineage", "Show what a model was made from, and where data went."),
    "new": ("cli.new:new", "Begin a contract or a model from a data file."),
    "obligations": ("cli.obligations:obligations", "List everything due, and what waits for it."),
    "pipeline": ("cli.generate:pipeline", "Write dvc.yaml as designed."),
    "plan": ("cli.plan:plan", "Say what is served, what is wanted, and what is in the way."),
    "policy": ("cli.policy:policy", "Try approval rules: test cases, impact, paths."),
    "privacy": ("cli.privacy:privacy", "Search for identifiers; try to undo pseudonyms."),
    "replay": ("cli.replay:replay", "Run a model again and hold it to its evidence."),
    "register": ("cli.register:register", "Register a reviewed model; store it once approved."),
    "registry": ("cli.registry:registry", "List, show, get, verify and clear the registry."),
    "retention": ("cli.retention:retention", "Say which rows are due to go; audit what is kept."),
    "retrain": ("cli.retrain:retrain", "Retrain what changed, and record how."),
    "review": ("cli.review:review", "Review a trained model, and sign what came out."),
    "rollback": ("cli.rollback:rollback", "Take a model back to the version before, at once."),
    "rules": ("cli.explain:list_rules", "List the rules."),
    "runs": ("cli.runs:runs", "List and compare every run that Git remembers."),
    "schemas": ("cli.generate:schemas", "Write the JSON Schemas of all kinds for editors."),
    "snapshot": ("cli.snapshot:snapshot", "Measure a window of a version in service."),
    "store": ("cli.store:store", "Look through the cache and the remotes: list, verify, sweep."),
    "verify": ("cli.verify:verify", "Check a pack of evidence with public keys only."),
    "verify-release": ("cli.verify_release:verify_release", "Say offline if a version may go out."),
}


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they run, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of all subcommands."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The subcommand of that name."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Names and purposes, without importing a single subcommand."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in sorted(_COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ml-charter", prog_name="charter")
def charter() -> None:
    """Govern machine-learning models from one Git repository.

    Models, datasets, retention windows and approvals are YAML; `charter retrain` runs the
    pipeline when data change; `charter check` judges what is declared and what ran.

    Exit codes: 0 in order, 1 findings, 2 could not judge.
    """


def main() -> None:
    """Runs the command; a refusal is one line and exit code 2, a traceback is a fault of ours."""
    from governance.finding import CouldNotJudge  # noqa: PLC0415 - after click has parsed nothing yet

    gc.set_threshold(50_000)  # most of what is read stays to the end: looking it through is waste
    try:
        _end(charter(standalone_mode=False) or 0)  # click hands back the code of an `Exit`
    except click.Abort:
        click.echo("charter: stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except CouldNotJudge as reason:
        click.echo(f"charter: {reason}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(141)
    except Exception:  # noqa: BLE001 - Python's own exit code 1 would say that findings were told
        from traceback import print_exc  # noqa: PLC0415

        print_exc()
        sys.exit(2)


def _end(code: int) -> Never:
    """Ends the process; without acts at once, for freeing a thousand declarations takes a while."""
    sys.stdout.flush()
    sys.stderr.flush()
    if "pipelines" in sys.modules:
        sys.exit(code)
    os._exit(code)
