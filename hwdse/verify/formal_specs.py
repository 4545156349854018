"""Verilog of specifications and wrappers, for claims about codecs.

What crosses a port is compared as a number in plain fixed point: the *view* of a record is its
sign, its magnitude in units of 2^`exponent_min`, and its special values. Tables and thresholds of
specifications are computed by the caller, from a reference that owes nothing to the hardware.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hwdse.formats import UnpackedShape


@dataclass(frozen=True, kw_only=True)
class View:
    """A record as a number, in Verilog; the ports are named with the prefix and two underscores.

    Attributes:
        shape: bounds of the record.
        prefix: of the port names.
    """

    shape: UnpackedShape
    prefix: str

    @property
    def width(self) -> int:
        """Bits of the magnitude; the most negative two's-complement word needs one more."""
        return self.shape.fixed_point_bits + self.shape.twos_complement

    def ports(self) -> dict[str, int]:
        """Widths of the record's ports by name."""
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
        """Wires `{prefix}_negative`, `_magnitude`, `_nan`, `_inf`, `_finite` and `_legal`.

        Under NaN and infinity the magnitude is 0, and under NaN the sign. A record is legal if its
        exponent and its hint of zero are what its shape promises.
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
            # The exponent of zero may lie below the least.
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
    """A Verilog module; ports by name with their widths."""
    ports = [f"input [{width - 1}:0] {port}" for port, width in inputs.items()]
    ports += [f"output [{width - 1}:0] {port}" for port, width in outputs.items()]
    return "\n".join([f"module {name}({', '.join(ports)});", *body, "endmodule", ""])


def table(
    name: str,
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    rows: Mapping[int, Mapping[str, int]],
) -> str:
    """A module with one input whose outputs are listed for every value of it."""
    ((port, bits),) = inputs.items()
    if sorted(rows) != list(range(1 << bits)):
        raise ValueError(f"{len(rows)} rows: all {1 << bits} values of {port} are needed")
    widths = list(outputs.values())
    total = sum(widths)
    lines = [f"  reg [{total - 1}:0] row;", f"  assign {{{', '.join(outputs)}}} = row;"]
    lines += ["  always @*", f"    case ({port})"]
    for code, row in sorted(rows.items()):
        word = 0
        for output, width in outputs.items():
            if not 0 <= row[output] < 1 << width:
                raise ValueError(f"{output} of row {code} is {row[output]}: {width} bits are there")
            word = word << width | row[output]
        lines.append(f"      {bits}'d{code}: row = {total}'h{word:x};")
    return module(name, inputs, outputs, [*lines, "    endcase"])


def steps(code_of: Callable[[int], int], bits: int) -> list[tuple[int, int]]:
    """Where a function of 0..2^bits - 1 changes: the least argument of each value, and the value.

    Every value must come from one interval, which is true of a rounding. Found by bisection.
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
    """Verilog expression of a function given by its `steps`: nested comparisons."""
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
    """Module `spec` of an encoder: input record `i`, output code `o`.

    Args:
        shape: bounds of the record.
        bits: width of the code.
        code_of: code of a negative or other number, from its magnitude in units of
            2^`shape.exponent_min`.
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


def decoder_view(shape: UnpackedShape, bits: int, name: str = "top") -> tuple[str, dict[str, int]]:
    """A wrapper of a decoder `gate` that shows the meaning of its record, and its outputs."""
    view = View(shape=shape, prefix="o")
    outputs = {"nan": 1, "inf": 1, "negative": 1, "legal": 1, "magnitude": view.width}
    ports = view.ports()
    body = [
        *(f"  wire [{width - 1}:0] {port};" for port, width in ports.items()),
        f"  gate gate(.i(i), {', '.join(f'.{port}({port})' for port in ports)});",
        view.declarations(),
        *(f"  assign {output} = o_{output};" for output in outputs),
    ]
    return module(name, {"i": bits}, outputs, body), outputs
