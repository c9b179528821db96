"""Write the sample datasets: `python -m pipelines.samples OUT_DIR [DATASET ...]`.

Two datasets, small enough to keep in a repository:

`payment_default/2024-11.parquet` to `2026-10.parquet`
    Invented credit-card statements. Nobody in them exists: names are drawn from two lists,
    e-mail domains are those RFC 2606 keeps for examples, phone numbers those that are set
    aside for fiction. One row is one statement of one account.
`diabetes_progression/patients.parquet`
    442 real, published measurements that scikit-learn ships (Efron et al. 2004).

A month is drawn from its own stream, seeded by `BASE_SEED`, the year and the month, so it
can be made again without the others. With the locked numpy and pyarrow the same month gives
the same bytes; another pyarrow names its own version in the file's footer.

What the payment label depends on is written down in `_default_probability` and nowhere
else: a model can be judged against what is true of these rows.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Texts: TypeAlias = npt.NDArray[np.str_]

BASE_SEED: Final = 20_261_031
FIRST_MONTH: Final = (2024, 11)
MONTHS: Final = 24
ROWS_PER_MONTH: Final = (880, 960)
"""Fewest and most rows of a month."""

AGE_BANDS: Final = ("18-29", "30-44", "45-59", "60+")
SEXES: Final = ("female", "male", "unspecified")
EMPLOYMENT: Final = ("permanent", "casual", "self-employed", "not-working")
CHANNELS: Final = ("branch", "broker", "mobile", "web")
MAIL_DOMAINS: Final = ("example.com", "example.net", "example.org")

_GIVEN_NAMES: Final = (
    "Ada", "Amir", "Anneke", "Bela", "Carla", "Chidi", "Dara", "Diego", "Elif", "Emil",
    "Farah", "Finn", "Greta", "Hana", "Hugo", "Ines", "Ivan", "Jamal", "Jun", "Kaia",
    "Kofi", "Lena", "Luca", "Malik", "Mara", "Mina", "Nils", "Noor", "Olga", "Omar",
    "Petra", "Quinn", "Rafi", "Rosa", "Sami", "Talia", "Uma", "Viktor", "Wren", "Yara",
)  # fmt: skip
_FAMILY_NAMES: Final = (
    "Abara", "Almeida", "Bakker", "Bianchi", "Castro", "Chowdhury", "Dahl", "Demir",
    "Eriksen", "Farkas", "Fontaine", "Gallo", "Haddad", "Ibrahim", "Ito", "Jansen",
    "Kaur", "Kovacs", "Larsen", "Lindgren", "Mbeki", "Moreau", "Nakamura", "Novak",
    "Okoye", "Osman", "Park", "Pereira", "Quist", "Rahman", "Rossi", "Sato",
    "Silva", "Tran", "Ueda", "Varga", "Weiss", "Xu", "Yilmaz", "Zielinski",
)  # fmt: skip


class Sample(NamedTuple):
    """One file of a dataset, not yet written."""

    path: str
    table: pa.Table


def months() -> Iterator[tuple[int, int]]:
    """Year and month of every payment file, oldest first."""
    year, month = FIRST_MONTH
    for offset in range(MONTHS):
        yield year + (month - 1 + offset) // 12, (month - 1 + offset) % 12 + 1


def payment_month(year: int, month: int, *, base_seed: int = BASE_SEED) -> pa.Table:
    """The statements of one month, sorted by the time they were billed.

    Args:
        year: four digits.
        month: 1 to 12.
        base_seed: the seed all months share; another one gives other rows.

    Returns:
        One row per account: its identifiers, what the bank knew at billing, and `defaulted`,
        1 when the minimum payment was still missing 21 days later and 0 otherwise. Money is
        in dollars, shares are fractions, `months_on_book` counts whole months.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([base_seed, year, month])))
    rows = int(rng.integers(*ROWS_PER_MONTH, endpoint=True))
    elapsed = year * 12 + month - (FIRST_MONTH[0] * 12 + FIRST_MONTH[1])

    age = _ages(rng, rows)
    band = np.digitize(age, (30, 45, 60))
    employment = _choices(rng, rows, (0.62, 0.16, 0.14, 0.08))
    months_on_book = np.floor(rng.gamma(1.6, 34.0, rows)).clip(0, 360).astype(np.int64)
    earned = _incomes(rng, age, employment)
    credit_limit = _credit_limits(rng, earned)
    strain = rng.normal(0.02 * elapsed / 12, 1.0, rows)
    used = 1.15 / (1.0 + np.exp(-(strain * 1.1 - 0.55)))
    balance = np.round(credit_limit * used, 2)
    late_payments = rng.poisson(np.exp(-0.85 + 0.55 * strain)).clip(0, 12)
    paid = np.exp(rng.normal(-1.3 - 0.45 * strain, 0.8)).clip(0.0, 1.0)
    risk = _default_probability(
        elapsed=elapsed,
        employment=employment,
        income=earned,
        late_payments=late_payments,
        months_on_book=months_on_book,
        paid=paid,
        used=used,
    )
    defaulted = (rng.random(rows) < risk).astype(np.int64)

    income_unknown = rng.random(rows) < np.array([0.13, 0.055, 0.035, 0.03])[band]
    employment_unknown = rng.random(rows) < 0.03
    paid_unknown = rng.random(rows) < 0.02
    given, family = (rng.integers(0, 40, rows) for _ in range(2))
    columns = {
        "account_id": pa.array(_account_ids(year, month, rows)),
        "full_name": pa.array(
            [f"{_GIVEN_NAMES[g]} {_FAMILY_NAMES[f]}" for g, f in _pairs(given, family)]
        ),
        "email": pa.array(_emails(rng, given, family)),
        "phone": pa.array(_phones(rng, rows)),
        "billed_at": pa.array(_moments(rng, year, month, rows), pa.timestamp("us")),
        "age": pa.array(age),
        "age_band": pa.array(np.array(AGE_BANDS)[band]),
        "sex": pa.array(np.array(SEXES)[_choices(rng, rows, (0.46, 0.46, 0.08))]),
        "postcode": pa.array([str(number) for number in 2000 + rng.integers(0, 600, rows)]),
        "income": pa.array(earned, mask=income_unknown),
        "employment": pa.array(np.array(EMPLOYMENT)[employment], mask=employment_unknown),
        "credit_limit": pa.array(credit_limit),
        "balance": pa.array(balance),
        "utilisation": pa.array(np.round(balance / credit_limit, 3)),
        "months_on_book": pa.array(months_on_book),
        "late_payments_12m": pa.array(late_payments),
        "last_payment_ratio": pa.array(np.round(paid, 3), mask=paid_unknown),
        "channel": pa.array(np.array(CHANNELS)[_choices(rng, rows, (0.18, 0.12, 0.42, 0.28))]),
        "defaulted": pa.array(defaulted),
    }
    return pa.table(columns).sort_by([("billed_at", "ascending"), ("account_id", "ascending")])


def payment_default() -> Iterator[Sample]:
    """Every month of credit-card statements, oldest first."""
    for year, month in months():
        yield Sample(f"payment_default/{year}-{month:02}.parquet", payment_month(year, month))


def diabetes_progression() -> Iterator[Sample]:
    """The published diabetes measurements under readable column names, in one file.

    `age_band` is derived from `age`; two bands, because 442 rows leave too few in a third.
    `sex` keeps the codes of the source, whose meaning the source does not state.
    """
    from sklearn.datasets import load_diabetes  # noqa: PLC0415 - a second to import, one use

    measured: Floats
    measured, progression = load_diabetes(return_X_y=True, scaled=False)
    age = measured[:, 0].astype(np.int64)
    columns: dict[str, Any] = {
        "patient_id": pa.array(np.arange(1, len(age) + 1)),
        "age": pa.array(age),
        "age_band": pa.array(np.where(age < 50, "under-50", "50-and-over")),
        "sex": pa.array([str(int(code)) for code in measured[:, 1]]),
    }
    names = ("bmi", "blood_pressure", "total_cholesterol", "ldl", "hdl", "cholesterol_ratio")
    for index, name in enumerate((*names, "log_triglycerides", "glucose"), start=2):
        columns[name] = pa.array(np.round(measured[:, index], 4))
    columns["progression"] = pa.array(progression.astype(np.float64))
    yield Sample("diabetes_progression/patients.parquet", pa.table(columns))


DATASETS: Final[dict[str, Callable[[], Iterator[Sample]]]] = {
    "diabetes_progression": diabetes_progression,
    "payment_default": payment_default,
}


def write(sample: Sample, folder: Path) -> Path:
    """The file of `sample` below `folder`, written; one that was there is replaced."""
    path = folder / sample.path
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        sample.table,
        path,
        compression="zstd",
        compression_level=9,
        row_group_size=100_000,
        store_schema=False,
        version="2.6",
    )
    return path


def _default_probability(  # noqa: PLR0913 - each cause by its name
    *,
    elapsed: int,
    employment: Integers,
    income: Floats,
    late_payments: Integers,
    months_on_book: Integers,
    paid: Floats,
    used: Floats,
) -> Floats:
    """Chance that the payment is missed. Neither sex nor age is among its causes.

    Both still show a little through income. The chance grows by a few per cent a year.
    """
    score = (
        -2.9
        + 0.06 * elapsed / 12
        + 2.4 * (used - 0.4)
        + 0.65 * late_payments
        - 1.8 * (paid - 0.3)
        - 0.3 * np.log(income / 60_000.0)
        - 0.006 * (months_on_book.clip(0, 120) - 50)
        + np.array([0.0, 0.4, 0.25, 0.9])[employment]
    )
    chance: Floats = 1.0 / (1.0 + np.exp(-score))
    return chance


def _ages(rng: np.random.Generator, rows: int) -> Integers:
    """Whole years from 18 to 90."""
    return np.floor(18 + 72 * rng.beta(1.7, 2.4, rows)).clip(18, 90).astype(np.int64)


def _incomes(rng: np.random.Generator, age: Integers, employment: Integers) -> Floats:
    """Yearly income in dollars, in hundreds; somewhat lower below 30 and above 65."""
    curve = 1.0 - 0.12 * (age < 30) - 0.08 * (age > 65)
    level = np.array([68_000.0, 46_000.0, 62_000.0, 30_000.0])[employment] * curve
    drawn = level * np.exp(rng.normal(0.0, 0.38, len(age)))
    incomes: Floats = (np.round(drawn / 100.0) * 100.0).clip(6_000.0, 400_000.0)
    return incomes


def _credit_limits(rng: np.random.Generator, income: Floats) -> Floats:
    """Credit limit in dollars, in steps of 500."""
    drawn = income * 0.14 * np.exp(rng.normal(0.0, 0.45, len(income)))
    limits: Floats = (np.round(drawn / 500.0) * 500.0).clip(500.0, 50_000.0)
    return limits


def _choices(rng: np.random.Generator, rows: int, shares: tuple[float, ...]) -> Integers:
    """Indices drawn with the given shares."""
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(rows), side="right").astype(np.int64)


def _moments(
    rng: np.random.Generator, year: int, month: int, rows: int
) -> npt.NDArray[np.datetime64]:
    """Whole minutes within the month."""
    start = np.datetime64(f"{year}-{month:02}", "M")
    begin, end = start.astype("datetime64[m]"), (start + 1).astype("datetime64[m]")
    minutes = rng.integers(0, int((end - begin).astype(np.int64)), rows)
    moments: npt.NDArray[np.datetime64] = (begin + minutes).astype("datetime64[us]")
    return moments


def _account_ids(year: int, month: int, rows: int) -> list[str]:
    """Ids that no other month has: a step prime to 10**10 never meets the same number twice."""
    first = (year * 12 + month) * 10_000
    return [f"AC-{(first + row) * 7_236_067_977 % 10**10:010}" for row in range(rows)]


def _pairs(left: Integers, right: Integers) -> Iterator[tuple[int, int]]:
    return zip(left.tolist(), right.tolist(), strict=True)


def _emails(rng: np.random.Generator, given: Integers, family: Integers) -> list[str]:
    numbers = rng.integers(1, 100, len(given)).tolist()
    domains = rng.integers(0, len(MAIL_DOMAINS), len(given)).tolist()
    return [
        f"{_GIVEN_NAMES[g]}.{_FAMILY_NAMES[f]}{number}@{MAIL_DOMAINS[domain]}".lower()
        for (g, f), number, domain in zip(_pairs(given, family), numbers, domains, strict=True)
    ]


def _phones(rng: np.random.Generator, rows: int) -> list[str]:
    """Numbers from +44 7700 900000 to 900999, which are kept for drama and reach nobody."""
    return [f"+44 7700 900{number:03}" for number in rng.integers(0, 1000, rows).tolist()]


def main(arguments: list[str] | None = None) -> None:
    """Write the named datasets, or all of them, and print each file."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.samples", description="Write the sample datasets."
    )
    parser.add_argument("out", type=Path, metavar="OUT_DIR", help="folder to write below")
    parser.add_argument("datasets", nargs="*", metavar="DATASET", help=f"of {', '.join(DATASETS)}")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.datasets if name not in DATASETS]
    if unknown:
        parser.error(f"no sample dataset {', '.join(unknown)}; known: {', '.join(DATASETS)}")
    for name in given.datasets or DATASETS:
        for sample in DATASETS[name]():
            path = write(sample, given.out)
            print(f"{path}: {sample.table.num_rows} rows")


if __name__ == "__main__":
    main()
