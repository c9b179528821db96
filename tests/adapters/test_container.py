"""Packs: equal files are equal bytes, and nothing hides in one."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import container
from adapters.container import Damaged

FILES = {"evidence.json": b"{}", "policies/roles.yaml": b"people", "records/a@1.yaml": b""}
NAMES = st.from_regex(r"[a-z0-9_]{1,8}(/[a-z0-9_]{1,8}){0,2}", fullmatch=True)


def problems(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Damaged) as damaged:
        container.read(data)
    return list(damaged.value.problems)


@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=5))
def test_what_is_written_is_read_and_written_alike(files):
    data = container.write(files)
    assert container.read(data) == files
    assert container.write(dict(reversed(files.items()))) == data


def test_every_flipped_bit_is_found():
    data = container.write(FILES)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << (place % 8)
        assert problems(bytes(changed))


def test_a_changed_file_is_named():
    data = container.write(FILES).replace(b"people", b"peopla")
    assert problems(data) == [("policies/roles.yaml", "its bytes are damaged")]


def strange(name: str, method: int = zipfile.ZIP_STORED, data: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    return out.getvalue()


def twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    return out.getvalue()


STRANGE = {
    "leads out": (strange("../a"), "is no name"),
    "leads out within": (strange("a/../b"), "is no name"),
    "absolute": (strange("/etc/passwd"), "is no name"),
    "another system's path": (strange("c:a"), "is no name"),
    "a folder": (strange("a/"), "is no name"),
    "a bomb": (strange("a", zipfile.ZIP_DEFLATED, b"0" * 1_000_000), "is compressed"),
    "a time": (container.write(FILES).replace(b"\0\0\x21\0", b"\x01\0\x21\0", 1), "other bytes"),
    "cut": (container.write(FILES)[:-3], "no whole ZIP archive"),
    "something behind": (container.write(FILES) + b"more", "other bytes"),
    "something in front": (b"more" + container.write(FILES), "other bytes"),
    "no archive": (b"words", "no whole ZIP archive"),
    "nothing": (b"", "no whole ZIP archive"),
}


@pytest.mark.parametrize(("data", "words"), STRANGE.values(), ids=STRANGE)
def test_a_strange_archive_is_refused(data, words):
    assert any(words in problem for _, problem in problems(data))


def test_a_name_twice_is_refused():
    assert ("a", "is there twice") in problems(twice())


def test_a_size_that_lies_is_refused():
    data = container.write({"a": b"x" * 9})
    entry = data.index(b"PK\x01\x02")
    lied = data[: entry + 24] + (1 << 30).to_bytes(4, "little") + data[entry + 28 :]
    assert any("more than it can" in problem for _, problem in problems(lied))
