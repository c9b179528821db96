"""Keys are read from where only their owner looks, and destroyed when that is asked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from adapters import secrets
from adapters.secrets import Unusable

ONE, TWO = "0f8a7c3e5b1d92640f8a7c3e5b1d9265", "c1d2e3f4a5b697887766554433221100"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"# credit\ncredit v1 {ONE}\n\ncredit v2  {TWO}  \nhealth v1 {TWO}\n")
    path.chmod(0o600)
    monkeypatch.setenv(secrets.FILE, str(path))
    return path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


def unusable(name: str = "credit", version: int = 1, root: Path = Path()) -> str:
    with pytest.raises(Unusable) as caught:
        secrets.key(name, version, root)
    assert ONE not in str(caught.value)
    assert TWO not in str(caught.value)
    assert "\n  fix: " in str(caught.value)
    return str(caught.value)


@pytest.mark.usefixtures("keys")
def test_a_key_is_found_by_name_and_version() -> None:
    assert secrets.key("credit", 1) == ONE.encode()
    assert secrets.key("credit", 2) == secrets.key("health", 1) == TWO.encode()


VARIABLES = {
    "the first": ("environment", 1, "CHARTER_PSEUDONYM_KEY"),
    "the second": ("environment", 2, "CHARTER_PSEUDONYM_KEY_V2"),
    "a named one": ("credit-au", 1, "CHARTER_PSEUDONYM_KEY_CREDIT_AU_V1"),
}


@pytest.mark.parametrize(("name", "version", "variable"), VARIABLES.values(), ids=VARIABLES)
def test_a_key_of_the_environment(
    name: str, version: int, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(secrets.FILE, raising=False)
    assert f"{variable} is not set" in unusable(name, version)
    monkeypatch.setenv(variable, "ключ")
    assert secrets.key(name, version) == "ключ".encode()


def test_a_key_that_neither_place_has(keys: Path) -> None:
    assert "there is no key credit v3: neither in the file of" in unusable(version=3)
    assert str(keys) not in unusable(version=3)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_open_is_refused(keys: Path, mode: int) -> None:
    keys.chmod(mode)
    assert f"others may open the key file (mode {mode:o})" in unusable()


BAD = {
    "a line without key": (b"credit v1\n", "line 1 is no key"),
    "a version that is none": (b"credit 1 abc\n", "line 1 is no key"),
    "a key twice": (b"credit v1 abc\ncredit v1 abd\n", "line 2 names a key a second time"),
    "bytes that are no text": (b"\xff\xfe\x00\n", "line 1 is no key"),
}


@pytest.mark.parametrize(("data", "says"), BAD.values(), ids=BAD)
def test_a_file_that_makes_no_sense(keys: Path, data: bytes, says: str) -> None:
    keys.write_bytes(data)
    assert says in unusable()


def test_a_file_that_is_not_there(keys: Path) -> None:
    keys.unlink()
    assert "No such file" in unusable()
    keys.mkdir()
    assert "names no key file" in unusable()


def test_a_file_in_the_repository_must_be_ignored(keys: Path, repository: Path) -> None:
    inside = keys.rename(repository / "keys")
    inside.with_name("link").symlink_to(inside)
    for name in ("keys", "link"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(secrets.FILE, str(repository / name))
            (repository / ".gitignore").write_text("")
            assert "the key file lies in the repository" in unusable(root=repository)
            (repository / ".gitignore").write_text("keys\n")
            assert secrets.key("credit", 1, repository) == ONE.encode()
    subprocess.run(["git", "-C", repository, "add", "--force", "keys"], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(secrets.FILE, str(inside))
        assert "the key file lies in the repository" in unusable(root=repository)


def test_a_destroyed_key_is_gone_and_the_others_are_not(keys: Path) -> None:
    before = keys.read_text()
    with keys.open("rb") as held:  # the old file, as somebody who kept it open sees it
        assert secrets.destroy("credit", 1)
        old = held.read().decode()
    assert keys.read_text() == before.replace(f"credit v1 {ONE}\n", "")
    assert ONE not in old
    assert len(old) == len(before)
    assert TWO in old
    assert keys.stat().st_mode & 0o777 == 0o600
    assert "there is no key credit v1" in unusable()
    assert not secrets.destroy("credit", 1)
    assert secrets.key("credit", 2) == TWO.encode()


def test_a_key_of_the_environment_is_not_ours_to_destroy(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTER_PSEUDONYM_KEY_CREDIT_V1", ONE)
    before = keys.read_bytes()
    with pytest.raises(Unusable, match="stands in the environment, out of reach"):
        secrets.destroy("credit", 1)
    assert keys.read_bytes() == before


def test_without_a_file_nothing_is_destroyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(secrets.FILE, raising=False)
    with pytest.raises(Unusable, match="no key file is named"):
        secrets.destroy("credit", 1)
