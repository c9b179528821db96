"""Verdicts, exit codes, and what happens when a question cannot be answered."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from world import NOW, World, world

from adapters.tree import Entry
from checks import engine
from checks.collect import Collector, Situation
from checks.engine import Page, Rule
from checks.judgement import Judgement, RuleResult, worst
from governance.catalogue import Declarations
from governance.facts import DataBytes, Evidence, Files, Now
from governance.finding import (
    Blocked,
    CouldNotJudge,
    Finding,
    NotApplicable,
    Place,
    Verdict,
)

HERE = Path("/nowhere")
NO_PAGE = Page("", "", "", "")
Asked = Callable[[Files], Iterator[Finding | NotApplicable]]


def finding(verdict: Verdict = Verdict.FAIL, *route: str | int) -> Finding:
    return Finding(Place("policies/gates.yaml", route), "wrong", "mend it", verdict=verdict)


def asks(*answers: Finding | NotApplicable | Exception, name: str = "test/rule") -> Rule:
    """A rule that gives these answers, one after another."""

    def evaluate(files: Files) -> Iterator[Finding | NotApplicable]:
        del files
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            yield answer

    return Rule(name, evaluate, NO_PAGE, (Files,))


def judged(*rules: Rule, tree: World | None = None) -> Judgement:
    return engine.judge((tree or world()).collect(root=HERE), rules)


NOTHING = NotApplicable("nothing to see")
OUTCOMES = {
    "no answer": ((), "pass", 0),
    "a finding": ((finding(),), "fail", 1),
    "too few rows": ((finding(Verdict.INCONCLUSIVE),), "inconclusive", 1),
    "not measured": ((finding(Verdict.ERROR),), "error", 2),
    "nothing to judge": ((NOTHING,), "not applicable", 0),
    "nothing to judge in one place": ((NOTHING, finding()), "fail", 1),
    "the gravest counts": (
        (finding(), finding(Verdict.INCONCLUSIVE), finding(Verdict.ERROR)),
        "error",
        2,
    ),
    "a fact is missing": ((CouldNotJudge("no clock"),), "error", 2),
    "a declaration is broken": ((Blocked("policies/gates.yaml"),), "error", 1),
    "the rule breaks": ((ZeroDivisionError("division by zero"),), "error", 2),
    "the rule breaks after a finding": ((finding(), KeyError("x")), "error", 2),
    "the rule never ends": ((RecursionError("too deep"),), "error", 2),
}


@pytest.mark.parametrize(("answers", "verdict", "code"), OUTCOMES.values(), ids=OUTCOMES)
def test_an_answer_decides_verdict_and_exit_code(
    answers: tuple[Finding | NotApplicable | Exception, ...], verdict: str, code: int
) -> None:
    judgement = judged(asks(*answers))
    assert [result.verdict.value for result in judgement.results] == [verdict]
    assert judgement.exit_code == code


def test_only_two_verdicts_are_green() -> None:
    assert {v for v in Verdict if v.green} == {Verdict.PASS, Verdict.NOT_APPLICABLE}


def test_no_verdict_is_worse_than_error() -> None:
    everything = tuple(finding(verdict) for verdict in Verdict)
    assert worst(everything) is Verdict.ERROR
    assert worst(()) is Verdict.PASS


MIXTURES = {
    "green beside red": ((asks(), asks(finding())), 1),
    "red beside what waits": ((asks(finding()), asks(Blocked("x"))), 1),
    "what could not be judged outweighs red": ((asks(finding()), asks(CouldNotJudge("x"))), 2),
    "what waits alone": ((asks(), asks(Blocked("x"))), 1),
    "no rule at all": ((), 0),
}


@pytest.mark.parametrize(("rules", "code"), MIXTURES.values(), ids=MIXTURES)
def test_rules_decide_the_exit_code_together(rules: tuple[Rule, ...], code: int) -> None:
    assert judged(*rules).exit_code == code


def test_a_rule_that_breaks_says_so_and_the_others_are_judged() -> None:
    judgement = judged(asks(ValueError("boom"), name="a/a"), asks(finding(), name="a/b"))
    broken, other = judgement.results
    assert broken.reason == "the rule itself failed: ValueError: boom"
    assert not broken.waits
    assert other.verdict is Verdict.FAIL


def test_a_rule_that_waits_names_the_declaration() -> None:
    judgement = world().put("policies/roles.yaml", "people: [\n").judge()
    waiting = {result.rule: result.reason for result in judgement.results if result.waits}
    assert waiting == dict.fromkeys(
        (
            "approvals/cases",
            "approvals/decisions",
            "approvals/forge",
            "approvals/satisfiable",
            "attestations/machines",
            "attestations/valid",
            "datasets/confirmed",
            "declarations/owners",
            "declarations/references",
            "declarations/roles",
            "gates/thresholds",
            "registry/reviewed",
            "reviews/catalogue",
            "reviews/overdue",
            "runs/replayed",
        ),
        "waits for policies/roles.yaml",
    )
    assert {rule for rule, _ in judgement.findings} == {"declarations/loadable"}
    assert judgement.exit_code == 1


def test_a_rule_that_waits_for_a_missing_policy_says_that_it_is_missing() -> None:
    judgement = world().remove("policies/gates.yaml").judge(["gates/*", "declarations/present"])
    reasons = {result.reason for result in judgement.results if result.waits}
    assert reasons == {"waits for policies/gates.yaml is missing"}


def test_a_finding_points_at_the_line_of_its_route() -> None:
    (_, found), *_ = judged(asks(finding(Verdict.FAIL, "regression", "fairness"))).findings
    gates = world()
    assert found.at.line is not None
    assert gates.line(found.at.path, found.at.line).strip() == "fairness:"
    assert found.at.pointer == "/regression/fairness"
    assert found.at.column == 3


PLACES: dict[str, tuple[str, str | bytes | None, str, int | None]] = {
    "a key that is not there": ("policies/gates.yaml", None, "file", 1),
    "text that is no YAML": ("policies/gates.yaml", "a: [\n", "file", 1),
    "bytes that are no text": ("policies/gates.yaml", b"\xff\xfe", "file", 1),
    "an empty file": ("policies/gates.yaml", "", "file", 1),
    "ten thousand brackets": ("policies/gates.yaml", "[" * 10_000, "file", 1),
    "a symbolic link": ("policies/gates.yaml", "elsewhere.yaml", "symlink", 1),
    "a submodule": ("policies/gates.yaml", "", "submodule", 1),
}


@pytest.mark.parametrize(("path", "data", "mode", "line"), PLACES.values(), ids=PLACES)
def test_a_place_is_found_in_whatever_stands_there(
    path: str, data: str | bytes | None, mode: Any, line: int | None
) -> None:
    tree = world()
    if data is not None:
        tree.put(path, data, mode)
    (_, found), *_ = judged(asks(finding(Verdict.FAIL, "nowhere")), tree=tree).findings
    assert found.at.line == line


def test_a_submodule_is_never_read_for_a_line() -> None:
    """Git has no blob for it, a work tree has a folder: both refuse to be read."""

    class Strict(World):
        def read_many(self, paths: Any) -> Any:
            for path in paths:
                if self.entries()[path].mode == "submodule":
                    raise CouldNotJudge(path)
                yield path, self.files[path]

    tree = Strict(world().files)
    tree.put("policies/gates.yaml", "", "submodule")
    judgement = tree.judge()
    assert judgement.exit_code == 1
    assert {rule for rule, _ in judgement.findings} == {
        "declarations/loadable",
        "declarations/paths",
    }


def test_findings_stand_in_the_order_of_places() -> None:
    def at(path: str, line: int, column: int | None = None) -> Finding:
        return Finding(Place(path, (), line, column), "x", "y")

    mixed = [at("b", 2), at("b", 1, 9), at("a", 3), at("b", 1, 2)]
    told = [str(found.at) for _, found in judged(asks(*mixed)).findings]
    assert told == ["a:3", "b:1:2", "b:1:9", "b:2"]


CHOICES = {
    "one rule": (["gates/thresholds"], {"gates/thresholds"}),
    "a family": (["gates"], {"gates/stricter", "gates/thresholds"}),
    "a family with a star": (["gates/*"], {"gates/stricter", "gates/thresholds"}),
    "two names": (["gates/stricter", "runs/tools"], {"gates/stricter", "runs/tools"}),
    "a name twice": (["runs/tools", "runs/*", "runs/tools"], None),
    "nothing": ([], None),
}


@pytest.mark.parametrize(("only", "expected"), CHOICES.values(), ids=CHOICES)
def test_rules_are_chosen_by_name(only: list[str], expected: set[str] | None) -> None:
    chosen = [rule.id for rule in engine.select(only)]
    assert len(set(chosen)) == len(chosen)
    if expected is not None:
        assert set(chosen) == expected
    elif only:
        assert {name.split("/")[0] for name in chosen} == {"runs"}
    else:
        assert len(chosen) == len(engine.rules())


@pytest.mark.parametrize("name", ["gate", "gates/threshold", "*", "", "gates/thresholds/x", "/"])
def test_a_name_of_no_rule_is_refused(name: str) -> None:
    with pytest.raises(CouldNotJudge, match="no rule is called"):
        engine.select(["gates/thresholds", name])


class Unreadable(World):
    """A tree whose disk fails."""

    def read_many(self, paths: Any) -> Any:
        del paths
        raise OSError(5, "Input/output error", "policies")


class Broken(World):
    """A tree that trips over its own feet."""

    def entries(self) -> dict[str, Entry]:
        msg = "listing"
        raise RuntimeError(msg)


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        (Unreadable(world().files), "policies: Input/output error"),
        (Broken({}), "Files could not be collected: RuntimeError: listing"),
    ],
    ids=["a disk that fails", "a fault of ours"],
)
def test_a_fact_that_cannot_be_had_is_an_error(tree: World, reason: str) -> None:
    judgement = tree.judge(["declarations/paths", "runs/readable"])
    assert judgement.exit_code == 2
    assert reason in {result.reason for result in judgement.results}
    assert not judgement.findings


def test_a_fact_is_collected_once_for_all_rules() -> None:
    class Counting(World):
        listed = 0

        def entries(self) -> Any:
            Counting.listed += 1
            return super().entries()

    collector = Counting(world().files).collect(root=HERE)
    first = collector.get(Files)
    before = Counting.listed
    assert collector.get(Files) is first
    assert collector.attempt(Files) is first
    assert Counting.listed == before


def test_a_fact_that_failed_fails_again_without_another_try() -> None:
    collector = Broken({}).collect(root=HERE)
    first = collector.attempt(Declarations)
    assert isinstance(first, CouldNotJudge)
    with pytest.raises(CouldNotJudge) as again:
        collector.get(Declarations)
    assert again.value is first


def test_the_clock_is_what_the_shell_read() -> None:
    situation = Situation(root=HERE, tree=world(), now=NOW)
    assert Collector(situation).get(Now) == Now(NOW)


def test_data_are_not_hashed_when_a_revision_is_judged(tmp_path: Path) -> None:
    folder = tmp_path / "data/ml/training/loans"
    folder.mkdir(parents=True)
    (folder / "x.csv").write_bytes(b"x\n")
    tree = world()
    assert tree.collect(root=tmp_path).get(DataBytes).files
    tree.commit = "c" * 40
    assert not tree.collect(root=tmp_path).get(DataBytes).files
    situation = Situation(root=tmp_path, tree=world(), now=NOW, read_data=False)
    assert not Collector(situation).get(DataBytes).files


def test_evidence_that_does_not_fit_is_a_problem_and_no_fact() -> None:
    path = "artifacts/ml/last_retrain.json"
    for route, value in ((("started_at",), "yesterday"), (("exit_code",), 0.0)):
        found = world().set(path, route, value).collect(root=HERE).get(Evidence)
        assert path not in found.files
        assert path in found.broken


def test_a_docstring_is_read_as_a_page() -> None:
    page = engine.page(
        """A title.

        Demands: one thing,
            and another.
        Why: because of `a: b`.
        Fix: mend it.
        """
    )
    assert page == Page("A title.", "one thing, and another.", "because of `a: b`.", "mend it.")
    assert engine.page("Nothing more.") == Page("Nothing more.", "", "", "")


def test_every_provider_says_what_it_gives() -> None:
    from checks import facts  # noqa: PLC0415 - the module is read, not used

    for name, function in vars(facts).items():
        if inspect.isfunction(function) and function.__module__ == facts.__name__:
            assert "return" in function.__annotations__, name
            if not name.startswith("_"):
                assert function.__doc__, name


def test_a_judgement_counts_rules_by_verdict() -> None:
    judgement = judged(asks(), asks(finding()), asks(NOTHING))
    assert judgement.counts == {Verdict.PASS: 1, Verdict.FAIL: 1, Verdict.NOT_APPLICABLE: 1}
    assert isinstance(judgement.results[0], RuleResult)
