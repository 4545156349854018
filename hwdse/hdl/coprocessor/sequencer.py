"""The sequencer: walks the tiles of a job, and says what to read, feed and write."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.coprocessor.bursts import ADDRESS_BITS, STRIDE_BITS
from hwdse.hdl.select import selected
from hwdse.spec.coprocessor import PARAMETER_BYTES
from hwdse.spec.coprocessor_registers import ERRORS

#: What is read, in this order: numbers of columns, then the next terms of both matrices.
TARGETS = ("bias", "scales", "a", "w")
_BITS = 32
_ERROR_BITS = 3
_SIZES = ("m", "n", "k")
#: What has an address: the matrices, and the numbers of columns.
ADDRESSES = ("a", "w", "r", "bias", "scales")
IDLE, CHECK, BAND, TILE, READ, READING, FEED, FEEDING, WRITING, NEXT_BAND = range(10)


class Sequencer(Component):
    """Walks the tiles of a matrix product: bands of rows of A, and within a band, columns.

    For each tile it reads the numbers of its columns. Then it reads some terms of each row of A and
    W, feeds them, and goes on with the next terms, until all K are fed. Then it waits until the
    results are written. Terms of A that are the only ones of their band are read once for the band.

    An error ends the job when what has begun is done: no transfer is left open. At the end, `done`
    rises and `busy` falls.

    Args:
        rows, cols: size of the array.
        word_bytes: bytes of a word of the data bus.
        element_bytes: bytes of an element of A, W and the result.
        terms: terms of a row that the buffers hold, whole words of both matrices.
        most_words: words that a line may have.

    Ports:
        start, clear: begin a job; forget how the last one ended.
        m, n, k, {name}_address, {name}_stride: sizes, addresses and strides of the job.
        with_bias, with_scales: whether these numbers of columns are read.
        busy, done, error, cycles: where the job stands; `ERRORS` has the errors.
        restart: the array forgets everything.
        read_...: a command for `LineReader`, with `read_target`, the place in `TARGETS`.
        feed_...: a command for `Feeder`.
        write_start, write_address: a command for `LineWriter`, with `lines` and `count`.
        lines, count: rows and columns of the tile.
        skip: numbers of columns in the first word before those of the tile.
    """

    def __init__(  # noqa: PLR0917 - sizes
        self,
        rows: int,
        cols: int,
        word_bytes: int,
        element_bytes: tuple[int, int, int],
        terms: int,
        most_words: int,
    ) -> None:
        self._rows, self._cols, self._word_bytes = rows, cols, word_bytes
        self._element_bytes = dict(zip(("a", "w", "r"), element_bytes, strict=True))
        self._terms = terms
        settings = dict.fromkeys(_SIZES, _BITS)
        settings |= {f"{name}_address": ADDRESS_BITS for name in ADDRESSES}
        settings |= dict.fromkeys(("a_stride", "w_stride", "r_stride"), STRIDE_BITS)
        inputs = ("start", "clear", "with_bias", "with_scales")
        states = ("read_busy", "read_failed", "feed_busy", "write_busy", "write_failed")
        super().__init__(
            {
                **{name: In(width) for name, width in settings.items()},
                **{name: In(1) for name in (*inputs, *states)},
                **{"busy": Out(1), "done": Out(1), "error": Out(_ERROR_BITS), "cycles": Out(_BITS)},
                "restart": Out(1),
                **{"read_start": Out(1), "read_target": Out(range(len(TARGETS)))},
                **{"read_address": Out(ADDRESS_BITS), "read_stride": Out(STRIDE_BITS)},
                "read_lines": Out(range(max(rows, cols) + 1)),
                "read_words": Out(range(most_words + 1)),
                **{"feed_start": Out(1), "feed_count": Out(range(terms + 1)), "feed_ends": Out(1)},
                **{"write_start": Out(1), "write_address": Out(ADDRESS_BITS)},
                **{"lines": Out(range(rows + 1)), "count": Out(range(cols + 1)), "skip": Out(1)},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        walk = _Walk()
        m.d.comb += [
            self.lines.eq(_at_most(walk.left["m"], self._rows)),
            self.count.eq(_at_most(walk.left["n"], self._cols)),
            self.feed_count.eq(_at_most(walk.left["k"], self._terms)),
            self.feed_ends.eq(walk.left["k"] <= self._terms),
            self.write_address.eq(walk.at["r"]),
            self.read_target.eq(walk.target),
        ]
        with m.If(self.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)
        with m.If(self.clear):
            m.d.sync += [self.done.eq(0), self.error.eq(0)]
        self._begin(m, walk)
        self._read(m, walk)
        self._feed(m, walk)
        self._go_on(m, walk)
        self._read_command(m, walk)
        return m

    def _begin(self, m: Module, walk: "_Walk") -> None:
        """A job, a band and a tile begin."""
        with m.If((walk.state == IDLE) & self.start):
            m.d.sync += [
                *(self.busy.eq(1), self.done.eq(0), self.error.eq(0), self.cycles.eq(0)),
                walk.state.eq(CHECK),
            ]
        with m.If(walk.state == CHECK):
            m.d.comb += self.restart.eq(1)
            m.d.sync += [
                walk.band_a.eq(self.a_address),
                walk.band_r.eq(self.r_address),
                walk.left["m"].eq(self.m),
                walk.state.eq(BAND),
            ]
            with m.If((self.m == 0) | (self.n == 0) | (self.k == 0)):
                self._end(m, walk, "shape")
            with m.Elif(self._misaligned()):
                self._end(m, walk, "alignment")
        with m.If(walk.state == BAND):
            m.d.sync += [
                walk.tile_w.eq(self.w_address),
                walk.at["r"].eq(walk.band_r),
                walk.left["n"].eq(self.n),
                walk.column.eq(0),
                walk.has_a.eq(0),
                walk.state.eq(TILE),
            ]
        with m.If(walk.state == TILE):
            m.d.sync += [
                walk.at["a"].eq(walk.band_a),
                walk.at["w"].eq(walk.tile_w),
                walk.left["k"].eq(self.k),
                walk.begins.eq(1),
                walk.target.eq(0),
                walk.state.eq(READ),
            ]

    def _read(self, m: Module, walk: "_Walk") -> None:
        """What the next step needs is read, one target after another."""
        wanted, begins = Signal(), walk.begins
        choices = [begins & self.with_bias, begins & self.with_scales, ~walk.has_a, Const(1, 1)]
        m.d.comb += wanted.eq(selected(choices, walk.target))
        with m.If(walk.state == READ):
            m.d.comb += self.read_start.eq(wanted)
            with m.If(wanted):
                m.d.sync += walk.state.eq(READING)
            with m.Else():
                m.d.sync += walk.target.eq(walk.target + 1)
        with m.If((walk.state == READING) & ~self.read_busy):
            m.d.sync += [walk.target.eq(walk.target + 1), walk.state.eq(READ)]
            with m.If(walk.target == len(TARGETS) - 1):
                m.d.sync += walk.state.eq(FEED)
            with m.If(self.read_failed):
                self._end(m, walk, "read")

    def _feed(self, m: Module, walk: "_Walk") -> None:
        """The array takes what was read. With the last terms, results are awaited."""
        with m.If(walk.state == FEED):
            m.d.comb += [self.feed_start.eq(1), self.write_start.eq(self.feed_ends)]
            # A band whose rows fit into the buffer keeps them for its other tiles.
            m.d.sync += [walk.has_a.eq(walk.begins & self.feed_ends), walk.state.eq(FEEDING)]
        with m.If((walk.state == FEEDING) & ~self.feed_busy):
            m.d.sync += [
                *(
                    walk.at[name].eq(walk.at[name] + self._terms * self._element_bytes[name])
                    for name in ("a", "w")
                ),
                walk.left["k"].eq(walk.left["k"] - self._terms),
                walk.begins.eq(0),
                walk.target.eq(0),
                walk.state.eq(Mux(self.feed_ends, WRITING, READ)),
            ]

    def _go_on(self, m: Module, walk: "_Walk") -> None:
        """After the results of a tile: the next tile, the next band, or the end."""
        with m.If((walk.state == WRITING) & ~self.write_busy):
            m.d.sync += [
                walk.tile_w.eq(walk.tile_w + self.w_stride * self._cols),
                walk.at["r"].eq(walk.at["r"] + self._cols * self._element_bytes["r"]),
                walk.column.eq(walk.column + self._cols),
                walk.left["n"].eq(walk.left["n"] - self._cols),
                walk.state.eq(Mux(walk.left["n"] <= self._cols, NEXT_BAND, TILE)),
            ]
            with m.If(self.write_failed):
                self._end(m, walk, "write")
        with m.If(walk.state == NEXT_BAND):
            m.d.sync += [
                walk.band_a.eq(walk.band_a + self.a_stride * self._rows),
                walk.band_r.eq(walk.band_r + self.r_stride * self._rows),
                walk.left["m"].eq(walk.left["m"] - self._rows),
                walk.state.eq(BAND),
            ]
            with m.If(walk.left["m"] <= self._rows):
                self._end(m, walk, "none")

    def _end(self, m: Module, walk: "_Walk", error: str) -> None:
        """The job ends."""
        m.d.sync += [self.busy.eq(0), self.done.eq(1), self.error.eq(ERRORS[error][0])]
        m.d.sync += walk.state.eq(IDLE)

    def _misaligned(self) -> Value:
        """An address or a stride is no multiple of a word."""
        below = (self._word_bytes - 1).bit_length()
        kinds = [(name, kind) for name in ("a", "w", "r") for kind in ("address", "stride")]
        found = Cat(getattr(self, f"{name}_{kind}")[:below] for name, kind in kinds).any()
        for name in ("bias", "scales"):
            address = getattr(self, f"{name}_address")
            found |= address[:below].any() & getattr(self, f"with_{name}")
        return found

    def _read_command(self, m: Module, walk: "_Walk") -> None:
        """What is read next."""
        target, at, column = walk.target, walk.at, walk.column
        per_word = self._word_bytes // PARAMETER_BYTES
        skip_bits = (per_word - 1).bit_length()
        if skip_bits:
            m.d.comb += self.skip.eq(column[:skip_bits])
        columns = self.skip + self.count + (per_word - 1)
        column_bytes = Cat(Const(0, (PARAMETER_BYTES - 1).bit_length()), column)
        words = dict.fromkeys(("bias", "scales"), columns >> skip_bits)
        for name in ("a", "w"):
            elements = self._word_bytes // self._element_bytes[name]
            terms = self.feed_count + (elements - 1)
            words[name] = terms >> (elements - 1).bit_length()
        lines = {"a": self.lines, "w": self.count}
        addresses = {
            name: at[name] if name in at else getattr(self, f"{name}_address") + column_bytes
            for name in TARGETS
        }
        m.d.comb += [
            self.read_address.eq(selected([addresses[name] for name in TARGETS], target)),
            self.read_lines.eq(
                selected([lines.get(name, Const(1, 1)) for name in TARGETS], target)
            ),
            self.read_words.eq(selected([words[name] for name in TARGETS], target)),
            self.read_stride.eq(Mux(target == TARGETS.index("a"), self.a_stride, self.w_stride)),
        ]


class _Walk:
    """Where a job stands.

    Attributes:
        state: what happens now.
        target: place in `TARGETS` of what is read now.
        left: rows, columns and terms that are left, with those of this tile.
        at: addresses of the next terms of A and W, and of this tile's results.
        band_a, band_r, tile_w: addresses of this band's first row of A and of the result, and of
            this tile's first row of W.
        column: the tile's first column.
        begins: no terms of this tile have been fed.
        has_a: the buffer holds all terms of this band's rows of A.
    """

    def __init__(self) -> None:
        self.state = Signal(range(NEXT_BAND + 1))
        self.target = Signal(range(len(TARGETS)))
        self.left = {name: Signal(_BITS, name=f"{name}_left") for name in _SIZES}
        self.at = {name: Signal(ADDRESS_BITS, name=f"{name}_at") for name in ("a", "w", "r")}
        self.band_a, self.band_r, self.tile_w = (
            Signal(ADDRESS_BITS, name=name) for name in ("band_a", "band_r", "tile_w")
        )
        self.column = Signal(_BITS)
        self.begins, self.has_a = Signal(), Signal()


def _at_most(value: Value, limit: int) -> Value:
    """The value, or the limit if it is greater."""
    return Mux(value > limit, limit, value)
