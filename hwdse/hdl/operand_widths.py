"""Makes operand widths explicit in RTLIL, so that the Verilog leaves no width to a language rule.

Amaranth and Yosys leave operands to the implicit extension of Verilog. Linters rightly warn of
implicit extension: here every operand is extended explicitly. The functions work on the text of a
flattened module. There, a cell is a `cell TYPE NAME` line, `parameter` and `connect` lines, and
`end`.
"""

import re

# Not $mul: a product is always wider than its operands, and linters know this. Synthesis maps the
# operands as written to multiplier blocks.
_ARITHMETIC = frozenset({"$add", "$sub", "$and", "$or", "$xor", "$xnor"})
_COMPARISON = frozenset({"$lt", "$le", "$eq", "$ne", "$ge", "$gt"})
_UNARY = frozenset({"$not", "$pos", "$neg"})

_WIRE = re.compile(r"^  wire (?:width (\d+) )?.*?(\S+)$")
_FIELD = re.compile(r"^    (parameter|connect) (?:signed )?(\\\S+) (.*)$")
_FIRST_TERM = re.compile(r"^\{ (\d+'[01xz]+|\S+(?: \[\d+(?::\d+)?\])?) ")


def extend_operands(text: str) -> str:
    """RTLIL of one module, with every operand extended to the width of its operator."""
    widths = {
        match[2]: int(match[1] or 1)
        for match in map(_WIRE.match, text.splitlines())
        if match is not None
    }
    lines, cell = [], []
    for line in text.splitlines():
        if line.startswith("  cell "):
            cell = [line]
        elif cell:
            cell.append(line)
            if line == "  end":
                lines += _extended(cell, widths)
                cell = []
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _extended(cell: list[str], widths: dict[str, int]) -> list[str]:
    """One cell, with extended operands if the cell type needs operands of equal width."""
    kind = cell[0].split()[1]
    fields = {match[2]: match[3] for match in map(_FIELD.match, cell) if match is not None}
    if kind == "$logic_not":
        # `!` is for one bit: the test for zero becomes a comparison.
        return _as_zero_test(cell, fields)
    if kind in _ARITHMETIC:
        width = max(int(fields[f"\\{x}_WIDTH"]) for x in "ABY")
        operands = "AB"
    elif kind in _COMPARISON:
        width = max(int(fields[f"\\{x}_WIDTH"]) for x in "AB")
        operands = "AB"
    elif kind in _UNARY:
        width = max(int(fields[f"\\{x}_WIDTH"]) for x in "AY")
        operands = "A"
    else:
        return cell
    for operand in operands:
        have = int(fields[f"\\{operand}_WIDTH"])
        signed = all(int(fields[f"\\{x}_SIGNED"]) for x in operands)
        value = _extend(fields[f"\\{operand}"], width - have, signed=signed, widths=widths)
        # In full width a sum is the same bits with and without sign; a comparison is not.
        unsigned = kind not in _COMPARISON
        cell = [_replaced(line, operand, value, width, unsigned=unsigned) for line in cell]
    return cell


def _as_zero_test(cell: list[str], fields: dict[str, str]) -> list[str]:
    width, signed = fields["\\A_WIDTH"], fields["\\A_SIGNED"]
    head = cell[0].replace("$logic_not", "$eq", 1)
    extra = [
        f"    parameter \\B_SIGNED {signed}",
        f"    parameter \\B_WIDTH {width}",
        f"    connect \\B {width}'{'0' * int(width)}",
    ]
    return [head, *extra, *cell[1:]]


def _replaced(line: str, operand: str, value: str, width: int, *, unsigned: bool) -> str:
    match = _FIELD.match(line)
    if match is None:
        return line
    if match[2] == f"\\{operand}_SIGNED" and unsigned:
        return f"    parameter {match[2]} 0"
    if match[2] == f"\\{operand}_WIDTH":
        return f"    parameter {match[2]} {width}"
    if match[2] == f"\\{operand}" and match[1] == "connect":
        return f"    connect {match[2]} {value}"
    return line


def _extend(value: str, by: int, *, signed: bool, widths: dict[str, int]) -> str:
    if by <= 0:
        return value
    if not signed:
        return f"{{ {by}'{'0' * by} {value} }}"
    return "{ " + " ".join([_top_bit(value, widths)] * by) + f" {value} }}"


def _top_bit(value: str, widths: dict[str, int]) -> str:
    """The most significant bit of a sigspec, as a sigspec."""
    first = _FIRST_TERM.match(value)
    if first is not None:
        return _top_bit(first[1], widths)
    constant = re.fullmatch(r"\d+'([01xz]).*", value)
    if constant is not None:
        return f"1'{constant[1]}"
    if re.fullmatch(r"-?\d+", value):
        # A bare number is a constant of 32 bits.
        return "1'1" if value.startswith("-") else "1'0"
    part = re.fullmatch(r"(\S+) \[(\d+)(?::\d+)?\]", value)
    if part is not None:
        return f"{part[1]} [{part[2]}]"
    width = widths[value]
    return value if width == 1 else f"{value} [{width - 1}]"
