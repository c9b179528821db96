"""Flags, manifests and calendars say what the pointer and the obligations say."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import argo, flagd, ics, serving
from governance.due import Due
from governance.finding import Place
from governance.release import Release, ReleaseStep, Rollout
from governance.serving import Serving

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DIGESTS = {"1.0.0": f"sha256:{'a' * 64}", "0.9.0": f"sha256:{'b' * 64}"}
IMAGE = f"registry.example/inference@sha256:{'c' * 64}"
RELEASE = Release.model_construct(
    steps=(
        ReleaseStep(id="canary", stage="staging", exposure=0.1, soak="P1D"),
        ReleaseStep(id="limited", stage="production", exposure=0.25, soak="P3D"),
        ReleaseStep(id="full", stage="production", exposure=1.0, soak="P7D"),
    )
)


def pointer(step: str, back: str | None = "0.9.0") -> Serving:
    rollout = Rollout(model="credit_risk", version="1.0.0", step=step, rollback_to=back)
    return Serving(
        model="credit_risk", version="1.0.0", step=step, move="advance", at=NOW,
        stages=serving.stages(RELEASE, rollout, DIGESTS),
    )  # fmt: skip


@pytest.mark.parametrize(("step", "back", "staging", "production"), [
    ("canary", "0.9.0", {"1.0.0": 0.1, "0.9.0": 0.9}, {"0.9.0": 1.0}),
    ("limited", "0.9.0", {"1.0.0": 1.0}, {"1.0.0": 0.25, "0.9.0": 0.75}),
    ("full", "0.9.0", {"1.0.0": 1.0}, {"1.0.0": 1.0}),
    ("canary", None, {"1.0.0": 0.1}, {}),
    ("limited", None, {"1.0.0": 1.0}, {"1.0.0": 0.25}),
])  # fmt: skip
def test_shares_by_step(
    step: str, back: str | None, staging: dict[str, float], production: dict[str, float]
) -> None:
    found = {
        stage: {one.version: one.share for one in slices}
        for stage, slices in pointer(step, back).stages.items()
    }
    assert found == {"staging": staging, "production": production}


def test_a_pointer_is_read_as_it_was_written() -> None:
    found = pointer("limited")
    assert serving.read(found.data) == found
    assert found.digest == found.model_copy(update={"envelope": "x"}).digest
    for broken in (b"", b"{}", b"\xff", found.data.replace(b'"model"', b'"model": 1, "model"')):
        assert serving.read(broken) is None


def test_alike_is_what_people_meet() -> None:
    one = pointer("full")
    assert one.alike(one.model_copy(update={"at": datetime(2027, 1, 1, tzinfo=UTC)}))
    assert not one.alike(pointer("limited"))
    assert not one.alike(None)


def test_flags_hold_shares_by_environment() -> None:
    rule = flagd.flag(pointer("limited"))["targeting"]
    assert rule["if"][0] == {"==": [{"var": "environment"}, "production"]}
    assert rule["if"][1] == {"fractional": [["0.9.0", 3], ["1.0.0", 1]]}
    assert rule["if"][2]["if"][1] == "1.0.0"
    assert rule["if"][2]["if"][2] == flagd.NOBODY


def test_flags_of_other_models_stay() -> None:
    known = {"flags": {"other-version": {"state": "ENABLED"}}}
    found = flagd.merged(known, pointer("full"))
    assert found["flags"].keys() == {"credit_risk-version", "other-version"}
    assert flagd.merged(found, pointer("full")) == found


@given(st.floats(min_value=0.0001, max_value=0.9999))
def test_fractions_are_whole_and_close(share: float) -> None:
    one, two = DIGESTS.items()
    slices = [
        {"version": one[0], "digest": one[1], "share": share},
        {"version": two[0], "digest": two[1], "share": 1 - share},
    ]
    found = Serving.model_validate_json(
        '{"model":"m","version":"1.0.0","step":"s","move":"begin","at":"2026-11-22T12:00:00Z",'
        f'"stages":{{"production":{slices}}}}}'.replace("'", '"')
    )
    chosen = flagd.flag(found)["targeting"]["if"][1]
    weights = dict(chosen["fractional"]) if isinstance(chosen, dict) else {chosen: 1}
    total = sum(weights.values())
    assert all(isinstance(weight, int) and weight >= 0 for weight in weights.values())
    assert math.isclose(weights.get("1.0.0", 0) / total, share, abs_tol=2e-4)


def test_a_cluster_gets_digests_and_waits_for_people() -> None:
    found = argo.manifest(pointer("limited"), RELEASE, IMAGE)
    assert found["metadata"]["name"] == "credit-risk"
    assert found["spec"]["strategy"]["canary"]["steps"] == [{"setWeight": 25}, {"pause": {}}]
    container = found["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == IMAGE
    assert {"name": "CHARTER_MODEL_DIGEST", "value": DIGESTS["1.0.0"]} in container["env"]
    assert container["securityContext"]["runAsNonRoot"]
    assert argo.by_digest(IMAGE)
    assert not argo.by_digest("registry.example/inference:latest")


def due(title: str = "Read them", identity: str = "policy-review") -> Due:
    return Due(identity, title, date(2026, 12, 1), "board", "do it", Place("x"), blocks=True)


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def test_a_calendar_holds_one_event_for_each_thing() -> None:
    text = ics.render([due(), due(identity="other")], NOW)
    lines = unfolded(text)
    assert (lines[0], lines[-2], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR", "")
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 2
    assert "DTSTART;VALUE=DATE:20261201" in lines
    assert "DTEND;VALUE=DATE:20261202" in lines
    assert "DTSTAMP:20261122T120000Z" in lines
    assert len({line for line in lines if line.startswith("UID:")}) == 2


def test_an_event_keeps_its_identity() -> None:
    def identities(text: str) -> list[str]:
        return [line for line in unfolded(text) if line.startswith("UID:")]

    later = ics.render([due("Read them again")], datetime(2027, 1, 1, tzinfo=UTC))
    assert identities(ics.render([due()], NOW)) == identities(later)


@given(st.text())
def test_any_text_stays_one_line_of_75_octets(words: str) -> None:
    text = ics.render([due(words)], NOW)
    for line in text.split("\r\n"):
        assert len(line.encode()) <= 75
        assert not set(line) & {"\r", "\n", "\x00"}
    (summary,) = [line for line in unfolded(text) if line.startswith("SUMMARY:")]
    assert "policy-review" in summary
