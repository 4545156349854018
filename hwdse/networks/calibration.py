"""What the layers of a network see on the calibration data."""

from functools import lru_cache
from pathlib import Path

from threadpoolctl import threadpool_limits

from hwdse.errors import DatasetError
from hwdse.networks.execute import Executor, batches, padded_outputs
from hwdse.networks.named import NamedImages
from hwdse.networks.network import Network
from hwdse.networks.observe import Observation, Observer
from hwdse.networks.placing import with_given
from hwdse.networks.protocols import Computation, Data


@lru_cache(maxsize=4)
def observed(network: Computation, data: Data) -> dict[str, Observation]:
    """The operands that each site sees on the calibration data, by site name.

    Raises:
        DatasetError: there is no sample for calibration.
    """
    # Kept: a sweep scores many designs on the same network.
    observer = Observer()
    executor = Executor(network, observer)
    ran = 0
    # One thread: several add in another order, and others would see other operands.
    with threadpool_limits(limits=1, user_api="blas"):
        for batch in batches(network, data.calibration()):
            count = len(batch.targets)
            with observer.batch(count, network.fixed_batch or count):
                padded_outputs(executor, network, batch.inputs)
            ran += count
    if not ran:
        raise DatasetError(f"data {data.name} has no samples for calibration")
    found = observer.observations()
    return with_given(network, found) if isinstance(network, Network) else found


def observations(network: Network, folder: str | None) -> dict[str, Observation]:
    """`observed` on the dataset that the network's file names.

    Args:
        network: the network.
        folder: data folder that the user gave. None: the default folder of the dataset.
    """
    return observed(network, NamedImages.of(network, Path(folder) if folder else None))
