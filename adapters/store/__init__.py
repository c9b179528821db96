"""Every place where DVC keeps bytes: the cache and each remote, through one interface."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters import git
from adapters.store.place import Place, Run, StoredObject
from governance.finding import CouldNotJudge

if TYPE_CHECKING:
    from dvc.config import Config

__all__ = ["CACHE", "Place", "Run", "StoredObject", "places", "replica"]

CACHE: Final = "cache"
"""Name of the local cache among the places."""


def places(root: Path, only: Sequence[str] = (), settings: bytes | None = None) -> list[Place]:
    """The cache, then every declared remote by its name.

    Args:
        root: the repository.
        only: names of those wanted; all when empty.
        settings: text of the `.dvc/config` that counts, instead of that in the work tree.

    Raises:
        CouldNotJudge: a name is not known, or a remote is of a kind that cannot be searched.
    """
    from dvc.config import ConfigError  # noqa: PLC0415 - 300 ms of imports

    try:
        config = _config(root) if settings is None else _given(root, settings)
    except ConfigError as error:
        msg = f".dvc/config: {error}"
        raise CouldNotJudge(msg) from None
    remotes = sorted(config["remote"])
    if CACHE in remotes:
        msg = f"a remote is called {CACHE}, as the local cache is: rename it in .dvc/config"
        raise CouldNotJudge(msg)
    known = [CACHE, *remotes]
    for name in only:
        if name not in known:
            msg = f"no place is called {name}; known: {', '.join(known)}"
            raise CouldNotJudge(msg)
    wanted = [name for name in known if name in only or not only]
    return [
        _cache(root, config) if name == CACHE else _place(name, config, name=name)
        for name in wanted
    ]


def replica(name: str, url: str, root: Path) -> Place:
    """A place that no remote declares: a folder or `s3://…`, with the machine's credentials."""
    resolved = url if "://" in url else str(root / url)
    return _place(name, _config(root), url=resolved)


def _config(root: Path) -> Config:
    from dvc.config import Config  # noqa: PLC0415

    return Config(str(root / ".dvc"))


def _given(root: Path, settings: bytes) -> Config:
    """The configuration with other settings of the repository; those of the machine stay.

    `.dvc/config.local` is the machine's only where Git does not know it.
    """
    from dvc.config import Config  # noqa: PLC0415

    committed = bool(git.run(root, "ls-files", "--", ".dvc/config.local"))

    class Given(Config):  # type: ignore[misc]
        def _load_config(self, level: str) -> dict[str, Any]:
            if level == "local" and committed:
                return {}
            if level != "repo":
                found: dict[str, Any] = super()._load_config(level)
                return found
            with tempfile.TemporaryDirectory(prefix="charter-") as folder:
                path = Path(folder, "config")
                path.write_bytes(settings)
                loaded: dict[str, Any] = self.load_file(str(path))
                return loaded

    return Given(str(root / ".dvc"))


def _cache(root: Path, config: Config) -> Place:
    from adapters.store.folder import Folder  # noqa: PLC0415

    given = config["cache"].get("dir")
    return Folder(CACHE, Path(given or root / ".dvc" / "cache"), absent=given is None)


def _place(called: str, config: Config, **settings: Any) -> Place:
    from dvc.config import ConfigError  # noqa: PLC0415
    from dvc.fs import RemoteMissingDepsError, get_cloud_fs  # noqa: PLC0415

    try:
        kind, given, path = get_cloud_fs(config, **settings)
        if given.get("version_aware") or given.get("worktree"):
            msg = f"{called} is version_aware and names no file by its MD5: it cannot be searched"
            raise CouldNotJudge(msg)
        if kind.protocol == "local":
            from adapters.store.folder import Folder  # noqa: PLC0415

            return Folder(called, Path(path))
        if kind.protocol != "s3":
            msg = f"{called} is a {kind.protocol} remote: only folders and s3 can be searched"
            raise CouldNotJudge(msg)
        from adapters.store.bucket import Bucket  # noqa: PLC0415

        return Bucket(called, kind(**given).fs, path)
    except RemoteMissingDepsError:
        msg = f"{called} is an s3 remote: install `ml-charter[s3]`"
        raise CouldNotJudge(msg) from None
    except (ConfigError, ImportError) as error:
        msg = f"{called}: {error}"
        raise CouldNotJudge(msg) from None
