"""Probability densities of data, symmetric about zero and with unit variance."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import special

from hwdse.characterize.values import Floats
from hwdse.errors import FormatError

Tails = tuple[Floats, Floats, Floats]
_STUDENT = re.compile(r"student_t([0-9]{1,4})")


class Distribution(ABC):
    """A symmetric probability density p of variance 1."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The text that `distribution` accepts for this distribution."""

    @abstractmethod
    def tails(self, a: Floats) -> Tails:
        """Integrals of p, x p and x^2 p from each a >= 0 to infinity.

        The formulas start from the far end, so that small integrals keep their relative precision.
        """

    @abstractmethod
    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
        """Random numbers."""


@dataclass(frozen=True, kw_only=True)
class Normal(Distribution):
    """The normal distribution."""

    @property
    def name(self) -> str:
        """The text `normal`."""
        return "normal"

    def tails(self, a: Floats) -> Tails:
        """Partial moments above `a`."""
        density = np.exp(-a * a / 2) / np.sqrt(2 * np.pi)
        beyond = special.ndtr(-a)
        return beyond, density, beyond + a * density

    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
        """Random numbers."""
        return generator.standard_normal(shape)


@dataclass(frozen=True, kw_only=True)
class Laplace(Distribution):
    """The double exponential distribution."""

    @property
    def name(self) -> str:
        """The text `laplace`."""
        return "laplace"

    def tails(self, a: Floats) -> Tails:
        """Partial moments above `a`."""
        b = np.sqrt(0.5)  # the variance is 2 b^2
        beyond = np.exp(-a / b) / 2
        return beyond, beyond * (a + b), beyond * (a * a + 2 * a * b + 2 * b * b)

    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
        """Random numbers."""
        return generator.laplace(0.0, np.sqrt(0.5), shape)


@dataclass(frozen=True, kw_only=True)
class StudentT(Distribution):
    """Student's t distribution, scaled to unit variance.

    Attributes:
        nu: degrees of freedom, 3 or more. With fewer, the variance does not exist.

    Raises:
        FormatError: nu is below 3.
    """

    nu: int = 8

    def __post_init__(self) -> None:
        if self.nu < 3:
            raise FormatError(f"student_t{self.nu}: at least 3 degrees of freedom are needed")

    @property
    def name(self) -> str:
        """The text `student_t{nu}`."""
        return f"student_t{self.nu}"

    @property
    def _sigma(self) -> float:
        return float(np.sqrt(self.nu / (self.nu - 2)))

    def tails(self, a: Floats) -> Tails:
        """Partial moments above `a`.

        With t^2 = nu ((1 + t^2/nu) - 1), the second moment becomes a difference of two distribution
        functions, with nu - 2 and nu degrees of freedom.
        """
        nu, t = self.nu, a * self._sigma
        log_norm = special.gammaln((nu + 1) / 2) - special.gammaln(nu / 2)
        density = np.exp(log_norm - (nu + 1) / 2 * np.log1p(t * t / nu)) / np.sqrt(nu * np.pi)
        beyond = special.stdtr(nu, -t)
        shifted = special.stdtr(nu - 2, -t * np.sqrt((nu - 2) / nu))
        first = (nu + t * t) / (nu - 1) * density
        second = nu * ((nu - 1) / (nu - 2) * shifted - beyond)
        return beyond, first / self._sigma, second / self._sigma**2

    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
        """Random numbers."""
        return generator.standard_t(self.nu, shape) / self._sigma


#: The distributions in reports.
DISTRIBUTIONS: tuple[Distribution, ...] = (Normal(), Laplace(), StudentT(nu=8), StudentT(nu=4))


def distribution(name: str) -> Distribution:
    """The distribution with the name `normal`, `laplace` or `student_t{nu}`.

    Raises:
        FormatError: the name is unknown, or nu is below 3.
    """
    if match := _STUDENT.fullmatch(name):
        return StudentT(nu=int(match[1]))
    known: dict[str, Distribution] = {"normal": Normal(), "laplace": Laplace()}
    if name not in known:
        raise FormatError(
            f"unknown distribution {name!r}: allowed are normal, laplace, student_t{{nu}}"
        )
    return known[name]
