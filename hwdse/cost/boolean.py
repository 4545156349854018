"""Compiles Boolean functions of Liberty cells to Python functions on words of parallel lanes."""

import re
from collections.abc import Callable

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


def compile_function(text: str) -> tuple[tuple[str, ...], Callable[..., int]]:
    """Compile a Liberty Boolean function such as `!((A1 & A2) | B)`.

    Args:
        text: the function. Operators are `!` `'` `^` `&` `*` `|` `+`. Juxtaposition means AND.

    Returns:
        The input names in order of appearance, and a Python function. The arguments of the function
        are `ones` (the word with the bits of all lanes set) and then one word per input. The
        function returns the word of the output.

    Raises:
        TechnologyError: the text is not a Boolean function.
    """
    parser = _Parser(text)
    body = parser.parse()
    names = tuple(parser.names)
    arguments = ", ".join(("ones", *(f"v_{name}" for name in names)))
    # `eval` is safe: the parser wrote `body`, which contains only names, the constants 0 and
    # `ones`, parentheses and the operators ~ & | ^.
    function: Callable[..., int] = eval(f"lambda {arguments}: {body} & ones")
    return names, function
