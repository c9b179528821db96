"""How long data stays and what happens then (`policies/retention.yaml`)."""

from __future__ import annotations

import re
from datetime import UTC, date, tzinfo
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from governance import glob
from governance.declaration import Day, Name, Part, Policy, Text
from governance.glob import Glob
from governance.strictness import Lower, More, Stays

Days = Annotated[int, Field(ge=1, le=36_525)]
DaysKept = Annotated[int, Field(ge=0, le=36_525)]
AtEnd = Literal["purge", "anonymise"]
CountedFrom = Literal["event", "landing"]

_BUCKET: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._=-]+)*/?")
_FOLDER: Final = re.compile(r"/?[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*/?")
_GOVERNED: Final = frozenset({".dvc", ".git", "artifacts", "data", "models", "policies", "records"})


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = "no time zone of the IANA database, such as UTC or Australia/Sydney"
        raise ValueError(msg) from None
    return name


def _place(uri: str) -> str:
    """Refuses what is no place of its own: deletion there must reach copies and nothing else."""
    if uri.startswith("s3://"):
        good = _BUCKET.fullmatch(uri) is not None
    else:
        good = _FOLDER.fullmatch(uri) is not None and uri.split("/", maxsplit=1)[0] not in _GOVERNED
    if not good or {".", ".."} & set(uri.split("/")):
        msg = (
            "no place of a copy: write a folder outside the governed ones, or s3://bucket/prefix,"
            " without `..` and without a password"
        )
        raise ValueError(msg)
    return uri


class Window(Part):
    """The retention window of a dataset, or of every dataset of a class."""

    days: Annotated[Days | None, Lower] = None
    """How long rows stay; `default_days` when left out, which `DATA_RETENTION_DAYS` replaces."""
    minimum_days: Annotated[DaysKept, Lower]
    """What a legal duty to keep demands; 0 for none."""
    maximum_days: Annotated[Days, Lower]
    """What the law or a contract allows at most."""
    basis: Text
    """The duty or agreement behind the bounds."""
    at_end: Annotated[AtEnd, Stays]
    """What happens to rows past their window."""
    counted_from: Annotated[CountedFrom, Stays] = "event"
    """The day a row stays from: its event time (its landing where it has none), or its landing."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum_days > self.maximum_days:
            msg = "minimum_days is larger than maximum_days"
            raise ValueError(msg)
        if self.days is not None and not self.minimum_days <= self.days <= self.maximum_days:
            msg = "days lies outside minimum_days and maximum_days"
            raise ValueError(msg)
        return self


class Hold(Part):
    """A legal hold: nothing of the dataset is deleted until it is lifted."""

    dataset: Name
    """The dataset held."""
    since: Day
    """First day of the hold."""
    until: Annotated[Day | None, Stays] = None
    """Last day of the hold, when known."""
    matter: Text
    """The case or order behind the hold."""
    files: Annotated[tuple[Glob, ...], Stays] = ()
    """Globs of the files held, inside the dataset's folder; all of them when left out."""

    def holds(self, day: date, path: str | None = None) -> bool:
        """Whether it stops a removal on a day: of a file, or of anything of the dataset."""
        if day < self.since or (self.until is not None and day > self.until):
            return False
        return path is None or not self.files or bool(glob.any_of(self.files).fullmatch(path))


class Replica(Part):
    """A copy of a dataset outside Git and DVC's remotes, from which removals delete as well."""

    id: Name
    """Identity of the copy."""
    dataset: Name
    """The dataset it copies."""
    uri: Annotated[Text, AfterValidator(_place), Stays]
    """A folder, or `s3://bucket/prefix`."""
    layout: Annotated[Literal["files", "dvc"], Stays] = "files"
    """The dataset's own files, or a store laid out as DVC does it."""


class Retention(Policy):
    """Windows by dataset and by class of dataset."""

    default_days: Annotated[Days, Lower]
    """Window of a dataset that sets none; `DATA_RETENTION_DAYS` overrides it within the bounds."""
    default_minimum_days: Annotated[DaysKept, Lower] = 0
    """Bound for a dataset that has neither window nor class."""
    default_maximum_days: Annotated[Days, Lower] = 36_525
    """Bound for a dataset that has neither window nor class."""
    grace_days: Annotated[DaysKept, Lower] = 0
    """Days a removal may take, from the end of a window; rows that stay longer are a finding."""
    time_zone: Annotated[Text, AfterValidator(_known_zone), Stays] = "UTC"
    """Whose calendar says when a day begins."""
    windows: Annotated[dict[Name, Window], More]
    """A window for each dataset."""
    classes: Annotated[dict[Name, Window], More] = {}
    """Windows that contracts name by their custom property `retention_class`."""
    holds: Annotated[tuple[Hold, ...], More] = ()
    """Legal holds."""
    replicas: Annotated[tuple[Replica, ...], More] = ()
    """Copies that removals reach."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.default_minimum_days <= self.default_days <= self.default_maximum_days:
            msg = "default_days lies outside default_minimum_days and default_maximum_days"
            raise ValueError(msg)
        names = [replica.id for replica in self.replicas]
        if twice := next((name for name in names if names.count(name) > 1), None):
            msg = f"two replicas are called {twice}"
            raise ValueError(msg)
        return self

    @property
    def zone(self) -> tzinfo:
        """The time zone; UTC needs no database."""
        return UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone)

    def copies(self, dataset: str) -> tuple[Replica, ...]:
        """Declared copies of a dataset."""
        return tuple(replica for replica in self.replicas if replica.dataset == dataset)
