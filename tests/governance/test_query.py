"""SQL of a contract runs only when it is one SELECT over the dataset's own columns."""

from __future__ import annotations

import pytest

from governance import query

COLUMNS = ("amount", "email", "day")


def problems(text: str) -> list[str]:
    return list(query.problems(text, COLUMNS, "amount", {"email"}))


SAFE = {
    "a count": "SELECT COUNT(*) FROM ${table} WHERE ${column} IS NULL",
    "placeholders without dollar": "SELECT COUNT(*) FROM {object} WHERE {property} < 0",
    "a share": "SELECT 100.0 * SUM(CASE WHEN amount < 0 THEN 1 ELSE 0 END) / COUNT(*) FROM {table}",
    "a common table": (
        "WITH d AS (SELECT day, COUNT(*) AS n FROM {table} GROUP BY day) SELECT MAX(n) FROM d"
    ),
    "a filter": "SELECT AVG(amount) FILTER (WHERE amount > 1) FROM {table}",
    "a subquery": "SELECT COUNT(*) FROM {table} WHERE amount > (SELECT AVG(amount) FROM {table})",
    "a window": (
        "SELECT MAX(n) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY day ORDER BY amount) AS n"
        " FROM {table}) AS x"
    ),
    "identifiers counted": "SELECT COUNT(DISTINCT email) FROM {table} WHERE email LIKE '%@%'",
    "identifiers grouped": (
        "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM {table} GROUP BY email) AS x"
    ),
    "dates": "SELECT COUNT(*) FROM {table} WHERE DATE_DIFF('day', day, DATE '2026-01-01') > 3",
    "a remark": "SELECT COUNT(*) FROM {table} -- all of them",
}
UNSAFE = {
    "nothing": ("", "is not one SELECT"),
    "no SQL": ("SELECT FROM WHERE )", "is not readable as SQL"),
    "two statements": ("SELECT COUNT(*) FROM {table}; SELECT 1", "is not one SELECT"),
    "a deletion": ("DELETE FROM {table}", "is not one SELECT"),
    "a deletion in a common table": (
        "WITH x AS (DELETE FROM {table} RETURNING 1) SELECT COUNT(*) FROM x", "DELETE",
    ),
    "COPY": ("COPY (SELECT 1) TO '/tmp/x'", "is not one SELECT"),
    "ATTACH": ("ATTACH '/tmp/x.db'", "is not one SELECT"),
    "PRAGMA": ("PRAGMA database_list", "is not one SELECT"),
    "SET": ("SET memory_limit = '1GB'", "is not one SELECT"),
    "INSTALL": ("INSTALL httpfs", "is not one SELECT"),
    "a CSV file": ("SELECT COUNT(*) FROM read_csv('/etc/passwd')", "READ_CSV"),
    "a Parquet file": ("SELECT COUNT(*) FROM read_parquet('x')", "READ_PARQUET"),
    "a text file": ("SELECT COUNT(content) FROM read_text('/etc/passwd')", "READ_TEXT"),
    "a file by its name": ("SELECT COUNT(*) FROM '/etc/passwd'", "reads"),
    "a folder": ("SELECT COUNT(*) FROM glob('*')", "GLOB"),
    "the environment": ("SELECT getenv('HOME')", "GETENV"),
    "a setting": ("SELECT current_setting('memory_limit')", "CURRENT_SETTING"),
    "another table": ("SELECT COUNT(*) FROM people", "reads people"),
    "the table of another schema": ("SELECT COUNT(*) FROM x.charter_rows", "reads x.charter_rows"),
    "the catalogue": ("SELECT COUNT(*) FROM information_schema.tables", "reads"),
    "a series": ("SELECT COUNT(*) FROM range(1000000000)", "RANGE"),
    "the clock": ("SELECT COUNT(*) FROM {table} WHERE day < now()", "NOW()"),
    "today": ("SELECT COUNT(*) FROM {table} WHERE day < current_date", "CURRENT_DATE"),
    "dice": ("SELECT random()", "RANDOM()"),
    "a sample": ("SELECT COUNT(*) FROM {table} TABLESAMPLE 10%", "TABLESAMPLE"),
    "two values": ("SELECT MIN(amount), MAX(amount) FROM {table}", "more than one value"),
    "all columns": ("SELECT * FROM {table}", "more than one value"),
    "an unknown column": ("SELECT SUM(wage) FROM {table}", "names wage, which is no column"),
    "an identifier": ("SELECT MIN(email) FROM {table}", "gives values of email"),
    "an identifier by a detour": (
        "SELECT MIN(x) FROM (SELECT email AS x FROM {table}) AS y", "gives values of email",
    ),
    "an identifier as a number": ("SELECT CAST(email AS DOUBLE) FROM {table}", "values of email"),
    "a placeholder for nothing": ("SELECT COUNT(*) FROM {schema}", "is not"),
}  # fmt: skip


@pytest.mark.parametrize("text", SAFE.values(), ids=SAFE)
def test_a_query_may_use(text: str) -> None:
    assert problems(text) == []
    assert query.TABLE in query.render(text, "amount")


@pytest.mark.parametrize(("text", "says"), UNSAFE.values(), ids=UNSAFE)
def test_a_query_may_not_be(text: str, says: str) -> None:
    assert any(says in problem for problem in problems(text)), problems(text)


def test_what_runs_is_written_from_the_tree() -> None:
    text = "SELECT COUNT(*) /* {table} */ FROM ${table} -- ; DROP TABLE x"
    assert query.render(text, None) == "SELECT COUNT(*) FROM charter_rows"
