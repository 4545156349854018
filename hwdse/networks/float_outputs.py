"""Outputs of networks in float32, from which the errors of designs are counted."""

from functools import lru_cache

import numpy as np

from hwdse.errors import NetworkError
from hwdse.networks.execute import Filled, FloatNetwork, padded_outputs
from hwdse.networks.metrics import Outputs
from hwdse.networks.protocols import Computation, Data

_KEPT_BYTES = 64 << 20


class _FloatOutputs:
    """Outputs in float32, kept while all of them together are small."""

    def __init__(self, network: Computation) -> None:
        self._network = network
        self._runner = FloatNetwork(network)
        self._kept: dict[int, Outputs] = {}
        self._bytes = 0

    def of(self, first: int, batch: Filled) -> Outputs:
        """The outputs for a batch that begins with sample `first`.

        Raises:
            NetworkError: the network does not run, or an output is NaN or infinite.
        """
        if first in self._kept:
            return self._kept[first]
        found = padded_outputs(self._runner, self._network, batch.inputs)
        finite = np.isfinite(found.reshape(len(found), -1)).all(axis=1)
        if not finite.all():
            raise NetworkError(
                f"network {self._network.name} gives NaN or infinity for sample "
                f"{first + int(np.argmin(finite))} in float32: nothing can be compared with that"
            )
        found.flags.writeable = False
        self._bytes += found.nbytes
        if self._bytes <= _KEPT_BYTES:
            self._kept[first] = found
        return found


@lru_cache(maxsize=4)
def float_outputs_of(network: Computation, data: Data, count: int) -> _FloatOutputs:
    """Outputs for the first samples; the number decides where the last batch ends."""
    del data, count
    return _FloatOutputs(network)
