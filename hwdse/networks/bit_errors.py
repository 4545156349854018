"""Accuracy of a network whose stored codes have random bit errors, by the position of the bit.

Memories at low voltage, multi-level cells and radiation flip bits. How much a flipped bit costs
depends on the format: the top exponent bit of a float is worth more than all bits of its
significand, and the bits of an integer double from one to the next. The errors here hit the codes
that the design multiplies, weights once for all samples and activations anew for each.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.errors import NetworkError, unknown
from hwdse.formats import BlockFormat
from hwdse.networks import scales
from hwdse.networks.arithmetic import Operand, Real, Site
from hwdse.networks.block_vectors import BlockVectors
from hwdse.networks.blocks import (
    BlockArithmetic,
    BlockMatMul,
    BlockPlan,
    check_blocks,
)
from hwdse.networks.evaluate import Scoring
from hwdse.networks.execute import Executor
from hwdse.networks.metrics import DEFAULT as DEFAULT_METRIC
from hwdse.networks.metrics import Metric
from hwdse.networks.planning import check_kernel, plan_blocks, plan_network
from hwdse.networks.protocols import Computation, Data
from hwdse.networks.quantize import DesignArithmetic, Plan
from hwdse.networks.scales import Codes
from hwdse.networks.statistics import CONFIDENCE
from hwdse.spec import BlockProduct, Design

WEIGHTS, ACTIVATIONS = "weights", "activations"
PLACES = (WEIGHTS, ACTIVATIONS)
ELEMENT, SCALE = "element", "scale"
DEFAULT_RATE, DEFAULT_DRAWS = 0.01, 5
MAX_DRAWS = 1_000

Progress = Callable[[int, int], None]
_Codes = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class BitErrors:
    """Accuracy with random errors in one bit of the codes.

    Attributes:
        design: the design.
        place: whose codes have the errors, `weights` or `activations`.
        field: `element`, or `scale` for the scale codes of block formats.
        bit: position of the bit, 0 for the least significant one.
        rate: probability that the bit of a code is flipped.
        draws: number of independent draws of the errors.
        samples: number of test samples.
        metric: name of the quantity in `value`, in words.
        higher_is_better: direction of `value`.
        clean: value of the metric without errors; of top-1 accuracy, the fraction of right answers.
        value: mean over the draws of the value with errors.
        low: lower end of the 95 % interval of `value` over draws (Student's t), on these samples.
        high: upper end of it.
    """

    design: Design
    place: str
    field: str
    bit: int
    rate: float
    draws: int
    samples: int
    metric: str
    higher_is_better: bool
    clean: float
    value: float
    low: float
    high: float

    @property
    def loss(self) -> float:
        """How much worse the errors make the value."""
        return self.clean - self.value if self.higher_is_better else self.value - self.clean

    def to_json(self) -> dict[str, Any]:
        """All attributes as JSON values, the loss, and the design as its spec."""
        return vars(self) | {"design": str(self.design), "loss": self.loss}


def bit_error_accuracy(
    design: Design,
    network: Computation | str | Path,
    *,
    data: Data | None = None,
    metric: Metric | str = DEFAULT_METRIC,
    place: str = WEIGHTS,
    rate: float = DEFAULT_RATE,
    draws: int = DEFAULT_DRAWS,
    samples: int | None = None,
    data_dir: Path | None = None,
    policy: str = scales.DEFAULT,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[BitErrors]:
    """Accuracy with random errors in each bit of the codes, one bit after another.

    Draw d of one bit flips the same codes in every design with as many codes, so that formats
    compare in pairs. The codes of both operands of a product of activations count as activations.

    Args:
        design: the design.
        network: a network, or a name or path for `load`.
        data: samples for calibration and scoring. Default: the dataset that the network's file
            names.
        metric: a metric, or the name of one.
        place: `weights` or `activations`.
        rate: probability that the bit of a code is flipped, above 0 and at most 1.
        draws: number of independent draws, 2 to 1,000.
        samples: number of test samples; default: as for `evaluate`.
        data_dir: folder of the dataset, as for `evaluate`.
        policy: name of the scale policy.
        seed: seed of the random errors.
        progress: a function that gets the number of finished and of all evaluations.

    Returns:
        One result per bit, from the most significant one down; bits of scales after those of
        elements.

    Raises:
        NetworkError: an argument is out of range, or the network does not run.
        DatasetError: data is missing or damaged, or does not fit the network or the metric.
        SpecError: the design has no running sum or no fast kernel.
    """
    if place not in PLACES:
        raise NetworkError(unknown("place of bit errors", place, PLACES))
    if not 0 < rate <= 1:
        raise NetworkError(f"rate={rate}: a probability above 0 and at most 1 is needed")
    if not 2 <= draws <= MAX_DRAWS:
        raise NetworkError(f"draws={draws}: 2 to {MAX_DRAWS} are allowed")
    test = Scoring.of(network, samples, data_dir, data, metric)
    make = _Blocks if design.unit.takes_blocks else _Elements
    operands = make(design, test.network, test.data, policy)

    def value(flips: "_Flips | None") -> float:
        executor = Executor(test.network, operands.arithmetic(flips))
        return test.scores(executor, test.count, None).value()

    found = []
    with threadpool_limits(limits=1, user_api="blas"):
        clean = value(None)
        bits = operands.bits(place)
        for number, (field, bit) in enumerate(bits):
            drawn = []
            for draw in range(draws):
                drawn.append(value(_Flips(place, field, bit, rate, (seed, draw, bit))))
                if progress is not None:
                    progress(number * draws + draw + 1, len(bits) * draws)
            mean, half = float(np.mean(drawn)), _half_width(np.array(drawn))
            least, most = (0.0, 1.0) if test.metric.is_percentage else (-math.inf, math.inf)
            found.append(
                BitErrors(
                    design=design,
                    place=place,
                    field=field,
                    bit=bit,
                    rate=rate,
                    draws=draws,
                    samples=test.count,
                    metric=test.metric.title,
                    higher_is_better=test.metric.higher_is_better,
                    clean=clean,
                    value=mean,
                    low=max(least, mean - half),
                    high=min(most, mean + half),
                )
            )
    return found


def _half_width(values: npt.NDArray[np.float64]) -> float:
    """Half the width of the interval of a mean, by Student's t."""
    from scipy.special import stdtrit  # noqa: PLC0415 - takes half a second to load

    quantile = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2))
    return quantile * float(values.std(ddof=1)) / math.sqrt(len(values))


class _Flips:
    """Random errors in one bit. Each tensor draws its own random numbers, element after element.

    So neither the size of a batch nor the order of the sites decides which codes are hit.
    """

    def __init__(
        self, place: str, field: str, bit: int, rate: float, seed: tuple[int, ...]
    ) -> None:
        self.place, self.field = place, field
        self._bit, self._rate, self._seed = bit, rate, seed
        self._streams: dict[str, np.random.Generator] = {}

    def __call__(self, codes: _Codes, tensor: str) -> _Codes:
        """The codes with errors."""
        if tensor not in self._streams:
            self._streams[tensor] = np.random.default_rng((*self._seed, *tensor.encode()))
        hit = self._streams[tensor].random(codes.shape, np.float32) < self._rate
        flipped: _Codes = codes ^ (hit.astype(codes.dtype) << codes.dtype.type(self._bit))
        return flipped


class _Elements:
    """Codes of element formats."""

    def __init__(self, design: Design, network: Computation, data: Data, policy: str) -> None:
        multiply = hwdse.kernels.matmul
        check_kernel(design, multiply)
        self._design = design
        self._plans = plan_network(design, network, data, multiply, scales.get(policy))

    def bits(self, place: str) -> list[tuple[str, int]]:
        """Field and position of each bit, from the most significant one down."""
        fmt = self._design.b if place == WEIGHTS else self._design.a
        return [(ELEMENT, bit) for bit in range(fmt.bits - 1, -1, -1)]

    def arithmetic(self, flips: _Flips | None) -> DesignArithmetic:
        """The design's arithmetic with errors, or without any."""
        plans = self._plans
        if flips is None:
            return DesignArithmetic(self._design, plans, hwdse.kernels.matmul)
        if flips.place == WEIGHTS:
            plans = {
                name: replace(chosen, weights=flips(chosen.weights, name))
                if chosen.weights is not None
                else chosen
                for name, chosen in plans.items()
            }
            return DesignArithmetic(self._design, plans, hwdse.kernels.matmul)
        return _FaultyActivations(self._design, plans, flips)


class _FaultyActivations(DesignArithmetic):
    """A design's arithmetic on activations with errors."""

    def __init__(self, design: Design, plans: dict[str, Plan], flips: _Flips) -> None:
        super().__init__(design, plans, hwdse.kernels.matmul)
        self._flips, self._held = flips, {name for name, p in plans.items() if p.weights is None}

    def first(self, site: Site, x: Real) -> Operand:
        """The operand's codes, with errors. The zero of a convolution's padding is not stored."""
        codes = super().first(site, x)
        return self._flips(codes, f"{site.name} first") if x.ndim else codes

    def second(self, site: Site, w: Real) -> Operand:
        """The operand's codes, with errors unless they are weights."""
        codes = super().second(site, w)
        return self._flips(codes, f"{site.name} second") if site.name in self._held else codes


class _Blocks:
    """Codes of elements and scales of block formats."""

    def __init__(self, design: Design, network: Computation, data: Data, policy: str) -> None:
        del policy  # blocks have their own scales
        assert isinstance(design.mul, BlockProduct)  # the unit takes blocks
        self._design, self._formats = design, (design.mul.a, design.mul.b)
        self._multiply = hwdse.kernels.matmul_of(design)
        check_blocks(design, self._multiply)
        self._plans = plan_blocks(design, network, data)

    def bits(self, place: str) -> list[tuple[str, int]]:
        """Field and position of each bit, from the most significant one down."""
        block = self._formats[place == WEIGHTS]
        return [
            (field, bit)
            for field, fmt in ((ELEMENT, block.element), (SCALE, block.scale))
            for bit in range(fmt.bits - 1, -1, -1)
        ]

    def arithmetic(self, flips: _Flips | None) -> BlockArithmetic:
        """The design's arithmetic with errors, or without any."""
        plans: Mapping[str, BlockPlan] = self._plans
        if flips is not None and flips.place == WEIGHTS:
            plans = {
                name: replace(
                    chosen, weights=_flipped(chosen.weights, self._formats[1], flips, name)
                )
                if chosen.weights is not None
                else chosen
                for name, chosen in plans.items()
            }
        if flips is None or flips.place == WEIGHTS:
            return BlockArithmetic(self._design, plans, self._multiply)
        return _FaultyBlocks(self._design, plans, self._multiply, flips)


class _FaultyBlocks(BlockArithmetic):
    """A design's arithmetic on blocks of activations with errors, as the unit reads them."""

    def __init__(
        self,
        design: Design,
        plans: Mapping[str, BlockPlan],
        matmul: BlockMatMul,
        flips: _Flips,
    ) -> None:
        super().__init__(design, plans, matmul)
        assert isinstance(design.mul, BlockProduct)  # the unit takes blocks
        self._a, self._b, self._flips = design.mul.a, design.mul.b, flips
        self._held = {name for name, chosen in plans.items() if chosen.weights is None}

    def multiplied(self, site: Site, left: BlockVectors, right: BlockVectors) -> Codes:
        """Output codes of a product of blocks with errors; weights have none."""
        left = _flipped(left, self._a, self._flips, f"{site.name} first")
        if site.name in self._held:
            right = _flipped(right, self._b, self._flips, f"{site.name} second")
        return super().multiplied(site, left, right)


def _flipped(vectors: BlockVectors, block: BlockFormat, flips: _Flips, tensor: str) -> BlockVectors:
    if flips.field == ELEMENT:
        return replace(vectors, codes=flips(vectors.codes, tensor))
    # The vectors of a tile share its scale, which is stored once.
    rows = block.block.rows
    stored = flips(vectors.scales[..., ::rows, :], tensor)
    spread = stored.repeat(rows, axis=-2)[..., : vectors.scales.shape[-2], :]
    return replace(vectors, scales=spread)
