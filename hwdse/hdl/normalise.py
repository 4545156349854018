"""The normalising shift that keeps only what a rounding will look at."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value


def normalised(m: Module, word: Value, count: Value, kept: int) -> tuple[Value, Value]:
    """The top `kept` bits of `word << count`, and the OR of those below.

    The longest step comes first: its row keeps only what the rows to come can still bring up.
    """
    sticky = Const(0, 1)
    word = Cat(Const(0, max(kept + (1 << len(count)) - 1 - len(word), 0)), word)
    for k in reversed(range(len(count))):
        step = 1 << k
        row = Signal(kept + step - 1, name=f"normalise_row{k}")
        lost = Signal(name=f"normalise_lost{k}")
        m.d.comb += [
            row.eq(Mux(count[k], word[:-step], word[step:])),
            lost.eq(sticky | (~count[k] & word[:step].any())),
        ]
        word, sticky = row, lost
    return word, sticky
