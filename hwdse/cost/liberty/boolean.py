"""Truth tables of the Boolean functions of Liberty cells."""

import re
from collections.abc import Callable, Mapping
from functools import cache

from hwdse.errors import TechnologyError

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|[01]|[!'^&*|+()])")


class _Parser:
    """Recursive-descent parser that translates one function to a parenthesised Python expression.

    Precedence follows the Liberty User Guide. From tightest to loosest: postfix `'` and prefix `!`;
    then `^`; then `*`, `&` and juxtaposition; then `+` and `|`.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        self.names: dict[str, None] = {}
        position = 0
        stripped = text.strip()
        while position < len(stripped):
            match = _TOKEN.match(stripped, position)
            if match is None:
                raise self.error()
            self.tokens.append(match.group(1))
            position = match.end()

    def error(self) -> TechnologyError:
        return TechnologyError(f"cannot read the cell function {self.text!r}")

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def parse(self) -> str:
        result = self.disjunction()
        if self.tokens:
            raise self.error()
        return result

    def disjunction(self) -> str:
        terms = [self.conjunction()]
        while self.peek() in ("+", "|"):
            self.tokens.pop(0)
            terms.append(self.conjunction())
        return f"({' | '.join(terms)})"

    def conjunction(self) -> str:
        terms = [self.parity()]
        while self.peek() and self.peek() not in "+|)":
            if self.peek() in "*&":
                self.tokens.pop(0)
            terms.append(self.parity())
        return f"({' & '.join(terms)})"

    def parity(self) -> str:
        terms = [self.literal()]
        while self.peek() == "^":
            self.tokens.pop(0)
            terms.append(self.literal())
        return f"({' ^ '.join(terms)})"

    def literal(self) -> str:
        if not self.tokens:
            raise self.error()
        token = self.tokens.pop(0)
        if token == "!":
            return f"(~{self.literal()})"
        if token == "(":
            result = self.disjunction()
            if self.peek() != ")":
                raise self.error()
            self.tokens.pop(0)
        elif token in ("0", "1"):
            result = "ones" if token == "1" else "0"
        elif token[0].isalpha() or token[0] == "_":
            self.names[token] = None
            result = f"v_{token}"
        else:
            raise self.error()
        while self.peek() == "'":
            self.tokens.pop(0)
            result = f"(~{result})"
        return result


@cache
def _compiled(text: str) -> tuple[tuple[str, ...], Callable[..., int]]:
    parser = _Parser(text)
    body = parser.parse()
    names = tuple(parser.names)
    arguments = ", ".join(("ones", *(f"v_{name}" for name in names)))
    # `eval` is safe: the parser wrote `body`, which contains only names, the constants 0 and
    # `ones`, parentheses and the operators ~ & | ^.
    function: Callable[..., int] = eval(f"lambda {arguments}: {body} & ones")
    return names, function


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in a Boolean function, in order of appearance.

    Raises:
        TechnologyError: the text is not a Boolean function.
    """
    return _compiled(text)[0]


def variable(place: int, count: int) -> int:
    """Return the truth table of variable number `place` of `count` variables."""
    period = 1 << (place + 1)
    ones = (1 << (1 << count)) - 1
    half = ((1 << (1 << place)) - 1) << (1 << place)
    return half * (ones // ((1 << period) - 1)) if period < 1 << count else half


def truth_table(text: str, words: Mapping[str, int], count: int) -> int:
    """Evaluate a Boolean function such as `!((A1 & A2) | B)` for all values of `count` variables.

    Args:
        text: the function. Operators are `!` `'` `^` `&` `*` `|` `+`. Juxtaposition means AND.
        words: truth table of each name that the function may use. Bit number s of a truth table is
            the value if variable number i has the value of bit i of s.
        count: number of variables.

    Returns:
        The truth table of the function, an integer of 2**`count` bits.

    Raises:
        TechnologyError: the text is not a Boolean function, or uses an unknown name.
    """
    names, function = _compiled(text)
    unknown = [name for name in names if name not in words]
    if unknown:
        raise TechnologyError(f"the cell function {text!r} uses {unknown[0]}, which is no pin")
    return function((1 << (1 << count)) - 1, *(words[name] for name in names))
