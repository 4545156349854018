"""What the products, sums and updates of a training are rounded to, as text."""

import re
from dataclasses import dataclass
from typing import ClassVar

from hwdse.errors import SpecError, unknown

_PRODUCT = re.compile(r"\s*(\S+)\s*\*\s*(\S+)\s*(?:@\s*hadamard:([0-9]{1,4})\s*)?")
_SUMS = re.compile(r"([a-z0-9_]+):([0-9]{1,5})")


@dataclass(frozen=True, kw_only=True)
class ProductText:
    """Operands of a matrix product: `{cast} * {cast} [@ hadamard:{size}]`.

    Attributes:
        left: cast of the left operand; see `casts.CastText`.
        right: cast of the right operand.
        rotation: size of the random Hadamard rotation of both, a power of two; 0: none.
    """

    left: str
    right: str
    rotation: int

    @classmethod
    def parse(cls, text: str) -> "ProductText":
        """Read a text such as `nvfp4+stochastic * nvfp4 @ hadamard:16`.

        Raises:
            SpecError: the text has another form.
        """
        match = _PRODUCT.fullmatch(text)
        rotation = int(match[3] or 0) if match else 0
        if match is None or rotation & (rotation - 1):
            raise SpecError(
                f"product {text!r}: the form is {{cast}} * {{cast}} [@ hadamard:{{power of two}}]"
            )
        return cls(left=match[1], right=match[2], rotation=rotation)


@dataclass(frozen=True, kw_only=True)
class SumsText:
    """How products are added: `fp32`, `exact`, or `{format}:{group}`.

    Attributes:
        exact: exact sums, rounded once to float32.
        number_format: the cast of the running sum.
        group: products that are added in float32 before the running sum is rounded.
    """

    exact: bool = False
    number_format: str = "fp32"
    group: int = 0

    @classmethod
    def parse(cls, text: str) -> "SumsText":
        """Read a text such as `bf16:32`.

        Raises:
            SpecError: the text has another form.
        """
        if text in ("fp32", "exact"):
            return cls(exact=text == "exact")
        match = _SUMS.fullmatch(text)
        if match is None or int(match[2]) == 0:
            raise SpecError(f"sums {text!r}: allowed are fp32, exact, {{format}}:{{group}}")
        return cls(number_format=match[1], group=int(match[2]))


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """What each product, sum and update of a training is rounded to.

    Attributes:
        name: name on the command line.
        source: the publication, and what it says; empty for a baseline.
        forward: activations * weights; see `ProductText`.
        input_gradient: gradients * weights.
        weight_gradient: gradients * activations.
        sums: see `SumsText`.
        stored: cast of activations and gradients between layers.
        update: rule that changes the weights; see `updates`.
        loss_scale: `none` or `dynamic`.
        unit_scaled: constant factors give weights, activations and gradients a variance of 1.
        compare: name of the scheme that the publication compares with.
    """

    schemes: ClassVar[dict[str, "Scheme"]] = {}

    name: str
    source: str = ""
    forward: str = "fp32 * fp32"
    input_gradient: str = ""
    weight_gradient: str = ""
    sums: str = "fp32"
    stored: str = "fp32"
    update: str = "master"
    loss_scale: str = "none"
    unit_scaled: bool = False
    compare: str = "fp32"

    def __post_init__(self) -> None:
        for name in ("input_gradient", "weight_gradient"):
            object.__setattr__(self, name, getattr(self, name) or self.forward)
            ProductText.parse(getattr(self, name))
        SumsText.parse(self.sums)
        if self.loss_scale not in _LOSS_SCALES:
            raise SpecError(unknown("loss scale", self.loss_scale, _LOSS_SCALES))

    @classmethod
    def get(cls, name: str) -> "Scheme":
        """The scheme called `name`.

        Raises:
            SpecError: there is none.
        """
        if name not in cls.schemes:
            raise SpecError(unknown("training scheme", name, cls.schemes))
        return cls.schemes[name]


_LOSS_SCALES = ("none", "dynamic")


def register(scheme: Scheme) -> Scheme:
    """Register a scheme under its name."""
    Scheme.schemes[scheme.name] = scheme
    return scheme
