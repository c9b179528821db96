"""The strict loader: it never fails, and what it accepts means the same to every reader."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor

import governance
from governance import document
from governance.finding import Place

TOP = Path(governance.__file__).parents[1]
PATH = "policies/gates.yaml"
often = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


class Yaml11(yaml.CSafeLoader):
    """PyYAML as most programs use it, with dates left as text."""


class Yaml12(SafeConstructor):
    """ruamel.yaml, which reads YAML 1.2, with dates left as text."""


TIMESTAMP = "tag:yaml.org,2002:timestamp"
Yaml11.add_constructor(TIMESTAMP, lambda _, node: node.value)
Yaml12.add_constructor(TIMESTAMP, lambda _, node: node.value)

REFUSED_THERE = "refused there"


def yaml11(data: bytes) -> Any:
    try:
        return yaml.load(data, Yaml11)  # noqa: S506 - a subclass of CSafeLoader
    except (yaml.YAMLError, ValueError) as error:
        return REFUSED_THERE, error


def yaml12(data: bytes) -> Any:
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = Yaml12
    try:
        return reader.load(data)
    except Exception as error:  # noqa: BLE001 - it raises what it likes
        return REFUSED_THERE, error


def load(data: bytes | str, **options: bool) -> Any:
    """The value, or the problems told about it; any finding must be usable."""
    data = data.encode() if isinstance(data, str) else data
    loaded, findings = document.load(PATH, data, **options)
    assert (loaded is None) == bool(findings)
    assert len(findings) <= document.MAX_FINDINGS
    lines = max(1, len(data.splitlines()))
    for finding in findings:
        assert finding.at.path == PATH
        assert 1 <= finding.at.line <= lines
        assert finding.problem.isprintable()
        assert finding.fix.isprintable()
        assert len(finding.problem) + len(finding.fix) < 500
    return Refused([finding.problem for finding in findings]) if loaded is None else loaded.value


class Refused(list[str]):
    """Problems told by the loader."""


def means_one_thing(data: bytes | str) -> None:
    """What loads here is refused by the others or has the same value, types included."""
    data = data.encode() if isinstance(data, str) else data
    value = load(data)
    if isinstance(value, Refused):
        return
    assert repr(yaml11(data)) == repr(value)
    other = yaml12(data)
    if not (isinstance(other, tuple) and other[0] == REFUSED_THERE):
        assert repr(other) == repr(value)


# --- arbitrary input ---------------------------------------------------------------------

PIECES = [
    *"abz019._-+~=!&*?:,[]{}|>#%@`'\"\\é \n\t\r\0\ufeff\u200b\u0301",
    *["\n  ", "\n    ", "\n- ", "- ", "? ", ": ", ", ", " #", "\n\n", "\n---\n", "\n...\n", "--- "],
    *["a: ", "b: ", '"a": ', "'b': ", "<<: ", "&x ", "*x", "!!str ", "! ", "!<!> ", "!t "],
    *["%YAML 1.2\n---\n", "%TAG ! x\n---\n", "|\n", ">-\n", "|+\n", "|2\n", "\\n", '"\\\n', "''"],
    *["true", "No", "null", "1.0", "1.10", "012", "0o14", "1e3", "1:30", ".inf", "2026-02-30"],
]  # fmt: skip
soup = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)

VALID = """\
# yaml-language-server: $schema=../schemas/gates.json
id: gates
version: 1.0.0
effective: "2026-01-01"
owner: "model_risk"
steps:
  - {id: canary, exposure: 0.05, soak: P1D}
  - id: full
    exposure: 1.0
    groups: [age, 'sex']
    because: |
      Nobody ships
      a model alone.
    notes: >-
      folded
      text
empty:
nothing: null
flag: false
"""


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """A valid file with one to three pieces put in or over its text."""
    text = VALID
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 6)))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[end:]
    return text


@often
@given(st.binary(max_size=200) | st.text(max_size=200).map(partial(str.encode, errors="replace")))
@example(b"")
@example(b"\n")
@example(b"[\n")
@example(b"[")
@example(b"'")
@example(b"%")
@example(b"%TAG ! x\n\n")
@example(b"a: \xff")
@example(b"\xed\xa0\x80")
@example(b'a: "\\U00110000"')
@example(b'"\\n\\e[2Kall is well": 1\n"\\n\\e[2Kall is well": 2\n')
@example(b"!" + b"a" * 2000 + b" b")
@example(b"&" + b"a" * 2000 + b" b")
@example(b"1" * 2000 + b".50")
def test_any_bytes_are_a_document_or_findings(data: bytes) -> None:
    load(data)
    load(data, tool=True)
    document.Marks(PATH, data).place(("a", 0))


@often
@given(soup | mutants())
def test_anything_like_yaml_is_a_document_or_findings(text: str) -> None:
    data = text.encode()
    loaded, _ = document.load(PATH, data)
    load(data)
    if loaded is not None:
        assert loaded.place(("steps", 1, "because", 0)).line >= 1


# --- one meaning -------------------------------------------------------------------------


@often
@given(soup | mutants())
@example("! 12")  # a number to YAML 1.1, text to 1.2
@example("a: ! 12")
@example('a: ! "12"')  # libyaml forgets the quotes
@example("a: !<!> 12")
@example(">\n#")  # a comment to libyaml, text to YAML 1.2
@example("|\n# a: 1\n")
@example("a: >\n# b\n")
@example("a: |\n  b\n # c\n")
@example("{a:1}")
@example("[a:b, c?d, e: f]")
@example("{'a':1, \"b\":2}")
@example("[a,b]: 1")
@example("a: b\u00a0# c")
@example("%YAML 1.2\n---\na: 0o14\n")
@example("--- a\n...\n")
@example("- - - a\n    - b\n")
@example("? a\n: b\n? c\n")
@example("a: >+\n  b\n\n\n")
@example("a: |2-\n   b\n\n")
@example("a: 'b''c'\nd: \"e\\/f\\x41\\u00e9\"\n")
def test_what_loads_means_the_same_to_yaml_1_1_and_1_2(text: str) -> None:
    means_one_thing(text)


TWO_FACED = [
    "0b11",
    "0o7",
    "0o14",
    "012",
    "-012",
    "+012",
    "0x1F",
    "-0x1F",
    "08",
    "00",
    "-00",
    "1_000",
    "1_",
    "0_",
    "1__0",
    "-_0",
    "+_1",
    "1_0.5",
    "0.7_5",
    "1:30",
    "-1:30",
    "0:0",
    "190:20:30",
    "190:20:30.15",
    "1:2.",
    "+0",
    "+1",
    "+1.5",
    "1e3",
    "1E3",
    "1.e3",
    "1.0e3",
    "1.5e+3",
    "12e03",
    "-2E+05",
    ".1e+5",
    "1e400",
    "-1e400",
    ".e3",
    "0.",
    "1.",
    ".5",
    "-.5",
    "+.5",
    "-.",
    "+.",
    "._",
    "._1",
    "0.10",
    "1.10",
    "1.50",
    "00.1",
    "01.5",
    "-0.50",
    ".inf",
    ".Inf",
    ".INF",
    "-.inf",
    "+.inf",
    ".nan",
    ".NaN",
    ".NAN",
    "yes",
    "Yes",
    "YES",
    "no",
    "No",
    "NO",
    "on",
    "On",
    "ON",
    "off",
    "Off",
    "OFF",
    "y",
    "Y",
    "n",
    "N",
    "True",
    "TRUE",
    "False",
    "FALSE",
    "Null",
    "NULL",
    "~",
    "=",
    "<<",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "685_230.15",
    "685.230_15e+03",
    "0b_",
    "0x_",
    "-_",
    "?",
    ":",
    "*a",
    "&a",
    "!a",
    "!!str",
    "2026-01-01",
    "2026-1-1",
    "2026-02-30",
    "9999-99-99",
    "2026-01-01T00:00:00Z",
    "2001-12-14t21:59:43.10-05:00",
    "2026-01-01T25:00:00Z",
]
PLAIN = [
    "0",
    "-0",
    "7",
    "-7",
    "9223372036854775807",
    "-9223372036854775807",
    "0.0",
    "-0.0",
    "1.0",
    "0.05",
    "-12.5",
    "123456789012345678.5",
    "0.1234567890123456789",
    "0.00000000000000000001",
    "true",
    "false",
    "null",
    "a",
    "Yes!",
    "yEs",
    "tRUE",
    "nULL",
    "None",
    "~a",
    "0x",
    "0b",
    "0o",
    "0xG",
    "0b12",
    "0o8",
    "1e",
    "1e+",
    "e3",
    "1.2.3",
    "1.2.3.4",
    "1.2e3_",
    "1-2",
    "--",
    "..",
    "...",
    "---a",
    "--a",
    ".a",
    "-a",
    ":a",
    "?a",
    "a:b",
    "a#b",
    "1:60",
    "1:99",
    "1,000",
    "1d",
    "0d1",
    "1L",
    "0x1.8p3",
    "inf",
    "nan",
    "Infinity",
    "NaN",
    ".infinity",
    ".nano",
    "_1",
    "__",
    "20260101",
    "2026-1",
    "2026-01-01x",
    "P1D",
    "C:\\x",
    "http://x",
    "١٢",
    "１２",
    "²",
    "∞",
    "+",
    ".",
    "P0",
    "1%",
    "a@b",
    "a=b",
    "=a",
    "<<a",
    "1+1",
    "+1a",
    "+a",
    "+-1",
    "--1",
    "-+1",
]


@pytest.mark.parametrize("scalar", TWO_FACED)
@pytest.mark.parametrize("place", ["a: {}\n", "- {}\n", "a:\n  b: {}\n"])
def test_a_scalar_of_two_meanings_is_refused(scalar: str, place: str) -> None:
    assert isinstance(load(place.format(scalar)), Refused)


@pytest.mark.parametrize("scalar", PLAIN, ids=ascii)
@pytest.mark.parametrize("place", ["a: {}\n", "- {}\n", "a: [b, {} ]\n", "? {}\n: b\n"])
def test_a_scalar_of_one_meaning_has_it_everywhere(scalar: str, place: str) -> None:
    means_one_thing(place.format(scalar))


@pytest.mark.parametrize("scalar", PLAIN, ids=ascii)
def test_a_scalar_of_one_meaning_is_accepted(scalar: str) -> None:
    assert not isinstance(load(f"a: {scalar}\n"), Refused)


@often
@given(st.text(st.sampled_from("0123456789-+._:eExXobaf~=<!yYnN"), min_size=1, max_size=8))
def test_whatever_looks_like_a_number_has_one_meaning(scalar: str) -> None:
    means_one_thing(f"a: {scalar}\n")


@often
@given(st.text(st.sampled_from("0123456789-+.eE_"), min_size=1, max_size=8))
def test_a_number_of_a_tool_is_finite_and_what_yaml_1_2_says(scalar: str) -> None:
    value = load(f"a: {scalar}\n", tool=True)
    if not isinstance(value, Refused):
        assert repr(value) == repr(yaml12(f"a: {scalar}\n".encode()))


@pytest.mark.parametrize("scalar", ["012", "-007.5", "1e400", f"{'9' * 400}.50", f"0{'9' * 400}"])
def test_a_tool_gets_no_second_meaning_and_no_infinity(scalar: str) -> None:
    assert isinstance(load(f"a: {scalar}\n", tool=True), Refused)


@pytest.mark.parametrize(
    ("scalar", "value"), [("1e-05", 0.00001), ("0.10", 0.1), ("2.5e+10", 2.5e10), ("3", 3)]
)
def test_a_tool_may_write_exponents_and_zeros(scalar: str, value: float) -> None:
    assert load(f"a: {scalar}\n", tool=True) == {"a": value}


INVISIBLE = [
    *[0xA0, 0xAD, 0x34F, 0x61C, 0x115F, 0x17B4, 0x180E, 0x2003, 0x200B, 0x200E, 0x202E, 0x2066],
    *[0x2800, 0x3000, 0x3164, 0xFE0F, 0xFFA0, 0xFFFE, 0xE0041, 0xE0100, 0xE000],
]


@pytest.mark.parametrize("point", INVISIBLE, ids=hex)
def test_a_character_nobody_sees_is_refused_everywhere(point: int) -> None:
    for text in (f"a: b{chr(point)}\n", f"a{chr(point)}: b\n", f"a: b # c{chr(point)}\n"):
        problems = load(text)
        assert isinstance(problems, Refused)
        assert f"U+{point:04X}" in problems[0]


# --- JSON is YAML ------------------------------------------------------------------------

SEEN = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: "e" not in repr(x))
    | st.text(SEEN, max_size=30),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(SEEN, max_size=20), inner, max_size=5)
    ),
    max_leaves=30,
)


@often
@given(json_values, st.sampled_from([None, 0, 2]))
def test_json_text_loads_to_its_value(value: Any, indent: int | None) -> None:
    assert repr(load(json.dumps(value, indent=indent))) == repr(value)


@often
@given(json_values)
def test_json_text_with_accents_loads_to_its_value_or_is_refused(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    found = load(text)
    if isinstance(found, Refused):
        assert any(ord(char) > 126 for char in text)
    else:
        assert repr(found) == repr(value)


# --- places ------------------------------------------------------------------------------

names = st.text(
    st.sampled_from("abcxyz019_-. :#'\"\\éß漢\t~?&*!|>%@`[]{},"), min_size=1, max_size=12
).filter(lambda name: unicodedata.is_normalized("NFC", name))
trees = st.recursive(
    st.integers(0, 9) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)


def routes(value: Any, route: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every route to something inside the value."""
    if not isinstance(value, dict | list):
        return []
    return [
        found
        for key, child in (value.items() if isinstance(value, dict) else enumerate(value))
        for found in ((*route, key), *routes(child, (*route, key)))
    ]


def starts_with_key(text: str, key: str) -> bool:
    """Whether the text starts with the key, plain or quoted, as YAML spells it."""
    if text.startswith(key):
        return True
    head = text.partition("\n")[0]
    cuts = [end for end, char in enumerate(head, start=1) if char == head[0]][1:]
    return head[0] in "'\"" and any(load(head[:end]) == key for end in cuts)


@often
@given(st.dictionaries(names, trees, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_a_route_leads_to_its_key_in_the_file(tree: Any, flow: bool, escaped: bool) -> None:  # noqa: FBT001
    text = yaml.safe_dump(
        tree, allow_unicode=not escaped, default_flow_style=flow, sort_keys=False, width=9999
    )
    loaded, _ = document.load(PATH, text.encode())
    assume(loaded is not None)
    assert loaded.value == tree
    for route in routes(tree):
        place = loaded.place(route)
        assert place.path == PATH
        if isinstance(route[-1], str):
            line = text.split("\n")[place.line - 1]
            assert starts_with_key(line[place.column - 1 :], route[-1])
        assert place == document.Marks(PATH, text.encode()).place(route)


@pytest.mark.parametrize(
    ("route", "line", "column"),
    [
        ((), 2, 1),
        (("id",), 2, 1),
        (("steps",), 6, 1),
        (("steps", 0), 7, 5),
        (("steps", 0, "exposure"), 7, 18),
        (("steps", 1), 8, 5),
        (("steps", 1, "groups", 1), 10, 19),
        (("steps", 1, "because"), 11, 5),
        (("steps", 1, "because", "deeper"), 11, 5),
        (("steps", 9, "id"), 6, 1),
        (("steps", "id"), 6, 1),
        (("nowhere", "id"), 2, 1),
        (("flag",), 19, 1),
    ],
    ids=str,
)
def test_a_place_is_the_deepest_part_the_file_has(
    route: tuple[str | int, ...], line: int, column: int
) -> None:
    loaded, _ = document.load(PATH, VALID.encode())
    assert loaded is not None
    assert loaded.place(route) == Place(PATH, route, line, column)


def test_an_empty_file_has_a_place() -> None:
    loaded, _ = document.load(PATH, b"# nothing\n")
    assert loaded is not None
    assert loaded.value is None
    assert loaded.place(("id",)) == Place(PATH, ("id",), 1)


@pytest.mark.parametrize("data", [b"a: [", b"a: \xff", b'{"a":' + b"[" * 999])
def test_the_place_in_text_that_cannot_be_parsed_is_its_first_line(data: bytes) -> None:
    assert document.Marks(PATH, data).place(("a",)) == Place(PATH, ("a",), 1)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b"- ", b"? "])
def test_looking_for_a_place_in_very_deep_text_does_not_crash(opening: bytes) -> None:
    script = """
import sys
from governance import document
print(document.Marks("p", sys.stdin.buffer.read() * 60_000).place(("a",)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], input=opening, cwd=TOP, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"p:1\n")


def test_the_place_in_json_text_is_its_key() -> None:
    assert document.Marks(PATH, b'{\n  "a": {"b": 1}\n}').place(("a", "b")) == Place(
        PATH, ("a", "b"), 2, 9
    )


# --- limits and messages -----------------------------------------------------------------


def test_size_is_limited_to_the_byte() -> None:
    assert not isinstance(load(b"#" * document.MAX_BYTES), Refused)
    assert isinstance(load(b"#" * (document.MAX_BYTES + 1)), Refused)
    loaded, findings = document.load(PATH, b"a: 1\n", max_bytes=4)
    assert loaded is None
    assert "5 bytes, more than the 4" in findings[0].problem


def test_depth_is_limited_to_the_level() -> None:
    deep = document.MAX_DEPTH
    for opening, closing in (("[", "]"), ("- ", "")):
        assert not isinstance(load(opening * deep + "a" + closing * deep), Refused)
        problems = load(opening * (deep + 1) + "a" + closing * (deep + 1))
        assert problems == [f"nested more than {deep} levels deep"]


def test_many_brackets_that_do_not_nest_are_allowed() -> None:
    assert load("[" + "[], " * 500 + "[]]") == [[]] * 501


def test_all_problems_of_a_file_are_told_in_one_run() -> None:
    assert load("a: no\nb: 012\nb: 1.10\n1: {}\n") == [
        "`no` is read as false by some programs and as text by others",
        "`012` is a number to some programs and text to others",
        "`1.10` would lose its last zero",
        "`b` is given twice (first in line 2)",
        "key `1` is not text",
    ]


@pytest.mark.parametrize(
    ("scalar", "fix"),
    [
        ("1.10", 'write 1.1 for the number, or "1.10" for a version'),
        ("100.00", 'write 100.0 for the number, or "100.00" for a version'),
        ("0.0000000010", 'write 0.000000001 for the number, or "0.0000000010" for a version'),
    ],
)
def test_the_number_a_fix_proposes_loads(scalar: str, fix: str) -> None:
    _, findings = document.load(PATH, f"a: {scalar}".encode())
    assert [finding.fix for finding in findings] == [fix]
    assert load(f"a: {fix.split()[1]}") == {"a": float(scalar)}


def test_a_key_of_control_characters_cannot_write_to_the_terminal() -> None:
    (problem,) = load('"\\e[2K\\n::notice::fine": 1\n"\\e[2K\\n::notice::fine": 2\n')
    assert problem == "`\\x1b[2K\\n::notice::fine` is given twice (first in line 1)"


@pytest.mark.parametrize(
    "text",
    ["---\na: 1\n", "a: 1\n...\n", "# a\n---\n# b\na: 1\n...\n# c\n", "a:\t1\n", "a:\n\n  1\n"],
    ids=ascii,
)
def test_document_marks_comments_and_blanks_are_harmless(text: str) -> None:
    assert load(text) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        "a: 100%\n",
        '"a\n%YAML 1.2"\n',
        "a: |\n  %YAML 1.2\n",
        "a: b!\n",
        "a: 'b & c *'\n",
        "a: b&c*d",
    ],
    ids=ascii,
)
def test_signs_inside_text_are_not_directives_tags_or_anchors(text: str) -> None:
    assert not isinstance(load(text), Refused)
