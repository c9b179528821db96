"""A record as text that the strict loader reads back as the same record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from governance.records import Record


def render(kind: str, record: Record) -> str:
    """The YAML text of a record; fields that hold their default are left out.

    Args:
        kind: name of its kind, such as `removal`; the file lies in a folder below `records/`.
        record: the record.
    """
    plain = record.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    head = f"# yaml-language-server: $schema=../../schemas/{kind}.json"
    return "\n".join([head, *_block(plain, "")]) + "\n"


def _block(value: dict[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{_key(key)}:", item, indent)


def _entry(start: str, item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, dict) and item:
        yield start
        yield from _block(item, f"{indent}  ")
    elif isinstance(item, list) and item:
        yield start
        for part in item:
            if isinstance(part, dict):
                first, *rest = _block(part, f"{indent}    ")
                yield f"{indent}  - {first.lstrip()}"
                yield from rest
            else:
                yield f"{indent}  - {_scalar(part)}"
    else:
        yield f"{start} {_scalar(item)}"


def _key(text: str) -> str:
    return text if text.isidentifier() else _scalar(text)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
