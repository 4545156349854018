"""Multiplication of posits in two's complement: no operand or result is negated.

A code has a sign, the run of the regime, exponent bits and the fraction f. With the sign clear, its
value is (1 + f) 2^t. With the sign set, its value is (-2 + f) 2^t, where the bits of t are inverted
(Standard for Posit Arithmetic 2022, section 3.2). The integer part of a significand is therefore
known from the sign. The product of two significands is the product of the fractions plus two rows.
Each row chooses between f and -2 f.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out, Signature

from hwdse.formats import Posit
from hwdse.hdl.blocks import leading_zero_count, shift_left
from hwdse.hdl.component import Component
from hwdse.hdl.compress import compress, compress_in_layers, two_rows
from hwdse.hdl.encode.posit import regime_shift
from hwdse.hdl.rounding import floor_increment
from hwdse.hdl.targets import Target, target_of
from hwdse.primitives.primitive import (
    Adder,
    Gates,
    Incrementer,
    LeadingZeroCounter,
    Multiplier,
    Primitive,
    Reduce,
    Shifter,
)
from hwdse.primitives.structure import Structure
from hwdse.spec import Design, Exact

#: Widest posit in which the end of the run selects the fraction, with one AND gate per place and
#: bit. Up to this width, the gates need less area than a count and a shifter, in Yosys with
#: NanGate45.
_ONE_HOT_BITS = 10
#: Widest product whose last two rows are added by a ripple-carry adder. The top bits arrive last
#: with any adder.
_RIPPLE_BITS = 16


def _scale_bits(number_format: Posit) -> int:
    """Width of the exponent t, with its sign."""
    return (number_format.width - 2).bit_length() + number_format.es + 1


def operand_signature(number_format: Posit) -> Signature:
    """Ports of an operand with the value (1 - 3 sign + fraction) 2^scale.

    If `special` is set, the operand is zero, or NaR if the sign is set, too.
    """
    return Signature(
        {
            "sign": Out(1),
            "fraction": Out(number_format.max_fraction_bits),
            "scale": Out(signed(_scale_bits(number_format))),
            "special": Out(1),
        }
    )


def product_signature(a: Posit, b: Posit) -> Signature:
    """Ports of a product of a significand and 2^scale.

    `significand` is the two's-complement significand modulo 4, without its sign bit. `special` is
    set for zero and NaR, `nan` for NaR only.
    """
    return Signature(
        {
            "sign": Out(1),
            "significand": Out(a.max_fraction_bits + b.max_fraction_bits + 2),
            "scale": Out(signed(max(_scale_bits(a), _scale_bits(b)) + 1)),
            "special": Out(1),
            "nan": Out(1),
        }
    )


class PositOperand(Component):
    """Counts the regime's run and brings what follows it to the top.

    Combinational: latency 0, one code per cycle. In a short code, the end of the run is one set bit
    of a word. This bit selects the fraction's bits and the count.
    """

    def __init__(self, number_format: Posit) -> None:
        self._format = number_format
        super().__init__({"i": In(number_format.bits), "o": Out(operand_signature(number_format))})

    @property
    def structure(self) -> Structure:
        """Run count and shift."""
        f = self._format
        run = Gates(width=f.width - 2)
        count = LeadingZeroCounter(width=f.width - 2)
        shift = Shifter(width=f.width - 3, max_shift=f.width - 2)
        invert = Gates(width=_scale_bits(f))
        path: tuple[Primitive, ...] = (run, count, shift)
        return Structure(parts=(*path, invert), path=path)

    def elaborate(self, platform) -> Module:
        f = self._format
        m = Module()
        sign, body = self.i[-1], self.i[:-1]
        first = body[-1]
        differs = Signal(f.width - 2)
        m.d.comb += differs.eq(body[:-1] ^ first.replicate(f.width - 2))
        rest = body[: f.width - 3]
        if f.width <= _ONE_HOT_BITS:
            count, tail, endless = _by_one_hot(m, differs, rest)
        else:
            # A run that fills the word has no end: append an end below the word.
            count, _ = leading_zero_count(m, Cat(Const(1, 1), differs), "run")
            tail = shift_left(m, rest, count, len(rest), "shift", long_steps_first=True)
            endless = ~differs.any()
        small = ~(first ^ sign)
        regime = Cat(count ^ small.replicate(len(count)), small)
        exponent = tail[f.max_fraction_bits :] ^ sign.replicate(f.es)
        m.d.comb += [
            self.o.sign.eq(sign),
            self.o.fraction.eq(tail[: f.max_fraction_bits]),
            self.o.scale.eq(Cat(exponent, regime)),
            self.o.special.eq(endless & ~first),
        ]
        return m


def _by_one_hot(m: Module, differs: Value, rest: Value) -> tuple[Value, Value, Value]:
    """The run length minus one, the bits after the end of the run, and whether it has no end."""
    ends = len(differs)
    # runs[k]: the first k bits after the first bit of the run belong to the run.
    runs: list[Value] = [Const(1, 1)]
    for k in range(ends):
        run = Signal(name=f"run{k + 1}")
        m.d.comb += run.eq(runs[-1] & ~differs[ends - 1 - k])
        runs.append(run)
    end = Signal(ends)
    m.d.comb += end.eq(Cat(runs[k] & differs[ends - 1 - k] for k in range(ends)))
    tail = Cat(
        Cat(end[k] & rest[place - k] for k in range(place + 1)).any() for place in range(len(rest))
    )
    count = []
    for bit in range(ends.bit_length()):
        step = 1 << bit
        spans = [
            runs[low] & ~runs[low + step] if low + step <= ends else runs[low]
            for low in range(step, ends + 1, 2 * step)
        ]
        count.append(Cat(spans).any())
    return Cat(count), tail, runs[-1]


class PositProduct(Component):
    """Multiplies significands and adds exponents.

    Combinational: latency 0, one product per cycle. With the fractions f and g and the integer
    parts h_a and h_b (1 or -2), the product is f g + h_b f + h_a g + h_a h_b. Modulo 4, the last
    term and the sign bits of -2 f and -2 g add up to 1 if both operands are positive, and to 0
    otherwise.
    """

    def __init__(self, a: Posit, b: Posit) -> None:
        self._bits = a.max_fraction_bits, b.max_fraction_bits
        self._scale = Adder(width=max(_scale_bits(a), _scale_bits(b)))
        super().__init__(
            {
                "a": In(operand_signature(a)),
                "b": In(operand_signature(b)),
                "o": Out(product_signature(a, b)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Multiplier array beside the exponents' adder."""
        array = Multiplier(a_bits=self._bits[0] + 1, b_bits=self._bits[1] + 1, signed=False)
        choice = Gates(width=sum(self._bits) + 2)
        return Structure(parts=(choice, array, self._scale), path=(choice, array))

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b, width = self.a, self.b, sum(self._bits) + 2
        columns: list[list[Value]] = [[] for _ in range(width)]
        for i, x in enumerate(a.fraction):
            for j, y in enumerate(b.fraction):
                columns[i + j].append(x & y)
        for row, other in ((a, b), (b, a)):
            # -2 f is NOT (2 f) plus one. The last bit of 2 f is zero, so the one is added one place
            # further up.
            shift, word = len(other.fraction), row.fraction
            columns[shift].append(word[0] & ~other.sign)
            for place in range(1, len(word)):
                columns[shift + place].append(Mux(other.sign, ~word[place - 1], word[place]))
            columns[shift + len(word)].append(other.sign & ~word[-1])
            columns[shift + 1].append(other.sign)
        columns[width - 2].append(~(a.sign | b.sign))
        m.d.comb += [
            self.o.significand.eq(_sum(m, columns, target_of(platform))),
            self.o.sign.eq(a.sign ^ b.sign),
            self.o.scale.eq(a.scale + b.scale),
            self.o.special.eq(a.special | b.special),
            self.o.nan.eq((a.special & a.sign) | (b.special & b.sign)),
        ]
        return m


def _sum(m: Module, columns: Sequence[Sequence[Value]], target: Target) -> Value:
    """Sum of bits modulo 2^len(columns). The bits of `columns[k]` have weight 2^k."""
    width = len(columns)
    rows = compress_in_layers(m, columns, "layer")
    if width <= _RIPPLE_BITS:
        return compress(m, rows, width, "last", target)
    x, y = two_rows(rows)
    return (x + y)[:width]


class PositProductEncoder(Component):
    """Normalises by a place at most, writes `regime | exponent | fraction`, and rounds that.

    Combinational: latency 0, one code per cycle. A significand lies in [1, 4) or [-4, -1), or is 4.
    The significand 4 comes from two operands that are each minus a power of two. Modulo 4, no bit
    of the significand is left then, and the exponent is two more.

    Beyond the range, the string is a single run from end to end. A run of ones is the code itself.
    For a run of zeros, the code is one more. Zero and NaR have the run of zeros, and nothing is
    added.
    """

    def __init__(self, number_format: Posit, a: Posit, b: Posit, rounding: str) -> None:
        self._format, self._rounding = number_format, rounding
        self._product_bits = a.max_fraction_bits + b.max_fraction_bits + 2
        self._scale_bits = max(_scale_bits(a), _scale_bits(b), number_format.es + 1) + 2
        # Fraction bits in the string, which has the code's bits after the sign and the guard bit.
        self._fraction = number_format.width - 2 - number_format.es
        super().__init__({"i": In(product_signature(a, b)), "o": Out(number_format.width)})

    @property
    def structure(self) -> Structure:
        """Normalise, shift by the regime, round."""
        f = self._format
        normalise = Shifter(width=self._fraction, max_shift=1)
        below = Reduce(width=self._product_bits)
        scale, amount = Adder(width=self._scale_bits), Gates(width=self._scale_bits)
        shift = Shifter(width=f.width, max_shift=f.width - 2, sticky=True)
        step = Incrementer(width=f.width - 1)
        path: tuple[Primitive, ...] = (scale, amount, shift, step)
        return Structure(parts=(*path, normalise, below), path=path)

    def elaborate(self, platform) -> Module:
        f, product = self._format, self.i
        m = Module()
        sign, zero = product.sign, product.special
        word = product.significand
        carry, four = Signal(), Signal()
        m.d.comb += [
            carry.eq(word[-1] ^ sign),
            four.eq(~(sign | word[-1] | word[-2])),
        ]
        low = max(len(word) - 2 - self._fraction, 0)
        word = Cat(Const(0, max(self._fraction + 2 - len(word), 0)), word)
        fraction = Signal(self._fraction)
        m.d.comb += fraction.eq(Mux(carry, word[low + 1 : -1], word[low:-2]))
        rest = word[:low].any() | (carry & word[low])

        scale = Signal(signed(self._scale_bits))
        m.d.comb += scale.eq(product.scale + Cat(carry, four))
        down = scale[-1]
        run = scale[f.es : -1] ^ down.replicate(len(scale) - 1 - f.es)
        bits = (f.width - 2).bit_length()
        amount = Signal(bits)
        beyond = run[bits:].any() | zero
        m.d.comb += amount.eq(Cat(run, Const(0, bits))[:bits] | beyond.replicate(bits))
        outside = amount >= f.width - 2

        first = ~(down ^ sign) & ~zero
        exponent = scale[: f.es] ^ sign.replicate(f.es)
        string = Cat(fraction, exponent, ~first, first)
        string, lost = regime_shift(m, string, amount, first)
        cut = len(string) - (f.width - 1)
        kept, guard = string[cut:], string[cut - 1]
        sticky = rest | lost | string[: cut - 1].any()
        step = floor_increment(self._rounding, sign, kept[0], guard, sticky)
        code = Signal(f.width - 1)
        m.d.comb += [
            code.eq(kept + Mux(outside, ~(first | zero), step)),
            self.o.eq(Cat(code, (sign & ~zero) | product.nan)),
        ]
        return m


def signed_blocks(
    design: Design,
) -> tuple[PositOperand, PositOperand, PositProduct, PositProductEncoder] | None:
    """Both decoders, the multiplier and the encoder of an exact product of posits.

    None if the multiplier is not exact, or if any format is not a posit with fraction bits.
    """
    formats = [
        f
        for f in (design.a, design.b, design.out)
        if isinstance(f, Posit) and f.max_fraction_bits > 0
    ]
    if not isinstance(design.mul, Exact) or len(formats) < 3:
        return None
    a, b, out = formats
    return (
        PositOperand(a),
        PositOperand(b),
        PositProduct(a, b),
        PositProductEncoder(out, a, b, design.rounding),
    )
