"""A change touches the application or a release, never both.

Demands: no change touches a path of `application` and one of `releases` in the base's
    `policies/release.yaml`.
Why: models are deployed by the standard pipeline, separate from core application code
    (IE-MGP-2025.01 §3); either can then be taken back without the other.
Fix: split the change in two.
"""

from collections.abc import Iterator

from governance import glob
from governance.catalogue import Law
from governance.finding import Finding, NotApplicable, Place
from governance.release import Release
from governance.tally import Tally


def evaluate(law: Law, tally: Tally | None) -> Iterator[Finding | NotApplicable]:
    if tally is None:
        yield NotApplicable("no change was named with --base")
        return
    release = law.declarations.one(Release, "release").value
    paths = sorted(touched.path for touched in tally.change.touched)
    application = [path for path in paths if glob.any_of(release.application).fullmatch(path)]
    releases = [path for path in paths if glob.any_of(release.releases).fullmatch(path)]
    if application and releases:
        problem = f"it changes the application ({_some(application)}) together with a release"
        fix = "split it: the application in one change, the release in another"
        yield Finding(Place(releases[0], line=1), problem, fix)


def _some(paths: list[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
