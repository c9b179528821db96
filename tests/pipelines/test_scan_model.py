"""What the security review finds in a model's files, without ever loading one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeRegressor

from adapters import modelfile
from governance import artefact, opcodes
from pipelines.scan_model import scan

REGISTRY = SimpleNamespace(trusted_types=("numpy.dtype",), maximum_model_bytes=1_000_000)
CANARY = Path("/tmp") / f"charter-canary-{os.getpid()}"  # noqa: S108 - must never appear


class Evil:
    """Touches a file when it is unpickled."""

    def __reduce__(self):
        return os.system, (f"touch {CANARY}",)


@pytest.fixture
def folder(tmp_path):
    """A folder with an honest model."""
    rows = np.arange(12.0).reshape(6, 2)
    model = modelfile.dump(Ridge().fit(rows, rows[:, 0]))
    (tmp_path / modelfile.NAME).write_bytes(model)
    return tmp_path


def verdicts(folder: Path, registry: SimpleNamespace = REGISTRY) -> dict[str, str]:
    """What failed, by check."""
    checks = scan(folder, registry)  # type: ignore[arg-type]
    return {c.name.removeprefix("security: "): c.measured for c in checks if not c.verdict.green}


def zipped(data: bytes, name: str = "inner", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr(name, data)
    return out.getvalue()


def tarred(data: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("inner")
        info.size, info.type, info.linkname = len(data), kind, "elsewhere"
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def array(values: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, values, allow_pickle=True)
    return out.getvalue()


def arrays(values: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, values=values)
    return out.getvalue()


def test_an_honest_model_passes(folder):
    assert verdicts(folder) == {}


EVIL = pickle.dumps(Evil())
HIDDEN = {
    "plain": EVIL,
    "protocol 0": pickle.dumps(Evil(), 0),
    "protocol 5": pickle.dumps(Evil(), 5),
    "gzip": gzip.compress(EVIL),
    "bzip2": bz2.compress(EVIL),
    "xz": lzma.compress(EVIL),
    "zlib, as joblib writes": zlib.compress(EVIL),
    "zip": zipped(EVIL),
    "zip in zip in gzip": gzip.compress(zipped(zipped(EVIL))),
    "tar": tarred(EVIL),
    "npy of objects": array(np.array([Evil()], dtype=object)),
    "npz of objects": arrays(np.array([Evil()], dtype=object)),
    "behind a cut": EVIL[:-1],
}


@pytest.mark.parametrize("data", HIDDEN.values(), ids=HIDDEN)
def test_a_pickle_with_a_call_is_named_and_never_run(folder, data):
    (folder / "notes.txt").write_bytes(data)
    found = verdicts(folder)
    assert "a pickle that calls posix.system" in found["pickles"]
    assert "not opened" in found["types"]
    assert not CANARY.exists()


def test_the_canary_would_have_sung():
    """The pickle of these tests runs code as soon as anybody loads it."""
    pickle.loads(EVIL)  # noqa: S301 - that is the point
    assert CANARY.exists()
    CANARY.unlink()


def test_a_pickle_without_a_call_is_refused_as_well(folder):
    (folder / "values.txt").write_bytes(pickle.dumps({"a": 1}))
    assert "a pickle" in verdicts(folder)["pickles"]


def test_a_pickle_inside_the_model_file_is_found(folder):
    with zipfile.ZipFile(folder / modelfile.NAME, "a") as archive:
        archive.writestr("weights.npy", array(np.array([Evil()], dtype=object)))
    assert "model.skops!weights.npy" in verdicts(folder)["pickles"]


def test_an_operator_stack_and_a_memo_hide_no_name():
    found = opcodes.walk(io.BytesIO(b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x8c\x01x\x85R."))
    assert found is not None
    assert found.imports == ("os.system",)
    assert found.calls


@pytest.mark.parametrize(
    "data", [b"", b".", b"# words\n", b"{}", b"(1)", b"N.", bytes(range(130, 194))]
)
def test_bytes_that_are_no_pickle_are_none(data):
    found = opcodes.walk(io.BytesIO(data))
    assert found is None or data.startswith(b"\x80")


def test_a_length_that_lies_takes_no_memory(folder):
    (folder / "a.txt").write_bytes(b"\x80\x05\x8e" + (1 << 62).to_bytes(8, "little") + b"abc")
    assert "a pickle" in verdicts(folder)["pickles"]


def bomb() -> bytes:
    return zipped(b"\0" * 30_000_000)


BROKEN = {
    "a bomb": (bomb(), "unpacks to far more"),
    "a bomb in gzip": (gzip.compress(b"\0" * 30_000_000), "unpacks to far more"),
    "layer on layer": (
        gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(
            b"x")))))), "packed more than",
    ),
    "a member that leads out": (zipped(b"x", "../../x"), "would unpack elsewhere"),
    "an absolute member": (zipped(b"x", "/etc/x"), "would unpack elsewhere"),
    "a link": (tarred(b"", tarfile.SYMTYPE), "a link or device"),
    "a broken archive": (b"PK\x03\x04" + b"x" * 90, "cannot be unpacked"),
    "a cut stream": (gzip.compress(os.urandom(5000))[:-900], "cannot be unpacked"),
    "a compression nobody looks into": (b"\x28\xb5\x2f\xfd" + b"x" * 30, "zstd"),
    "a file of another library": (b"\x89HDF\r\n\x1a\n" + b"x" * 30, "hdf5"),
    "an archive behind other bytes": (b"words " + zipped(b"x"), "behind other bytes"),
    "a broken NumPy header": (b"\x93NUMPY\x01\x00\x76\x00{'descr': " + b" " * 100, "header"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "words"), BROKEN.values(), ids=BROKEN)
def test_an_archive_made_to_harm_is_refused(folder, data, words):
    (folder / "a.txt").write_bytes(data)
    assert words in verdicts(folder)["archives"]


def test_a_name_twice_in_an_archive_is_refused(folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    (folder / "a.txt").write_bytes(out.getvalue())
    assert "a name twice" in verdicts(folder)["archives"]


STRANGE = {
    "a script": ("run.txt", b"#!/bin/sh\n", "a script"),
    "a program": ("lib.txt", b"\x7fELF" + b"\0" * 60, "a program"),
    "another file type": ("model.dat", b"1", "no file type of a model"),
}


@pytest.mark.parametrize(("name", "data", "words"), STRANGE.values(), ids=STRANGE)
def test_files_that_belong_to_no_model_are_refused(folder, name, data, words):
    (folder / name).write_bytes(data)
    assert words in verdicts(folder)["file types"]


def test_a_link_is_no_file_of_a_model(folder, tmp_path):
    (folder / "a.txt").symlink_to(tmp_path / "outside")
    assert "no plain file" in verdicts(folder)["file types"]


def test_a_model_larger_than_the_policy_allows_is_refused_unopened(folder):
    small = SimpleNamespace(trusted_types=("numpy.dtype",), maximum_model_bytes=100)
    found = verdicts(folder, small)
    assert "100 are allowed" in found["size"]
    assert "not opened" in found["types"]


def test_a_type_the_policy_does_not_know_is_named(folder):
    rows = np.arange(12.0).reshape(6, 2)
    tree = DecisionTreeRegressor().fit(rows, rows[:, 0])
    (folder / modelfile.NAME).write_bytes(modelfile.dump(tree))
    assert verdicts(folder) == {"types": "model.skops: sklearn.tree._tree.Tree"}


def test_a_folder_without_a_model_file_passes_nothing(tmp_path):
    assert verdicts(tmp_path) == {"types": "no model file"}


def test_a_model_file_that_is_none_is_told(folder):
    (folder / modelfile.NAME).write_bytes(b"words")
    assert "no whole skops file" in verdicts(folder)["types"]


KEY = "-----BEGIN {}PRIVATE KEY-----"
SECRETS = {
    "a private key": KEY.format("EC "),
    "an OpenSSH key": KEY.format("OPENSSH "),
    "an AWS key": "AKIA" + "IOSFODNN7EXAMPLE",
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "a GitLab token": "glpat-" + "a1B2" * 5,
    "a Google key": "AIza" + "Sy0_-" * 7,
    "a web token": ".".join(("eyJ" + "hbGciOiJIUzI1NiJ9", "eyJ" + "zdWIiOiIxMjM0NTY3", "Sf" * 9)),
    "a password": "password: " + "xK9$fQ2wL8zR4".replace("$", "+") + "vT7m",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("pack", [lambda d: d, gzip.compress, zipped], ids=["plain", "gz", "zip"])
def test_a_secret_is_found_and_never_repeated(folder, secret, pack):
    (folder / "a.txt").write_bytes(pack(f"config\n{secret}\n".encode()))
    told = verdicts(folder)["secrets"]
    assert "looks like" in told
    assert secret not in told


def test_a_secret_across_two_blocks_is_found(folder):
    (folder / "a.txt").write_bytes(b" " * ((1 << 20) - 10) + KEY.format("RSA ").encode())
    small = SimpleNamespace(trusted_types=("numpy.dtype",), maximum_model_bytes=10_000_000)
    assert "a private key" in verdicts(folder, small)["secrets"]


@pytest.mark.parametrize(
    "text", ["password: correct horse", "token = None", "secret: aaaaaaaaaaaaaaaaaaaa", "AKIA123"]
)
def test_words_about_secrets_are_none(text):
    assert list(artefact.secrets(text.encode())) == []
