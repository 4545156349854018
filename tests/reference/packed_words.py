"""Packed words in exact fractions: elements, their products, and the sum of these."""

from reference.dot_products import exact_product, exact_sum
from reference.number_formats import Float, Int, Value
from reference.posit import Posit

FORMATS: dict[str, Float | Int | Posit] = {
    "e2m1fn": Float(2, 1, 1, "finite"),
    "posit4_1": Posit(4, 1),
    "posit8_0": Posit(8, 0),
    "posit16_1": Posit(16, 1),
    "e4m3fn": Float(4, 3, 7, "fn"),
    "e5m2": Float(5, 2, 15),
    "fp16": Float(5, 10, 15),
    "bf16": Float(8, 7, 127),
    "int4": Int(4),
    "int8": Int(8),
}


def elements(name: str, word: int, word_bits: int) -> list[Value]:
    """The elements of a word, from its low bits."""
    number_format = FORMATS[name]
    bits = number_format.bits
    return [number_format.decode(word >> k & (2**bits - 1)) for k in range(0, word_bits, bits)]


def term(name: str, a: int, b: int, word_bits: int) -> Value:
    """The exact sum of the products of two words."""
    pairs = zip(elements(name, a, word_bits), elements(name, b, word_bits), strict=True)
    return exact_sum([exact_product(x, y) for x, y in pairs], "rne")
