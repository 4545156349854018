"""Rules that change weights, with weights and momentum in stated formats.

All but `madam` are gradient descent with momentum: m becomes 0.9 m + g, and w becomes w - rate m.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import torch

from hwdse import formats
from hwdse.formats.logarithmic import Logarithmic
from hwdse.networks.train.numerics.casts import Cast, cast
from hwdse.spec.part import Part

MOMENTUM = 0.9


@dataclass(frozen=True, kw_only=True)
class Update(Part):
    """A rule, written as `keyword[:option...]`."""

    kind: ClassVar[str] = "update"

    @abstractmethod
    def begin(self, weights: torch.Tensor, random: torch.Generator) -> "KeptWeights":
        """The state of one tensor of weights.

        Args:
            weights: float32 weights, shape (S, ...).
            random: source of random bits.
        """


class KeptWeights:
    """One tensor of weights, shape (S, ...), with what its rule keeps beside it."""

    value: torch.Tensor
    """The weights that products see."""

    @abstractmethod
    def step(self, gradient: torch.Tensor, rate: torch.Tensor | float) -> None:
        """Change the weights.

        Args:
            gradient: the gradient, of the same shape.
            rate: the learning rate, one number.
        """

    exact: ClassVar[tuple[str, ...]] = ("value",)
    """Names of the tensors that hold the weight."""

    def kept(self) -> dict[str, torch.Tensor]:
        """All tensors of the state, by name."""
        return {name: each for name, each in vars(self).items() if isinstance(each, torch.Tensor)}


@dataclass(frozen=True, kw_only=True)
class Master(Update):
    """Weights and momentum in float32; products round the weights."""

    keyword: ClassVar[str] = "master"

    def begin(self, weights: torch.Tensor, random: torch.Generator) -> KeptWeights:
        """See `Update.begin`."""
        return _Plain(weights, cast("fp32"), cast("fp32"))


@dataclass(frozen=True, kw_only=True)
class InFormat(Update):
    """Weights and momentum in one format.

    Attributes:
        number_format: text of the format.
    """

    usual: ClassVar[str] = "bf16"

    number_format: str

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the format; without one, it is the usual one of the rule."""
        if len(options) > 1:
            raise cls.bad_options(options)
        return cls(number_format=options[0] if options else cls.usual)

    @classmethod
    def syntax(cls) -> str:
        """The form."""
        return f"{cls.keyword}[:{{format}}]"

    def __str__(self) -> str:
        return f"{self.keyword}:{self.number_format}"


@dataclass(frozen=True, kw_only=True)
class NearestUpdate(InFormat):
    """The sum of weight and update rounds to nearest: small updates vanish."""

    keyword: ClassVar[str] = "nearest"

    def begin(self, weights: torch.Tensor, random: torch.Generator) -> KeptWeights:
        """See `Update.begin`."""
        rounded = cast(self.number_format)
        return _Plain(weights, rounded, rounded)


@dataclass(frozen=True, kw_only=True)
class StochasticUpdate(InFormat):
    """The sum of weight and update rounds at random: right on average."""

    keyword: ClassVar[str] = "stochastic"

    def begin(self, weights: torch.Tensor, random: torch.Generator) -> KeptWeights:
        """See `Update.begin`."""
        rounded = cast(f"{self.number_format}+stochastic", random)
        return _Plain(weights, rounded, cast(self.number_format))


@dataclass(frozen=True, kw_only=True)
class KahanUpdate(InFormat):
    """A second number of the format collects what rounding has lost (Kahan, 1965)."""

    keyword: ClassVar[str] = "kahan"

    def begin(self, weights: torch.Tensor, random: torch.Generator) -> KeptWeights:
        """See `Update.begin`."""
        return _Kahan(weights, cast(self.number_format))


@dataclass(frozen=True, kw_only=True)
class PairUpdate(InFormat):
    """Weights are unevaluated sums of two numbers of the format (Collage, 2024, "light")."""

    keyword: ClassVar[str] = "pair"

    def begin(self, weights: torch.Tensor, random: torch.Generator) -> KeptWeights:
        """See `Update.begin`."""
        return _Pair(weights, cast(self.number_format))


class _Momentum(KeptWeights):
    """Gradient descent with momentum in a format."""

    def __init__(self, weights: torch.Tensor, rounded: Cast) -> None:
        self.value = weights
        self.momentum = torch.zeros_like(weights)
        self._rounded = rounded

    def change(self, gradient: torch.Tensor, rate: torch.Tensor | float) -> torch.Tensor:
        """What is to be added to the weights, after the momentum has changed."""
        self.momentum = self._rounded(MOMENTUM * self.momentum + gradient)
        return -rate * self.momentum


class _Plain(_Momentum):
    def __init__(self, weights: torch.Tensor, sums: Cast, rounded: Cast) -> None:
        super().__init__(rounded(weights), rounded)
        self._sums = sums

    def step(self, gradient: torch.Tensor, rate: torch.Tensor | float) -> None:
        self.value = self._sums(self.value + self.change(gradient, rate))


class _Kahan(_Momentum):
    """y = u - c; t = w + y; c = (t - w) - y; w = t, each operation rounded."""

    exact: ClassVar[tuple[str, ...]] = ("value", "lost")

    def __init__(self, weights: torch.Tensor, rounded: Cast) -> None:
        super().__init__(rounded(weights), rounded)
        self.lost = torch.zeros_like(weights)

    def step(self, gradient: torch.Tensor, rate: torch.Tensor | float) -> None:
        r = self._rounded
        y = r(r(self.change(gradient, rate)) - self.lost)
        t = r(self.value + y)
        self.lost = r(r(t - self.value) - y)
        self.value = t


class _Pair(_Momentum):
    """(high, low) + u by Knuth's exact sum, each operation rounded."""

    exact: ClassVar[tuple[str, ...]] = ("value", "low")

    def __init__(self, weights: torch.Tensor, rounded: Cast) -> None:
        super().__init__(rounded(weights), rounded)
        self.low = rounded(weights - self.value)

    def step(self, gradient: torch.Tensor, rate: torch.Tensor | float) -> None:
        r = self._rounded
        high, u = self.value, r(self.change(gradient, rate))
        total = r(high + u)
        part = r(total - high)
        error = r(r(high - r(total - part)) + r(u - part))
        low = r(self.low + error)
        self.value = r(total + low)
        self.low = r(low - r(self.value - total))


@dataclass(frozen=True, kw_only=True)
class Madam(InFormat):
    """Multiplicative updates of weights in a logarithmic format.

    The logarithm of a weight moves by -rate sign(w) g / sqrt(mean g^2), rounded to the format: an
    integer addition. Weights keep their signs. Vectors (biases) take gradient descent in float32.

    Attributes:
        number_format: text of a logarithmic format without zero.

    Raises:
        SpecError: the format is another one.
    """

    keyword: ClassVar[str] = "madam"
    usual: ClassVar[str] = "lns16_g2048"

    def __post_init__(self) -> None:
        number_format = formats.parse(self.number_format)
        if not isinstance(number_format, Logarithmic) or number_format.zero != "none":
            raise self.bad_options((self.number_format,))

    @classmethod
    def syntax(cls) -> str:
        """The form."""
        return f"{cls.keyword}[:lns{{bits}}_g{{gamma}}]"

    def begin(self, weights: torch.Tensor, random: torch.Generator) -> KeptWeights:
        """See `Update.begin`."""
        number_format = formats.parse(self.number_format)
        assert isinstance(number_format, Logarithmic)
        if weights.dim() < _MATRIX:
            return _Plain(weights, cast("fp32"), cast("fp32"))
        return _Multiplicative(weights, number_format.gamma, number_format.exponent_bits)


_MATRIX = 3
_DEVIATIONS = 3.0
_SQUARE_DECAY = 0.999
_LARGEST_STEP = 10.0
_TINY = 1e-30


class _Multiplicative(KeptWeights):
    """sign * scale * 2^(code / gamma), with the largest code at three standard deviations."""

    exact: ClassVar[tuple[str, ...]] = ("code",)

    def __init__(self, weights: torch.Tensor, gamma: int, bits: int) -> None:
        axes = tuple(range(1, weights.dim()))
        self._gamma, self._most = gamma, (1 << bits) - 1
        top = _DEVIATIONS * weights.square().mean(axes, keepdim=True).sqrt()
        self.scale = top * 2.0 ** (-self._most / gamma)
        self.sign = torch.where(weights < 0, -1.0, 1.0)
        self.code = self._limited((weights.abs().clamp_min(_TINY) / self.scale).log2() * gamma)
        self.squares = torch.zeros_like(weights)
        self.steps = torch.zeros_like(self.scale)
        self._decode()

    def _limited(self, code: torch.Tensor) -> torch.Tensor:
        return code.round().clamp(0, self._most)

    def _decode(self) -> None:
        self.value = self.sign * self.scale * torch.exp2(self.code / self._gamma)

    def step(self, gradient: torch.Tensor, rate: torch.Tensor | float) -> None:
        self.steps = self.steps + 1
        self.squares = _SQUARE_DECAY * self.squares + (1 - _SQUARE_DECAY) * gradient.square()
        mean = self.squares / (1 - _SQUARE_DECAY**self.steps)
        relative = gradient / mean.sqrt().clamp_min(_TINY)
        relative = relative.clamp(-_LARGEST_STEP, _LARGEST_STEP)
        change = rate * self._gamma / math.log(2) * self.sign * relative
        self.code = self._limited(self.code - change)
        self._decode()
