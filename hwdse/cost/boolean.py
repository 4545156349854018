"""Boolean functions of Liberty cells, compiled to functions on words of parallel lanes."""

import re
from collections.abc import Callable

from hwdse.errors import TechnologyError

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|[01]|[!'^&*|+()])")


class _Parser:
    """Recursive descent over one function, writing a fully parenthesised Python expression.

    Precedence of the Liberty User Guide, tightest first: postfix `'` and prefix `!`; `^`; `*`, `&`
    and juxtaposition; `+` and `|`.
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
        text: the function; operators `!` `'` `^` `&` `*` `|` `+`, juxtaposition for AND.

    Returns:
        The input names in order of appearance, and a function of `ones` (the word with the bit of
        every lane set) and one word for each input, which gives the word of the output.

    Raises:
        TechnologyError: the text is no Boolean function.
    """
    parser = _Parser(text)
    body = parser.parse()
    names = tuple(parser.names)
    arguments = ", ".join(("ones", *(f"v_{name}" for name in names)))
    # The parser wrote every character of `body`: names, parentheses and ~ & | ^ alone.
    function: Callable[..., int] = eval(f"lambda {arguments}: {body} & ones")
    return names, function
