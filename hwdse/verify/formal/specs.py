"""Generates the Verilog of specifications and wrappers, and explains port values in words.

A proof compares records as plain fixed-point numbers. The *view* of a record consists of the sign,
the magnitude in units of 2^`exponent_min`, and flags for special values. The caller computes the
tables and thresholds of specifications from a reference that is independent of the hardware.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hwdse.formats import Format, Unpacked, UnpackedShape

#: Widest key of one case statement, in bits.
_CASE_BITS = 8


@dataclass(frozen=True, kw_only=True)
class View:
    """Verilog that shows a record as a number.

    The names of the record's ports start with the prefix and two underscores.

    Attributes:
        shape: bounds of the record.
        prefix: prefix of the port names.
    """

    shape: UnpackedShape
    prefix: str

    @property
    def width(self) -> int:
        """Bits of the magnitude. The most negative two's-complement word needs one more bit."""
        return self.shape.fixed_point_bits + self.shape.twos_complement

    def ports(self) -> dict[str, int]:
        """Return the widths of the record's ports by name."""
        shape = self.shape
        widths = {"significand": shape.significand_bits}
        if not shape.twos_complement:
            widths |= {"zero": 1} | ({"sign": 1} if shape.signed else {})
        if shape.exponent_bits:
            widths["exponent"] = shape.exponent_bits
        if shape.has_nan:
            widths["nan"] = 1
        if shape.has_inf:
            widths["inf"] = 1
            if shape.twos_complement:
                widths["inf_sign"] = 1
        return {f"{self.prefix}__{name}": width for name, width in widths.items()}

    def declarations(self) -> str:
        """Return wires `{prefix}_negative`, `_magnitude`, `_nan`, `_inf`, `_finite` and `_legal`.

        For NaN and infinity the magnitude is 0. For NaN the sign is 0 too. A finite record is legal
        if the exponent is within the bounds of the shape and the `zero` flag is correct. A NaN or
        infinite record is legal if the `zero` flag is 0.
        """
        p, shape, ports = self.prefix, self.shape, self.ports()
        significand = f"{p}__significand"

        def port(name: str) -> str:
            return f"{p}__{name}" if f"{p}__{name}" in ports else "1'b0"

        sign, inf_sign, magnitude = port("sign"), port("sign"), significand
        if shape.twos_complement:
            sign, inf_sign = f"{significand}[{shape.significand_bits - 1}]", port("inf_sign")
            magnitude = f"({sign} ? -{significand} : {significand})"
        least, greatest = (
            end - shape.exponent_origin for end in (shape.exponent_min, shape.exponent_max)
        )
        place, bounds, hint = "0", [], port("zero")
        if shape.exponent_bits:
            place = f"({p}__exponent - {least})"
            # The exponent of zero may lie below the smallest exponent.
            zero = f"{significand} == 0"
            bounds = [f"{p}__exponent <= {greatest}", f"({zero} || {p}__exponent >= {least})"]
        if f"{p}__zero" in ports:
            bounds.append(f"{hint} == ({significand} == 0)")
        return f"""
  wire {p}_nan = {port("nan")};
  wire {p}_inf = {port("inf")} & ~{p}_nan;
  wire {p}_finite = ~({p}_nan | {p}_inf);
  wire {p}_negative = ~{p}_nan & ({p}_inf ? {inf_sign} : {sign});
  wire [{shape.significand_bits - 1}:0] {p}_absolute = {magnitude};
  wire [{self.width - 1}:0] {p}_placed = {p}_absolute;
  wire [{self.width - 1}:0] {p}_magnitude = {p}_finite ? {p}_placed << {place} : 0;
  wire {p}_legal = {p}_finite ? {" && ".join(bounds) or "1'b1"} : !{hint};
"""


def module(
    name: str, inputs: Mapping[str, int], outputs: Mapping[str, int], body: Sequence[str]
) -> str:
    """Return a Verilog module. `inputs` and `outputs` map port names to widths."""
    ports = [f"input [{width - 1}:0] {port}" for port, width in inputs.items()]
    ports += [f"output [{width - 1}:0] {port}" for port, width in outputs.items()]
    return "\n".join([f"module {name}({', '.join(ports)});", *body, "endmodule", ""])


def table(
    name: str,
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    rows: Mapping[int, Mapping[str, int]],
) -> str:
    """Return a module with a table: `rows` lists the outputs for every value of the inputs.

    The key of a row joins all inputs, with the first input in the high bits.

    Raises:
        ValueError: a key has no row, or an output value is too wide for the port.
    """
    bits = sum(inputs.values())
    if sorted(rows) != list(range(1 << bits)):
        raise ValueError(f"{len(rows)} rows: all {1 << bits} values of {', '.join(inputs)} needed")
    widths = list(outputs.values())
    total = sum(widths)
    words = []
    for code, row in sorted(rows.items()):
        word = 0
        for output, width in outputs.items():
            if not 0 <= row[output] < 1 << width:
                raise ValueError(f"{output} of row {code} is {row[output]}: {width} bits are there")
            word = word << width | row[output]
        words.append(f"{total}'h{word:x}")
    lines = [
        f"  wire [{bits - 1}:0] key = {{{', '.join(inputs)}}};",
        f"  reg [{total - 1}:0] row;",
        f"  assign {{{', '.join(outputs)}}} = row;",
        *("  always @*", *_choice(words, bits)),
    ]
    return module(name, inputs, outputs, lines)


def _choice(words: Sequence[str], bits: int) -> list[str]:
    """Return a statement that sets `row` to one of the words, selected by the low bits of `key`.

    Yosys runs out of stack on a case statement with thousands of rows. Therefore long lists are
    split in halves.
    """
    if bits <= _CASE_BITS:
        cases = [f"      {bits}'d{k}: row = {word};" for k, word in enumerate(words)]
        return [f"    case (key[{bits - 1}:0])", *cases, "    endcase"]
    half = len(words) // 2
    low, high = (_choice(part, bits - 1) for part in (words[:half], words[half:]))
    return [f"    if (key[{bits - 1}])", *high, "    else", *low]


def steps(code_of: Callable[[int], int], bits: int) -> list[tuple[int, int]]:
    """Find the arguments in 0..2^bits - 1 at which a function changes, by bisection.

    Every function value must come from one interval of arguments. This holds for roundings.

    Returns:
        For each function value, the smallest argument and the value.
    """
    found = [(0, code_of(0))]

    def search(low: int, low_code: int, high: int, high_code: int) -> None:
        if low_code == high_code:
            return
        if high == low + 1:
            found.append((high, high_code))
            return
        middle = (low + high) // 2
        middle_code = code_of(middle)
        search(low, low_code, middle, middle_code)
        search(middle, middle_code, high, high_code)

    last = (1 << bits) - 1
    search(0, found[0][1], last, code_of(last))
    return found


def staircase(argument: str, width: int, stairs: Sequence[tuple[int, int]]) -> str:
    """Return nested comparisons in Verilog for a function, given by the result of `steps`."""
    if len(stairs) == 1:
        return str(stairs[0][1])
    middle = len(stairs) // 2
    upper = staircase(argument, width, stairs[middle:])
    lower = staircase(argument, width, stairs[:middle])
    return f"({argument} >= {width}'h{stairs[middle][0]:x} ? {upper} : {lower})"


def encoder_by_thresholds(
    shape: UnpackedShape,
    bits: int,
    code_of: Callable[[bool, int], int],
    *,
    nan: int,
    infinities: tuple[int, int],
) -> str:
    """Return the module `spec` of an encoder, with input record `i` and output code `o`.

    Args:
        shape: bounds of the record.
        bits: width of the code.
        code_of: function that returns the code of a number. The arguments are a flag for negative
            numbers and the magnitude in units of 2^`shape.exponent_min`.
        nan: code of NaN.
        infinities: codes of positive and negative infinity.
    """
    view = View(shape=shape, prefix="i")
    argument = "i_magnitude"
    plus, minus = (
        staircase(argument, view.width, steps(lambda m, n=n: code_of(n, m), view.width))  # type: ignore[misc]
        for n in (False, True)
    )
    finite = f"(i_negative ? {minus} : {plus})" if shape.signed else plus
    body = [
        view.declarations(),
        f"  assign o = i_nan ? {nan} : i_inf ? (i_negative ? {infinities[1]} : {infinities[0]})",
        f"    : {finite};",
        "  always @* assume (i_legal);",
    ]
    return module("spec", view.ports(), {"o": bits}, body)


#: Outputs of a wrapper that show the meaning of a record, except the magnitude.
_VIEW = {"nan": 1, "inf": 1, "negative": 1, "legal": 1}


def record_view(
    shape: UnpackedShape,
    inputs: Mapping[str, int],
    *,
    extra: Sequence[str] = (),
    legal_specials: bool = True,
) -> tuple[str, dict[str, int]]:
    """Return a wrapper `top` around a module `gate` that shows the meaning of the record `o`.

    Args:
        shape: shape of the record `o`.
        inputs: inputs of the gate, with their widths.
        extra: further outputs of the gate, which the proof ignores.
        legal_specials: True if NaN and infinite records must be legal too.

    Returns:
        The Verilog text of the wrapper, and the outputs of the wrapper with their widths.
    """
    view = View(shape=shape, prefix="o")
    outputs = {**_VIEW, "magnitude": view.width}
    ports = view.ports()
    joined = [f".{port}({port})" for port in (*inputs, *ports)] + [f".{port}()" for port in extra]
    body = [
        *(f"  wire [{width - 1}:0] {port};" for port, width in ports.items()),
        f"  gate gate({', '.join(joined)});",
        view.declarations(),
        *(f"  assign {output} = o_{output};" for output in outputs if output != "legal"),
        f"  assign legal = o_legal{'' if legal_specials else ' | ~o_finite'};",
    ]
    return module("top", inputs, outputs, body), outputs


def view_row(value: Unpacked, shape: UnpackedShape, at: int) -> dict[str, int]:
    """Return the outputs of a `record_view` wrapper for one exact value.

    Raises:
        ValueError: the value has bits below the lowest bit of the shape.
    """
    up = int(value.exponent[at]) - shape.exponent_min
    significand = int(value.significand[at])
    magnitude = significand << up if up >= 0 else significand >> -up
    if up < 0 and magnitude << -up != significand:
        raise ValueError(f"{significand} * 2^{int(value.exponent[at])} has bits below {shape}")
    nan, inf = bool(value.nan[at]), bool(value.inf[at])
    negative = bool(value.sign[at]) and not nan
    return {
        "nan": nan,
        "inf": inf,
        "negative": negative,
        "legal": 1,
        "magnitude": 0 if nan or inf else magnitude,
    }


def described(shape: UnpackedShape) -> str:
    """Describe the shape of a record, for names of claims."""
    bits = f"{shape.significand_bits} bits"
    if shape.exponent_min == shape.exponent_max:
        return f"{bits} in units of 2^{shape.exponent_min}"
    return f"{bits} in units of 2^{shape.exponent_min} to 2^{shape.exponent_max}"


Meaning = Callable[[Mapping[str, int]], str]


def codes_mean(formats: Mapping[str, Format]) -> Meaning:
    """Return a function that states the values of codes. `formats` gives the format by port."""

    def meaning(values: Mapping[str, int]) -> str:
        return ", ".join(
            f"{port} is {_number(f.decode(np.array([values[port]]))[0])}"
            for port, f in formats.items()
            if port in values
        )

    return meaning


def view_means(shape: UnpackedShape) -> Meaning:
    """Return a function that states the number that the outputs of a `record_view` show."""

    def meaning(values: Mapping[str, int]) -> str:
        if "magnitude" not in values:
            return ""
        if values["nan"] or values["inf"]:
            return "NaN" if values["nan"] else f"{'-' * values['negative']}infinity"
        number = values["magnitude"] * Fraction(2) ** shape.exponent_min
        return f"{'-' * values['negative']}{_number(number)}"

    return meaning


def record_means(shape: UnpackedShape, prefix: str = "i") -> Meaning:
    """Return a function that states the number that the ports of a record show."""
    view = View(shape=shape, prefix=prefix)

    def meaning(values: Mapping[str, int]) -> str:
        if f"{prefix}__significand" not in values:
            return ""
        found = {name: values.get(f"{prefix}__{name}", 0) for name in _RECORD}
        if found["nan"]:
            return f"{prefix} is NaN"
        negative, significand = found["sign"], found["significand"]
        if shape.twos_complement:
            negative = significand >> (shape.significand_bits - 1)
            significand = (1 << shape.significand_bits) - significand if negative else significand
        if found["inf"]:
            negative = found["inf_sign"] if shape.twos_complement else negative
            return f"{prefix} is {'-' * negative}infinity"
        origin = shape.exponent_origin if shape.exponent_bits else shape.exponent_min
        number = significand * Fraction(2) ** (found["exponent"] + origin)
        return f"{view.prefix} is {'-' * negative}{_number(number)}"

    return meaning


_RECORD = ("sign", "significand", "exponent", "nan", "inf", "inf_sign")


def together(*meanings: Meaning) -> Meaning:
    """Return a function that joins the texts of several meanings, without empty texts."""
    return lambda values: ", ".join(filter(None, (meaning(values) for meaning in meanings)))


def _number(value: Any) -> str:
    try:
        return f"{float(value):.9g}"
    except OverflowError:
        return str(value)
