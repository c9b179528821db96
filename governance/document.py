"""The strict YAML loader: one meaning per document, or a finding that names the line.

YAML 1.1 lets a reviewer read one thing and a program another. Whatever could be read two ways is
refused here: duplicate keys, anchors and merges, tags, directives, words such as `no`, numbers
such as `012`, `1.10` or `1e3`, dates without quotes, invisible characters, several documents in
a file.

Parsing is libyaml's. Its composer recurses in C, so the nesting of a file that could be
deep is measured on the flat event stream first (50,000 brackets end the process otherwise).
"""

from __future__ import annotations

import contextlib
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final, TypeAlias

import yaml
from yaml._yaml import CParser
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from governance.finding import Finding, Place, Route

LOADER_VERSION: Final = "2"
"""Goes up whenever the same bytes may load differently; parse caches are keyed by it."""

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
MAX_FINDINGS: Final = 100
"""Findings told per file; a hostile file could have one for every byte."""
_SAFE_OPENERS: Final = 300
_SHOWN: Final = 60
_MAX_INTEGER: Final = 2**63 - 1

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"

_PLAIN: Final = (True, False)
_QUOTED: Final = (False, True)

_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters, marks and symbols that show nothing."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_MAY_HIDE = re.compile(rb"[&*!]|^%|(?:[-?:][ \t]+){16}|^ {100}", re.MULTILINE)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.(?:0|[0-9]*[1-9])")
_LOSSY = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt \t])")
_TOOL_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[-+]?[0-9]{1,2})?")
_NUMBERISH = re.compile(
    r"""[-+]?(?:
        0[xX][0-9a-fA-F_]+ | 0[oO]?[0-7_]+ | 0[bB][01_]+
      | [0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
      | (?:[0-9_]+(?:\.[0-9_]*)?|\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?
      | \.(?:inf|Inf|INF)
    ) | \.(?:nan|NaN|NAN)""",
    re.VERBOSE,
)
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None, "": None}
_TWO_FACED: Final = frozenset(
    spelling
    for word in ("yes", "no", "on", "off", "y", "n", "true", "false", "null")
    for spelling in (word, word.capitalize(), word.upper())
) - {"true", "false", "null"} | {"~"}
_TEXT_TO_TOOLS: Final = frozenset(
    word for word in _TWO_FACED if word.lower() in {"yes", "no", "on", "off", "y", "n"}
)
"""Words that YAML 1.2 reads as text, so that DVC writes them without quotes."""


@dataclass(frozen=True)
class Document:
    """A YAML file that has exactly one meaning."""

    path: str
    data: bytes
    value: Value

    @cached_property
    def _root(self) -> Node | None:
        return _compose(self.data)

    def place(self, route: Route) -> Place:
        """The line and column of the deepest part of `route` that the file has."""
        return _place(self.path, self._root, route)


def load(
    path: str, data: bytes, *, max_bytes: int = MAX_BYTES, tool: bool = False
) -> tuple[Document | None, tuple[Finding, ...]]:
    """The document in `data`, or every reason why it cannot be trusted to mean one thing.

    Args:
        path: repository path, used in findings only.
        data: the file's bytes.
        max_bytes: size limit in bytes.
        tool: whether a program wrote the file as YAML 1.2; then `1e-05` and `0.10` are numbers,
            `no` and `1:30` are text.

    Returns:
        The document and no findings, or None and at least one finding.
    """
    findings = tuple(islice(_text_problems(path, data, max_bytes), MAX_FINDINGS))
    if findings:
        return None, findings
    try:
        if _may_hide(data):
            findings = tuple(islice(_structure_problems(path, data), MAX_FINDINGS))
            if findings:
                return None, findings
        root = _compose(data)
    except yaml.MarkedYAMLError as error:
        return None, (_syntax(path, data, error),)
    except yaml.YAMLError as error:
        return None, (Finding(Place(path, line=1), f"not YAML: {error}", "correct the file"),)
    reader = _Reader(path, tool=tool)
    value = reader.document(root)
    if reader.findings:
        return None, tuple(reader.findings)
    return Document(path, data, value), ()


class Marks:
    """Lines and columns of YAML or JSON text, composed once."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self._root: Node | None = None
        with contextlib.suppress(yaml.YAMLError, UnicodeDecodeError):
            if not (_may_hide(data) and any(_structure_problems(path, data))):
                self._root = _compose(data)

    def place(self, route: Route) -> Place:
        """Line and column of `route`; line 1 where the text cannot be parsed."""
        return _place(self.path, self._root, route)


def _may_hide(data: bytes) -> bool:
    """Whether the file could be deep, or holds what only its events show."""
    openers = data.count(b"[") + data.count(b"{")
    return openers > _SAFE_OPENERS or _MAY_HIDE.search(data) is not None


class _Composer(CParser):
    """libyaml's parser and composer with a resolver that only tells plain from quoted.

    The tag of an untagged scalar becomes the (plain, quoted) pair libyaml hands over, so a
    tag that is text was written in the file.
    """

    def descend_resolver(self, parent: object, index: object) -> None:
        """Nothing depends on the path of a node."""

    def ascend_resolver(self) -> None:
        """See `descend_resolver`."""

    def resolve(self, kind: type[Node], value: object, implicit: object) -> object:  # noqa: ARG002
        """The (plain, quoted) pair of a scalar; None or a flag for a collection."""
        return implicit


def _compose(data: bytes) -> Node | None:
    composer = _Composer(data)
    root: Node | None = composer.get_single_node()
    return root


def _place(path: str, root: Node | None, route: Route) -> Place:
    node, mark = root, root.start_mark if root is not None else None
    for key in route:
        step = _child(node, key)
        if step is None:
            break
        mark, node = step
    if mark is None:
        return Place(path, route, 1)
    return Place(path, route, mark.line + 1, mark.column + 1)


def _child(node: Node | None, key: str | int) -> tuple[Any, Node] | None:
    """Mark and node below `node` at `key`; a mapping entry is marked at its key."""
    if isinstance(node, MappingNode):
        for name, child in node.value:
            if name.value == key:
                return name.start_mark, child
    elif isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark, node.value[key]
    return None


def _text_problems(path: str, data: bytes, max_bytes: int) -> Iterator[Finding]:
    """Problems of the bytes themselves, before any YAML is read."""
    if len(data) > max_bytes:
        yield Finding(
            Place(path, line=1),
            f"the file has {len(data):,} bytes, more than the {max_bytes:,} allowed",
            "split the declaration; data and generated lists do not belong in it",
        )
        return
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        yield Finding(
            Place(path, line=1, column=1),
            "the file starts with a byte-order mark",
            "save it as UTF-8 without BOM",
        )
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        yield Finding(
            Place(path, line=line, column=column),
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
        )
        return
    if "\r" in text:
        yield Finding(
            _offset(path, text, text.index("\r")),
            "lines end with a carriage return",
            "save the file with LF line ends",
        )
        text = text.replace("\r", "")
    for match in _CONTROL.finditer(text):
        yield Finding(
            _offset(path, text, match.start()),
            f"control character U+{ord(match[0]):04X}",
            "remove it",
        )
    if not text.isascii():
        yield from _unicode_problems(path, text)


def _unicode_problems(path: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.isascii():
            continue
        for column, char in enumerate(line, start=1):
            if char > "\x7f" and (
                unicodedata.category(char) in {"Cf", "Co", "Cn", "Cs", "Zs"} or _BLANK.match(char)
            ):
                name = unicodedata.name(char, "unnamed")
                yield Finding(
                    Place(path, line=number, column=column),
                    f"invisible or unassigned character U+{ord(char):04X} ({name})",
                    "remove it, or write a plain space: a reader cannot see what a program would",
                )
        normal = unicodedata.normalize("NFC", line)
        if normal != line:
            same = sum(1 for _ in zip(line, normal, strict=False) if _[0] == _[1])
            yield Finding(
                Place(path, line=number, column=min(same, len(line)) + 1),
                "text is not in Unicode normal form C: two spellings would look the same",
                "retype the accented letters, or normalise the file to NFC",
            )


def _offset(path: str, text: str, index: int) -> Place:
    line = text.count("\n", 0, index) + 1
    return Place(path, line=line, column=index - text.rfind("\n", 0, index))


def _structure_problems(path: str, data: bytes) -> Iterator[Finding]:
    """Directives, anchors, bare tags and depth, from the event stream, which never recurses."""
    parser, lines, depth = _Composer(data), (data + b"\n").decode().split("\n"), 0
    while parser.check_event():
        event: Any = parser.get_event()
        if getattr(event, "anchor", None):
            yield _at(
                path,
                event.start_mark,
                f"anchor or alias `{shown(event.anchor)}`: what is reviewed stands elsewhere",
                "write the value out",
            )
        if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
            yield _at(
                path,
                event.start_mark,
                "a directive changes how the file is read",
                "remove the line that starts with `%`",
            )
        # libyaml drops a bare tag: `! 12` is a number to YAML 1.1 and text to 1.2
        if getattr(event, "tag", None) == "!" or (
            isinstance(event, yaml.ScalarEvent)
            and event.tag is None
            and event.start_mark is not None
            and lines[event.start_mark.line].startswith("!", event.start_mark.column)
        ):
            yield _at(path, event.start_mark, "tag `!` is refused", "remove the tag")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                yield _too_deep(path, event.start_mark)
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _too_deep(path: str, mark: Any) -> Finding:
    return _at(path, mark, f"nested more than {MAX_DEPTH} levels deep", "flatten the declaration")


def _at(path: str, mark: Any, problem: str, fix: str) -> Finding:
    return Finding(Place(path, line=mark.line + 1, column=mark.column + 1), problem, fix)


def _syntax(path: str, data: bytes, error: yaml.MarkedYAMLError) -> Finding:
    problem = error.problem or "not YAML"
    mark: Any = error.problem_mark or error.context_mark
    lines = len(data.splitlines())
    if mark.line >= lines and error.context_mark:
        mark = error.context_mark  # what never ends is mended where it begins
    at = Place(path, line=min(mark.line + 1, lines), column=mark.column + 1)
    if "another document" in problem:
        return Finding(at, "a second document starts here", "keep one document per file")
    if "undefined alias" in problem or "duplicate anchor" in problem:
        return Finding(at, f"{problem}: anchors and aliases are refused", "write the value out")
    context = f"{error.context}: " if error.context else ""
    return Finding(at, f"not YAML: {context}{problem}", "correct the syntax at this line")


class _EnoughFindings(Exception):
    """The file has more problems than are told."""


class _Reader:
    """Turns nodes into values and keeps every problem met on the way."""

    def __init__(self, path: str, *, tool: bool) -> None:
        self.path = path
        self.tool = tool
        self.findings: list[Finding] = []

    def _refuse(self, node: Node, problem: str, fix: str) -> None:
        self._add(_at(self.path, node.start_mark, problem, fix))

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        if len(self.findings) == MAX_FINDINGS:
            raise _EnoughFindings

    def document(self, root: Node | None) -> Value:
        """The value of a whole file; None where a finding was added."""
        if root is None:
            return None
        if isinstance(root, ScalarNode) and root.style in {"|", ">"}:
            # its lines may start with `#` in column 1, which libyaml reads as a comment
            self._refuse(root, "the file is one block of text", "write a mapping of keys")
            return None
        try:
            return self.value(root, 1)
        except _EnoughFindings:
            return None

    def value(self, node: Node, depth: int) -> Value:
        """The value of `node`; None where a finding was added."""
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        tag: Any = node.tag
        if isinstance(tag, str):
            self._refuse(node, f"tag `{shown(tag)}` is refused", "remove the tag")
            return None
        if depth > MAX_DEPTH:
            self._add(_too_deep(self.path, node.start_mark))
            return None
        if isinstance(node, SequenceNode):
            return [self.value(child, depth + 1) for child in node.value]
        return self._mapping(node, depth)

    def _mapping(self, node: Node, depth: int) -> Value:
        seen: dict[str, Value] = {}
        for name, child in node.value:
            key = self._key(name)
            value = self.value(child, depth + 1)
            if key is None:
                continue
            if key in seen:
                first = next(n for n, _ in node.value if n.value == key)
                self._refuse(
                    name,
                    f"`{shown(key)}` is given twice (first in line {first.start_mark.line + 1})",
                    "keep one of the two",
                )
            seen[key] = value
        return seen

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, ScalarNode):
            self._refuse(node, "a key must be text", "write the key as a plain word")
            return None
        text: str = node.value
        tag: Any = node.tag
        if tag == _QUOTED:
            return text
        if text == "<<":
            self._refuse(node, "merge key `<<` is refused", "write the merged keys out")
            return None
        before = len(self.findings)
        value = self._scalar(node)
        if len(self.findings) > before:
            return None
        if not isinstance(value, str):
            self._refuse(node, f"key `{text}` is not text", f'quote it: "{text}"')
            return None
        return value

    def _scalar(self, node: Node) -> Value:
        text: str = node.value
        tag: Any = node.tag
        if tag == _QUOTED:
            return text
        if tag != _PLAIN:
            self._refuse(node, f"tag `{shown(tag)}` is refused", "remove the tag")
            return None
        if text in _WORDS:
            return _WORDS[text]
        if text[0] in "0123456789-+.":
            return self._number(node, text)
        if text in _TWO_FACED and not (self.tool and text in _TEXT_TO_TOOLS):
            meaning = _meaning(text)
            self._refuse(
                node,
                f"`{text}` is read as {meaning} by some programs and as text by others",
                f'write {meaning}, or quote it: "{text}"',
            )
            return None
        if text in {"=", "<<"}:
            self._refuse(node, f"`{text}` has a special meaning in YAML 1.1", "quote it")
            return None
        return text

    def _number(self, node: Node, text: str) -> Value:
        if _INTEGER.fullmatch(text):
            number = int(text) if len(text) < 21 else _MAX_INTEGER + 1  # noqa: PLR2004 - 2**63 has 19 digits
            if abs(number) <= _MAX_INTEGER:
                return number
            self._refuse(node, "integer beyond 64 bits", "quote it if it is an identifier")
            return None
        if _DECIMAL.fullmatch(text):
            value = float(text)
            if value - value == 0:  # finite
                return value
            self._refuse(node, "number beyond the range of a float", "write a smaller number")
            return None
        if self.tool and _TOOL_NUMBER.fullmatch(text) and math.isfinite(value := float(text)):
            return value
        if _DAY.match(text) and not self.tool:
            problem = f"`{shown(text)}` is a date to some programs and text to others"
            self._refuse(node, problem, f'quote it: "{shown(text)}"')
            return None
        if _LOSSY.fullmatch(text):
            self._refuse(
                node,
                f"`{shown(text)}` would lose its last zero",
                f'write {shown(_trimmed(text))} for the number, or "{shown(text)}" for a version',
            )
            return None
        timelike = self.tool and ":" in text  # base 60 is gone from YAML 1.2
        if _NUMBERISH.fullmatch(text) and text not in {"-", "+", "."} and not timelike:
            self._refuse(
                node,
                f"`{shown(text)}` is a number to some programs and text to others",
                f'write it as a plain decimal number, or quote it: "{shown(text)}"',
            )
            return None
        return text


def _trimmed(text: str) -> str:
    """The decimal number without the zeros that say nothing."""
    whole, _, digits = text.partition(".")
    return f"{whole}.{digits.rstrip('0') or '0'}"


def shown(text: str, most: int = _SHOWN) -> str:
    """The text on one line and at most `most` characters long, for a message."""
    line = text if text.isprintable() else repr(text)[1:-1]
    return line if len(line) <= most else line[:most] + "…"


def _meaning(word: str) -> str:
    """What YAML 1.1 makes of a two-faced word."""
    if word.lower() in {"~", "null"}:
        return "null"
    return "true" if word.lower() in {"yes", "on", "y", "true"} else "false"
