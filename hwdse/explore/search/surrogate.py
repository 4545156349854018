"""A Gaussian process that predicts the quality of designs from measured ones."""

import warnings
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    ConstantKernel,
    DotProduct,
    Matern,
    WhiteKernel,
)

Floats = npt.NDArray[np.float64]

_LEAST_NOISE = 1e-6


class Surrogate:
    """Predicts qualities with their uncertainty.

    The kernel is the sum of a linear part (each feature adds its share), a smooth part (features
    act together) and noise (what features do not say).
    """

    def __init__(self, features: npt.ArrayLike) -> None:
        """Prepare for predictions.

        Args:
            features: shape (designs, features): all designs that may be asked for.
        """
        self._features = np.asarray(features, np.float64)
        self._process: GaussianProcessRegressor | None = None
        self._mean = self._scale = 0.0

    def fit(self, chosen: npt.ArrayLike, qualities: npt.ArrayLike, noise: npt.ArrayLike) -> Self:
        """Learn from measurements.

        Args:
            chosen: shape (measurements,): numbers of the measured designs.
            qualities: shape (measurements,).
            noise: shape (measurements,): standard deviations of the errors of the measurements.
        """
        values = np.asarray(qualities, np.float64)
        self._mean, self._scale = float(values.mean()), float(values.std()) or 1.0
        count = self._features.shape[1] or 1
        kernel = (
            ConstantKernel(1.0 / count, (1e-5, 1e3)) * DotProduct(1.0, (1e-2, 1e2))
            + ConstantKernel(1.0, (1e-3, 1e2)) * Matern(count**0.5, (0.3, 100.0), nu=2.5)
            + WhiteKernel(1e-2, (1e-5, 1.0))
        )
        variances = np.maximum((np.asarray(noise, np.float64) / self._scale) ** 2, _LEAST_NOISE)
        self._process = GaussianProcessRegressor(kernel=kernel, alpha=variances, random_state=0)
        with warnings.catch_warnings():
            # A parameter at its bound is no error: the kernel then leaves that part out.
            warnings.simplefilter("ignore", ConvergenceWarning)
            seen = self._features[np.asarray(chosen)]
            self._process.fit(seen, (values - self._mean) / self._scale)
        return self

    def predict(self, wanted: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Means and standard deviations of the qualities of designs, each of shape (designs,)."""
        assert self._process is not None, "fit comes first"
        mean, deviation = self._process.predict(self._features[np.asarray(wanted)], return_std=True)
        return self._mean + self._scale * mean, self._scale * deviation
