"""Every file of `tests/hostile` is refused for the reason it stands there, at the right line.

The files start from the valid declarations of `tests/hostile/valid` and break one thing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import governance
from governance import catalogue, document

HOSTILE = Path(__file__).parents[1] / "hostile"
TOP = Path(governance.__file__).parents[1]

APPROVALS = "policies/approvals.yaml"
GATES = "policies/gates.yaml"
LANDING = "records/landings/payments/first.yaml"
RETENTION = "policies/retention.yaml"
ROLES = "policies/roles.yaml"
TOOLS = "policies/approved_tools.yaml"

VALID = {
    "valid/approvals": APPROVALS,
    "valid/approved_tools": TOOLS,
    "valid/gates": GATES,
    "valid/landing": LANDING,
    "valid/retention": RETENTION,
    "valid/roles": ROLES,
}

# file: the path it pretends to have, then "line:column problem" of each finding in order;
# where a problem is cut with …, all pieces appear in it
REFUSED = {
    # bytes
    "bytes/byte_order_mark": (TOOLS, "1:1 the file starts with a byte-order mark"),
    "bytes/carriage_return_hides_a_line": (TOOLS, "9:33 lines end with a carriage return"),
    "bytes/decomposed_accent": (ROLES, "8:16 text is not in Unicode normal form C"),
    "bytes/escape_sequence": (TOOLS, "7:11 control character U+001B"),
    "bytes/hangul_filler": (TOOLS, "7:11 invisible or unassigned character U+3164"),
    "bytes/latin1": (TOOLS, "7:16 byte 0xe9 is not UTF-8"),
    "bytes/line_separator": (TOOLS, "7:15 control character U+2028"),
    "bytes/lone_surrogate": (TOOLS, "7:15 byte 0xed is not UTF-8"),
    "bytes/next_line_control": (TOOLS, "7:15 control character U+0085"),
    "bytes/no_break_space": (TOOLS, "9:24 invisible or unassigned character U+00A0"),
    "bytes/nul": (TOOLS, "7:15 control character U+0000"),
    "bytes/overlong_slash": (TOOLS, "7:15 byte 0xc0 is not UTF-8"),
    "bytes/private_use": (TOOLS, "7:20 invisible or unassigned character U+E000 (unnamed)"),
    "bytes/right_to_left_override": (
        TOOLS,
        "9:27 invisible or unassigned character U+202E",
        "9:42 invisible or unassigned character U+202C",
    ),
    "bytes/soft_hyphen": (TOOLS, "7:15 invisible or unassigned character U+00AD"),
    "bytes/tag_characters": (
        TOOLS,
        "7:20 invisible or unassigned character U+E0041",
        "7:21 invisible or unassigned character U+E0042",
    ),
    "bytes/truncated_sequence": (TOOLS, "10:3 byte 0xe2 is not UTF-8"),
    "bytes/unassigned": (TOOLS, "7:20 invisible or unassigned character U+0378 (unnamed)"),
    "bytes/utf16_big_endian": (TOOLS, "1:1 the file starts with a byte-order mark"),
    "bytes/utf16_little_endian": (TOOLS, "1:1 the file starts with a byte-order mark"),
    "bytes/variation_selector": (TOOLS, "7:20 invisible or unassigned character U+FE0F"),
    "bytes/windows_line_ends": (TOOLS, "1:19 lines end with a carriage return"),
    "bytes/zero_width_joiner_in_key": (TOOLS, "6:4 invisible or unassigned character U+200D"),
    "bytes/zero_width_space": (TOOLS, "7:15 invisible or unassigned character U+200B"),
    # keys
    "keys/date_like_number": (ROLES, "7:3 key `20260101` is not text"),
    "keys/empty": (ROLES, "7:3 not YAML…did not find expected key"),
    "keys/integer": (ROLES, "7:3 key `4711` is not text"),
    "keys/list": (ROLES, "7:3 a key must be text"),
    "keys/mapping": (ROLES, "7:5 a key must be text"),
    "keys/null": (ROLES, "7:3 key `null` is not text"),
    "keys/on": (ROLES, "7:3 `on` is read as true"),
    "keys/repeated_at_the_top": (TOOLS, "10:1 `tools` is given twice (first in line 6)"),
    "keys/repeated_below": (GATES, "11:7 `minimum_rows` is given twice (first in line 10)"),
    "keys/repeated_by_escape": (TOOLS, "10:5 `use` is given twice (first in line 9)"),
    "keys/repeated_in_braces": (APPROVALS, "12:38 `count` is given twice (first in line 12)"),
    "keys/repeated_once_quoted": (TOOLS, "10:5 `use` is given twice (first in line 9)"),
    "keys/repeated_three_times": (
        TOOLS,
        "10:5 `use` is given twice (first in line 9)",
        "11:5 `use` is given twice (first in line 9)",
    ),
    "keys/tagged": (ROLES, "7:3 tag `tag:yaml.org,2002:str` is refused"),
    "keys/tilde": (ROLES, "7:3 `~` is read as null"),
    "keys/true": (ROLES, "7:3 key `true` is not text"),
    # kinds
    "kinds/blank_text": (TOOLS, "7:5 `tools.0.name`"),
    "kinds/both_directions": (
        GATES,
        "8:7 `classification.performance.0`: give exactly one of at_least and at_most",
    ),
    "kinds/date_as_a_number": (TOOLS, "3:1 `effective`"),
    "kinds/date_as_seconds": (TOOLS, "3:1 `effective`"),
    "kinds/date_of_one_digit": (TOOLS, "3:1 `effective`"),
    "kinds/date_that_does_not_exist": (ROLES, "17:9 `roles.model_risk.members.0.valid_from`"),
    "kinds/date_with_a_time": (TOOLS, "3:1 `effective`"),
    "kinds/decimal_for_a_count": (APPROVALS, "13:9 `rules.0.require.0.count`"),
    "kinds/digest_in_capitals": (LANDING, "8:5 `files.0.sha256`"),
    "kinds/digest_too_short": (LANDING, "8:5 `files.0.sha256`"),
    "kinds/key_of_another_case": (
        TOOLS,
        "1:1 `owner` is missing",
        "4:1 unknown key `Owner`",
    ),
    "kinds/list_for_a_mapping": (APPROVALS, "9:5 `rules.0.when`"),
    "kinds/login_ending_in_a_line_end": (ROLES, "10:9 `people.ana.github.0.login`"),
    "kinds/login_id_zero": (ROLES, "11:9 `people.ana.github.0.id`"),
    "kinds/look_alike_key": (
        TOOLS,
        "1:1 `owner` is missing",
        "4:1 unknown key `\u043ewner`",
    ),
    "kinds/look_alike_login": (ROLES, "10:9 `people.ana.github.0.login`"),
    "kinds/look_alike_person": (ROLES, "7:3 `people.\u0430na`"),
    "kinds/mapping_for_a_list": (APPROVALS, "11:5 `rules.0.require`"),
    "kinds/missing_key": (TOOLS, "1:1 `owner` is missing"),
    "kinds/misspelt_choice": (TOOLS, "9:5 `tools.0.use`"),
    "kinds/nan_as_text": (GATES, "9:7 `classification.performance.0.at_least`"),
    "kinds/nan_of_python": (GATES, "9:7 `classification.performance.0.at_least`"),
    "kinds/negative_count": (APPROVALS, "13:9 `rules.0.require.0.count`"),
    "kinds/negative_zero_count": (APPROVALS, "13:9 `rules.0.require.0.count`"),
    "kinds/no_members": (ROLES, "15:5 `roles.model_risk.members`"),
    "kinds/nobody_has_to_approve": (APPROVALS, "11:5 `rules.0.require`"),
    "kinds/null_for_a_list": (ROLES, "15:5 `roles.model_risk.members`"),
    "kinds/number_for_a_version": (TOOLS, "2:1 `version`"),
    "kinds/path_climbs_inside": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_climbs_out": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_ends_in_a_line_end": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_enters_a_hidden_folder": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_has_a_backslash": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_has_a_look_alike": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_has_an_empty_part": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_is_absolute": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_is_empty": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_is_percent_encoded": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_is_too_long": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_names_a_drive": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_starts_at_home": (LANDING, "5:5 `files.0.path`"),
    "kinds/path_starts_with_a_dot": (LANDING, "5:5 `files.0.path`"),
    "kinds/period_of_no_days": (TOOLS, "5:1 `review_every`"),
    "kinds/retention_for_ever": (RETENTION, "6:1 `default_days`"),
    "kinds/role_with_a_slash": (ROLES, "13:3 `roles.model/risk`"),
    "kinds/text_for_a_number": (GATES, "10:7 `classification.performance.0.minimum_rows`"),
    "kinds/time_as_seconds": (LANDING, "2:1 `at`"),
    "kinds/time_that_does_not_exist": (LANDING, "2:1 `at`"),
    "kinds/time_without_offset": (LANDING, "2:1 `at`"),
    "kinds/true_for_a_count": (APPROVALS, "13:9 `rules.0.require.0.count`"),
    "kinds/true_for_a_threshold": (GATES, "9:7 `classification.performance.0.at_least`"),
    "kinds/unknown_key": (TOOLS, "10:1 unknown key `disable_checks`"),
    "kinds/unknown_key_with_a_near_miss": (TOOLS, "10:5 unknown key `tools.0.versoin`"),
    "kinds/version_ending_in_a_line_end": (TOOLS, "2:1 `version`"),
    "kinds/version_in_arabic_digits": (TOOLS, "2:1 `version`"),
    "kinds/version_of_two_numbers": (TOOLS, "2:1 `version`"),
    "kinds/version_with_leading_zero": (TOOLS, "2:1 `version`"),
    "kinds/window_upside_down": (
        RETENTION,
        "8:3 `windows.payments`: minimum_days is larger than maximum_days",
    ),
    "kinds/zero_count": (APPROVALS, "13:9 `rules.0.require.0.count`"),
    # numbers
    "numbers/below_64_bits": (GATES, "10:21 integer beyond 64 bits"),
    "numbers/beyond_64_bits": (GATES, "10:21 integer beyond 64 bits"),
    "numbers/binary": (GATES, "10:21 `0b11` is a number"),
    "numbers/double_zero": (GATES, "10:21 `00` is a number"),
    "numbers/exponent": (GATES, "9:17 `1e3` is a number"),
    "numbers/exponent_overflow": (GATES, "9:17 `1e400` is a number"),
    "numbers/exponent_with_sign": (GATES, "9:17 `1.5e+3` is a number"),
    "numbers/float_overflow_of_400_digits": (GATES, "9:17 number beyond the range of a float"),
    "numbers/float_overflow_with_trailing_zero": (GATES, "9:17 `9999"),
    "numbers/hexadecimal": (GATES, "10:21 `0x1F` is a number"),
    "numbers/infinity": (GATES, "9:17 `.inf` is a number"),
    "numbers/integer_of_401_digits": (GATES, "10:21 integer beyond 64 bits"),
    "numbers/leading_zero": (GATES, "10:21 `08` is a number"),
    "numbers/leading_zeros_on_decimal": (GATES, "9:17 `00.75` is a number"),
    "numbers/nan": (GATES, "9:17 `.nan` is a number"),
    "numbers/nan_capitalised": (GATES, "9:17 `.NaN` is a number"),
    "numbers/negative_infinity": (GATES, "9:17 `-.INF` is a number"),
    "numbers/no_leading_digit": (GATES, "9:17 `.75` is a number"),
    "numbers/no_trailing_digit": (GATES, "9:17 `75.` is a number"),
    "numbers/octal_of_yaml_1_1": (GATES, "10:21 `012` is a number"),
    "numbers/octal_of_yaml_1_2": (GATES, "10:21 `0o14` is a number"),
    "numbers/plus_sign": (GATES, "10:21 `+1` is a number"),
    "numbers/plus_sign_on_decimal": (GATES, "9:17 `+0.75` is a number"),
    "numbers/positive_infinity": (GATES, "9:17 `+.inf` is a number"),
    "numbers/sexagesimal": (GATES, "10:21 `1:30` is a number"),
    "numbers/sexagesimal_float": (GATES, "10:21 `190:20:30.15` is a number"),
    "numbers/trailing_zero": (GATES, "9:17 `0.750` would lose its last zero"),
    "numbers/underscore": (GATES, "10:21 `1_000` is a number"),
    "numbers/underscore_in_decimal": (GATES, "9:17 `0.7_5` is a number"),
    "numbers/version_1_10": (TOOLS, "8:14 `1.10` would lose its last zero"),
    # syntax
    "syntax/alias": (
        TOOLS,
        "7:11 anchor or alias `tool`",
        "10:11 anchor or alias `tool`",
    ),
    "syntax/alias_without_anchor": (TOOLS, "7:11 anchor or alias `tool`"),
    "syntax/anchor": (TOOLS, "7:11 anchor or alias `tool`"),
    "syntax/bad_escape": (TOOLS, "7:16 not YAML…found unknown escape character"),
    "syntax/bare_tag_on_list": (TOOLS, "6:8 tag `!` is refused"),
    "syntax/bare_tag_on_number": (TOOLS, "8:14 tag `!` is refused"),
    "syntax/bare_tag_on_quoted_number": (TOOLS, "8:14 tag `!` is refused"),
    "syntax/bare_tag_spelled_out": (TOOLS, "8:14 tag `!` is refused"),
    "syntax/binary_tag": (TOOLS, "7:11 tag `tag:yaml.org,2002:binary` is refused"),
    "syntax/colon_in_plain_text": (
        TOOLS,
        "7:20 not YAML: mapping values are not allowed in this context",
    ),
    "syntax/key_less_indented": (TOOLS, "9:4 not YAML…did not find expected '-' indicator"),
    "syntax/local_tag_on_mapping": (TOOLS, "6:8 tag `!secret` is refused"),
    "syntax/merge_key": (TOOLS, "9:5 merge key `<<` is refused"),
    "syntax/nested_by_dashes": (TOOLS, "7:65 nested more than 32 levels deep"),
    "syntax/nested_by_indentation": (TOOLS, "42:33 nested more than 32 levels deep"),
    "syntax/nested_in_brackets": (TOOLS, "7:40 nested more than 32 levels deep"),
    "syntax/python_object_tag": (
        TOOLS,
        "7:11 tag `tag:yaml.org,2002:python/object/apply:os.system` is refused",
    ),
    "syntax/reserved_at_sign": (
        TOOLS,
        "7:11 not YAML…found character that cannot start any token",
    ),
    "syntax/second_document": (TOOLS, "10:1 a second document starts here"),
    "syntax/second_document_after_end": (TOOLS, "11:1 a second document starts here"),
    "syntax/self_reference": (
        TOOLS,
        "7:5 anchor or alias `self`",
        "8:11 anchor or alias `self`",
    ),
    "syntax/string_tag": (TOOLS, "8:14 tag `tag:yaml.org,2002:str` is refused"),
    "syntax/surrogate_escape": (
        TOOLS,
        "7:18 not YAML…found invalid Unicode character escape code",
    ),
    "syntax/tab_indentation": (TOOLS, "9:1 not YAML…found character that cannot start any token"),
    "syntax/tag_directive": (TOOLS, "1:1 a directive changes how the file is read"),
    "syntax/text_after_quote": (TOOLS, "8:21 not YAML…did not find expected key"),
    "syntax/unclosed_brace": (TOOLS, "9:10 not YAML…did not find expected ',' or '}'"),
    "syntax/unclosed_bracket": (TOOLS, "8:12 not YAML…did not find expected ',' or ']'"),
    "syntax/unclosed_bracket_at_the_end": (
        TOOLS,
        "9:10 not YAML…did not find expected ',' or ']'",
    ),
    "syntax/unclosed_quote": (TOOLS, "8:15 not YAML…did not find expected key"),
    "syntax/unclosed_single_quote": (TOOLS, "9:10 not YAML…found unexpected end of stream"),
    "syntax/unknown_directive": (TOOLS, "1:9 not YAML…found unknown directive name"),
    "syntax/yaml_directive": (TOOLS, "1:1 a directive changes how the file is read"),
    # top
    "top/block_of_text": (TOOLS, "1:1 the file is one block of text"),
    "top/empty": (TOOLS, "1 the file is empty"),
    "top/json_list": (TOOLS, "1 the file is not a mapping of keys"),
    "top/list": (TOOLS, "1 the file is not a mapping of keys"),
    "top/number": (TOOLS, "1 the file is not a mapping of keys"),
    "top/only_a_document_start": (TOOLS, "1 the file is empty"),
    "top/only_comments": (TOOLS, "1 the file is empty"),
    "top/text": (TOOLS, "1 the file is not a mapping of keys"),
    # words
    "words/equals_sign": (TOOLS, "7:11 `=` has a special meaning in YAML 1.1"),
    "words/false_shouted": (TOOLS, "7:11 `FALSE` is read as false"),
    "words/merge_sign": (TOOLS, "7:11 `<<` has a special meaning in YAML 1.1"),
    "words/n": (TOOLS, "7:11 `N` is read as false"),
    "words/no_capitalised": (TOOLS, "7:11 `No` is read as false"),
    "words/norway": (TOOLS, "7:11 `NO` is read as false"),
    "words/null_shouted": (TOOLS, "7:11 `NULL` is read as null"),
    "words/off": (TOOLS, "7:11 `OFF` is read as false"),
    "words/on": (TOOLS, "7:11 `on` is read as true"),
    "words/tilde": (TOOLS, "7:11 `~` is read as null"),
    "words/true_capitalised": (TOOLS, "7:11 `True` is read as true"),
    "words/y": (TOOLS, "7:11 `y` is read as true"),
    "words/yes": (TOOLS, "7:11 `yes` is read as true"),
}

# file: pretended path, number of findings, what all of them say
CROWDS = {
    "bytes/utf16_without_mark": (TOOLS, document.MAX_FINDINGS, "control character U+0000"),
    "syntax/alias_bomb": (TOOLS, 81, "anchor or alias"),
}

# hostile although no schema says so yet: the key is the file, the value what is wrong
MEBIBYTE = 1 << 20

# too large to commit: the bytes, the place of the first finding, its problem
GENERATED = {
    "one byte too many": (lambda: b"#" * (MEBIBYTE + 1), "1", "1,048,577 bytes, more than"),
    "60,000 brackets": (lambda: b"[" * 60_000, "1:33", "nested more than 32"),
    "many levels, fifteen to a line": (
        lambda: b"".join(b" " * (30 * n) + b"- " * 15 + b"\n" for n in range(200)),
        "3:65",
        "nested more than 32",
    ),
    "60,000 closed brackets": (
        lambda: b"[" * 60_000 + b"]" * 60_000, "1:33", "nested more than 32"
    ),
    "60,000 braces": (lambda: b"{a: " * 60_000, "1:129", "nested more than 32"),
    "60,000 dashes": (lambda: b"- " * 60_000 + b"a", "1:65", "nested more than 32"),
    "60,000 dashes and tabs": (
        lambda: b"-\t" * 60_000 + b"a", "1:2", "character that cannot start any token"
    ),
    "60,000 question marks": (lambda: b"? " * 60_000 + b"a", "1:65", "nested more than 32"),
    "a mebibyte of indented keys": (
        lambda: b"".join(b" " * n + b"a:\n" for n in range(1_440)), "33:33", "nested more than 32"
    ),
    "a mebibyte of indented dashes": (
        lambda: b"".join(b" " * n + b"-\n" for n in range(1_440)), "33:33", "nested more than 32"
    ),
    "a mebibyte of dashes, 15 to a line": (
        lambda: b"".join(b" " * 30 * n + b"- " * 15 + b"\n" for n in range(260)),
        "3:65", "nested more than 32",
    ),
    "a mebibyte of control characters": (
        lambda: b"\x01" * MEBIBYTE, "1:1", "control character U+0001"
    ),
    "a mebibyte of digits and a letter": (
        lambda: b"a: 1" + b"1" * (MEBIBYTE - 20) + b"x\nb: no", "2:4", "`no` is read as false"
    ),
    "a mebibyte of octal digits and a letter": (
        lambda: b"a: 0" + b"7" * (MEBIBYTE - 20) + b"x\nb: no", "2:4", "`no` is read as false"
    ),
    "a mebibyte of underscores": (
        lambda: b"a: 1" + b"_" * (MEBIBYTE - 20) + b"x\nb: no", "2:4", "`no` is read as false"
    ),
    "50,000 keys and the last again and again": (
        lambda: b"".join(b"k%x:\n" % n for n in range(50_000)) + b"kc34f:\n" * 80_000,
        "50001:1", "`kc34f` is given twice (first in line 50000)",
    ),
}  # fmt: skip

READ = """
import sys
from governance import catalogue
value, text, findings = catalogue.read(sys.argv[1], sys.stdin.buffer.read())
assert value is None and text is None
assert all(finding.fix for finding in findings) and len(findings) <= 100
print(findings[0].at, findings[0].problem)
"""


def spoken(name: str) -> str:
    return name.replace("/", ": ").replace("_", " ")


def read(name: str, path: str) -> tuple[object, str | None, list[str]]:
    value, text, findings = catalogue.read(path, (HOSTILE / f"{name}.yaml").read_bytes())
    assert all(finding.fix for finding in findings)
    assert all(finding.at.path == path for finding in findings)
    told = [f"{finding.at} {finding.problem}".removeprefix(f"{path}:") for finding in findings]
    return value, text, told


@pytest.mark.parametrize("name", VALID, ids=spoken)
def test_starts_from_a_declaration_that_is_in_order(name: str) -> None:
    value, text, told = read(name, VALID[name])
    assert value is not None
    assert text is not None
    assert told == []


@pytest.mark.parametrize("name", REFUSED, ids=spoken)
def test_is_refused_at_the_right_line(name: str) -> None:
    path, *expected = REFUSED[name]
    value, text, told = read(name, path)
    assert value is None
    assert text is None
    assert len(told) == len(expected), told
    for line, wanted in zip(told, expected, strict=True):
        place, problem = wanted.split(" ", 1)
        assert line.startswith(f"{place} ")
        assert all(piece in line for piece in problem.split("…"))


@pytest.mark.parametrize("name", CROWDS, ids=spoken)
def test_repeats_one_problem(name: str) -> None:
    path, count, problem = CROWDS[name]
    value, _, told = read(name, path)
    assert value is None
    assert len(told) == count
    assert all(problem in line for line in told)


@pytest.mark.parametrize("name", GENERATED)
def test_neither_crashes_nor_hangs(name: str) -> None:
    data, place, problem = GENERATED[name]
    done = subprocess.run(
        [sys.executable, "-c", READ, TOOLS],
        input=data(),
        cwd=TOP,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.decode().startswith(f"{TOOLS}:{place} ")
    assert problem in done.stdout.decode()


@pytest.mark.parametrize(
    "path",
    [
        "policies/Gates.yaml",
        "policies/gates.yml",
        "policies/g\u0430tes.yaml",
        "policies/gates.yaml\n",
        "policies/./gates.yaml",
        "policies/../gates.yaml",
        "policies//gates.yaml",
        "policies\\gates.yaml",
        "Policies/gates.yaml",
        "models/../policies/gates.yaml",
        "models/cre\u0301dit/model.yaml",
        "models/credit/versions/1\u0663.yaml",
        "models/credit/versions/..yaml",
        "records/landings/../gates.yaml",
        "records/waivers/.hidden.yaml",
        "",
    ],
    ids=ascii,
)
def test_a_path_that_only_looks_right_is_no_declaration(path: str) -> None:
    value, text, findings = catalogue.read(path, (HOSTILE / "valid/gates.yaml").read_bytes())
    assert value is None
    assert text is None
    assert [finding.problem for finding in findings] == ["no kind of declaration belongs here"]
    assert findings[0].fix


def test_every_hostile_file_is_expected() -> None:
    files = {str(file.relative_to(HOSTILE))[: -len(".yaml")] for file in HOSTILE.rglob("*.*")}
    assert files == VALID.keys() | REFUSED.keys() | CROWDS.keys()
