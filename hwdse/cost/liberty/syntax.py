"""Splits a Liberty text into its groups and statements, without giving them a meaning.

Standard-cell libraries state area, timing and power in Liberty, a text format (Liberty User Guide,
Synopsys). Liberty has groups `name (arguments) { ... }`, simple attributes `name : value;` and
complex attributes `name (values);`. Some libraries leave out semicolons at the end of a line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hwdse.errors import TechnologyError
from hwdse.reading import MEBIBYTE, read_bytes, unpacked

#: One corner of a large commercial library has some hundred MiB of text.
_MAX_BYTES = 1024 * MEBIBYTE

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STATEMENT = re.compile(
    r"""\s*(?:
        (?P<close>\})
      | (?P<name>[A-Za-z_][\w.\-]*)\s*
        (?: :\s*(?P<value>"[^"]*"|[^;{}"\n]*)\s*?(?:;|(?=[\n}]))
          | \((?P<arguments>(?:"[^"]*"|[^"(){}])*)\)\s*(?:(?P<open>\{)|;?)
        )
      | ;
    )""",
    re.VERBOSE,
)
_WORD = re.compile(r'"([^"]*)"|([^\s,"]+)')


@dataclass
class LibertyGroup:
    """A group of a Liberty text.

    Attributes:
        kind: name of the group, such as `cell`.
        arguments: words in the parentheses, such as the name of the cell.
        attributes: simple attributes by name. The last one of a name counts.
        lists: complex attributes in order: name and words in the parentheses.
        groups: groups inside this one, in order.
    """

    kind: str
    arguments: list[str]
    attributes: dict[str, str] = field(default_factory=dict)
    lists: list[tuple[str, list[str]]] = field(default_factory=list)
    groups: list["LibertyGroup"] = field(default_factory=list)

    def all(self, *kinds: str) -> Iterator["LibertyGroup"]:
        """Groups of some kinds directly inside this one."""
        return (group for group in self.groups if group.kind in kinds)

    def words(self, name: str) -> list[str]:
        """Words of the last complex attribute of a name; empty if there is none."""
        return next((words for given, words in reversed(self.lists) if given == name), [])

    def numbers(self, name: str) -> list[float]:
        """Numbers of the last complex attribute of a name; empty if there is none.

        Raises:
            ValueError: a word is not a number.
        """
        joined = " ".join(self.words(name)).replace(",", " ")
        return [float(word) for word in joined.split()]

    def text(self, name: str, default: str = "") -> str:
        """A simple attribute, or a complex attribute of one word."""
        if name in self.attributes:
            return self.attributes[name]
        words = self.words(name)
        return words[0] if len(words) == 1 else default

    def number(self, name: str, default: float = 0.0) -> float:
        """A simple attribute that is a number.

        Raises:
            ValueError: the value is not a number.
        """
        text = self.text(name)
        return float(text) if text else default


def read_text(path: Path) -> str:
    """Read the text of a Liberty file. Decompress the file if the name ends in `.gz`.

    Raises:
        TechnologyError: the file cannot be read.
    """
    raw = read_bytes(path, "cell library", TechnologyError, most=_MAX_BYTES)
    if path.suffix == ".gz":
        raw = unpacked(raw, path, "cell library", TechnologyError, most=_MAX_BYTES)
    return raw.decode("utf-8", "replace")


def _words(text: str) -> list[str]:
    return [quoted or bare for quoted, bare in _WORD.findall(text)]


def parse(text: str, name: str) -> LibertyGroup:
    """Return the group `library` of a Liberty text.

    Args:
        text: the whole text.
        name: name of the file, for error messages.

    Raises:
        TechnologyError: the text is empty, ends early, or is not one Liberty library.
    """
    clean = _COMMENT.sub(" ", text).replace("\\\r\n", " ").replace("\\\n", " ")
    if not clean.strip():
        raise TechnologyError(f"{name} is empty: a Liberty file is one `library (...) {{ ... }}`")
    root = LibertyGroup("", [])
    stack = [root]
    position = 0
    end = len(clean.rstrip())
    match_at = _STATEMENT.match
    while position < end:
        match = match_at(clean, position)
        if match is None:
            break
        position = match.end()
        kind = match["name"]
        if kind is not None:
            if match["open"]:
                group = LibertyGroup(kind, _words(match["arguments"]))
                stack[-1].groups.append(group)
                stack.append(group)
            elif match["value"] is not None:
                stack[-1].attributes[kind] = match["value"].strip().strip('"').strip()
            else:
                stack[-1].lists.append((kind, _words(match["arguments"])))
        elif match["close"]:
            stack.pop()
            if not stack:
                break
    if position < end:
        line = clean.count("\n", 0, position) + 1
        near = " ".join(clean[position : position + 60].split())
        raise TechnologyError(
            f"{name} is not a Liberty file: nothing of Liberty starts with {near!r} "
            f"(near line {line})"
        )
    if len(stack) > 1:
        raise TechnologyError(f"{name} ends early: group `{stack[-1].kind}` is not closed")
    if not stack or len(root.groups) != 1 or root.groups[0].kind != "library":
        raise TechnologyError(
            f"{name} is not a Liberty file: it is not one `library (...) {{ ... }}`"
        )
    return root.groups[0]
