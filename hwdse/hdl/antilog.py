"""Conversion of a logarithm to significand and exponent, by a table of powers of two.

The exponent stays a separate field: the significand is not shifted here.
"""

from amaranth.hdl import Cat, Const, Module, Value

from hwdse.hdl.lookup import lookup, lookup_table
from hwdse.hdl.unpacked import drive
from hwdse.primitives.primitive import Gates, Multiplier, Primitive
from hwdse.spec.multiply.log_tables import LogShape

# Up to this many fraction bits, one table of whole significands is the smallest circuit.
_TABLE_BITS = 6


def antilog_parts(shape: LogShape) -> tuple[Primitive, ...]:
    """Primitives of `drive_number`, in the order of its combinational path."""
    antilog, width = shape.antilog, shape.significand_bits
    if antilog.fraction_bits <= _TABLE_BITS or not antilog.low_bits:
        whole = lookup_table(antilog.fraction_bits, antilog.significands, width)
        return whole, Gates(width=width)
    array = Multiplier(a_bits=antilog.constant_bits + 1, b_bits=antilog.low_bits, signed=False)
    constants = lookup_table(antilog.index_bits, antilog.constants, antilog.constant_bits + 1)
    return constants, array, Gates(width=width)


def drive_number(
    m: Module, interface, shape: LogShape, log: Value, *, sign: Value, zero: Value
) -> None:
    """Assign all fields of a record of `shape`.

    `log` is the logarithm minus `shape.log_origin`.
    """
    f = shape.antilog.fraction_bits
    significand = _significand(m, shape, log[:f])
    drive(
        m,
        interface,
        sign=sign & ~zero,
        zero=zero,
        significand=significand & (~zero).replicate(shape.significand_bits),
        exponent=log[f:],
        log=log,
    )


def _significand(m: Module, shape: LogShape, remainder: Value) -> Value:
    antilog, width = shape.antilog, shape.significand_bits
    if not antilog.index_bits:
        # The only constant is 1.
        return Cat(remainder, Const(1, 1))
    if antilog.fraction_bits <= _TABLE_BITS or not antilog.low_bits:
        return lookup(m, remainder, antilog.significands, width, "antilog")
    index, low = remainder[antilog.low_bits :], remainder[: antilog.low_bits]
    constant = lookup(m, index, antilog.constants, antilog.constant_bits + 1, "antilog")
    return (constant * low + (constant << antilog.fraction_bits))[:width]
