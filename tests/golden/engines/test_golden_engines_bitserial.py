"""Golden of the bit-serial unit, beside sums of bits as the literature has them."""

import numpy as np
import pytest

from hwdse import Design
from hwdse.golden.engines.bitserial import sums, walk, whole_codes


def _serial(a: int, code: int, bits: int, *, signed: bool) -> int:
    """The product bit by bit: the last bit counts negatively in two's complement."""
    places = [a * (code >> k & 1) << k for k in range(bits)]
    return sum(places[:-1]) + (-places[-1] if signed else places[-1])


@pytest.mark.parametrize("operands", ["a=int5,b=int4", "a=uint4,b=int6", "a=int3,b=uint3"])
def test_sums_are_those_of_their_bits(operands: str) -> None:
    design = Design.parse(f"{operands},acc=int:24,unit=bitserial,lanes=3")
    unit, rng, count = design.unit, np.random.default_rng(1), 400
    columns = {
        "bits": rng.integers(0, 1 << unit.count_bits, count),
        "a": rng.integers(0, 1 << design.a.bits, (count, 3)),
        # Bits above those that count are random.
        "b": rng.integers(0, 1 << design.b.bits, (count, 3)),
        "last": rng.random(count) < 0.3,
    }
    columns["last"][-1] = True
    found = sums(design, **columns)
    expected, total = [], 0
    values = design.a.decode(columns["a"]).astype(int)
    for number in range(count):
        said = int(columns["bits"][number])
        bits = said if 1 <= said <= design.b.bits else design.b.bits
        total += sum(
            _serial(int(x), int(y), bits, signed=design.b.signed)
            for x, y in zip(values[number], columns["b"][number], strict=True)
        )
        if columns["last"][number]:
            expected.append(total)
            total = 0
    assert np.array_equal(design.out.decode(found.results[:, 0]), expected)
    assert len(expected) > 50


def test_a_transfer_takes_as_many_cycles_as_its_bits() -> None:
    design = Design.parse("a=int4,b=int5,acc=int:20,unit=bitserial")
    walked = walk(design, [5, 1, 0, 7, 2], [False, True, True, False, True])
    assert walked.cycles["i"].tolist() == [0, 5, 6, 11, 16]
    assert walked.cycles["o"].tolist() == [7, 12, 19]
    assert walked.answered.tolist() == [1, 2, 4]


def test_codes_of_fewer_bits_get_the_sign_that_they_have() -> None:
    signed = Design.parse("a=int4,b=int4,acc=int:20,unit=bitserial,lanes=2")
    codes = whole_codes(signed, [1, 2, 3, 4, 0], [[0b1110, 0b1111]] * 5)
    assert codes.tolist() == [[0, 15], [14, 15], [14, 15], [14, 15], [14, 15]]
    codes = whole_codes(signed, [2, 3], [[0b0110, 0b1101]] * 2)
    assert codes.tolist() == [[14, 1], [14, 13]]
    plain = Design.parse("a=int4,b=uint4,acc=int:20,unit=bitserial,lanes=2")
    assert whole_codes(plain, [2, 4], [[0b0110, 0b1101]] * 2).tolist() == [[2, 1], [6, 13]]
