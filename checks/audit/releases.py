"""What is wrong with the release tags of a clone, held against the branch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from adapters import history, keys, ledger, tags
from adapters.keys import Verifier
from adapters.ledger import State
from adapters.tags import RawTag
from checks.audit.course import Course
from governance import compare, release_tags
from governance.audit import Landed, Remark
from governance.release import Rollout
from governance.release_tags import Tag

_ENTRY: Final = re.compile(r"models/[^/]+/versions/[0-9.]+\.yaml")


class Releases:
    """The release tags of a clone."""

    def __init__(self, course: Course, files: State, verifier: Verifier) -> None:
        self.course = course
        self.files = files
        self.verifier = verifier

    def remarks(self) -> Iterator[Remark]:
        """What is wrong with the release tags of the clone."""
        found = [
            t
            for t in tags.tags(self.course.root, self.course.objects, "@#")
            if release_tags.read(t.name)
        ]
        own = self.course.declarations(
            {p: o for p, o in self.files.items() if p.endswith(("/model.yaml", "/rollout.yaml"))}
        )
        champions = {m.value.name: str(m.value.champion) for m in compare.champions(own)}
        rolled = {
            (r.value.model, version)
            for r in own.all(Rollout)
            for version in (r.value.version, r.value.rollback_to)
            if version is not None
        }
        yield from self._reused()
        if not found and not champions and not rolled:
            return
        wanted = {(r.model, r.version) for t in found if (r := release_tags.read(t.name))}
        versions = {(m, v) for m, v in {*wanted, *champions.items(), *rolled} if v is not None}
        along: dict[str, Landed | None] = {
            s.id: self.course.landed(i) for i, s in enumerate(self.course.steps)
        }
        if any(tag.commit not in along for tag in found) and self.course.start:
            older = history.first_parents(self.course.root, None, self.course.start)
            along |= dict.fromkeys(older)
        yield from release_tags.judge(
            list(self._signed_tags(found)), along=along, brought=self._registered(versions),
            champions=champions, rolled=rolled,
        )  # fmt: skip

    def _reused(self) -> Iterator[Remark]:
        """Versions whose entry was taken out and brought again."""
        first: dict[str, str] = {}
        for place, step in enumerate(self.course.steps):
            for changed in step.changed:
                if changed.before is not None or not _ENTRY.fullmatch(changed.path):
                    continue
                known = first.setdefault(changed.path, step.id)
                if known != step.id:
                    yield release_tags.reused(changed.path, known, self.course.landed(place))

    def _registered(self, versions: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The commit that brought each version's file, which is its place in the ledger."""
        paths = {f"models/{m}/versions/{v}.yaml": (m, v) for m, v in versions}
        found: dict[tuple[str, str], str] = {}
        for step in self.course.steps:
            for changed in step.changed:
                if changed.path in paths and changed.before is None:
                    found.setdefault(paths[changed.path], step.id)
        before = [path for path in paths if path in self.course.base]
        if before:
            for path, commit in ledger.arrivals(
                self.course.root, self.course.start, before
            ).items():
                found[paths[path]] = commit
        return found

    def _signed_tags(self, found: Sequence[RawTag]) -> Iterator[Tag]:
        """The tags with who signed them, by the roles of the commit they point at."""
        asked: list[tuple[RawTag, str, keys.Job]] = []
        for tag in found:
            roles = self.course.roles_at(self.course.place.get(tag.commit or "", -1))
            if roles is None or tag.at is None:
                continue
            day = tag.at.date()
            for name, human in roles.people.items():
                publics = tuple(key.public for key in human.keys if key.active(day))
                if human.kind == "human" and publics:
                    job = keys.Job(tag.text, tag.signature, name, publics, keys.COMMITS)
                    asked.append((tag, name, job))
        signers: dict[str, list[str]] = {}
        answers = self.verifier.verify_many(job for _, _, job in asked)
        for (tag, name, _), key in zip(asked, answers, strict=True):
            if key:
                signers.setdefault(tag.name, []).append(name)
        for tag in found:
            mine = signers.get(tag.name, [])
            by = mine[0] if len(mine) == 1 else None  # a key of several people is nobody's
            yield Tag(tag.name, tag.commit, tag.says, by)
