"""Scores a network whose matrix products run in a design's arithmetic."""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from hwdse.errors import DatasetError, HwdseError, NetworkError, SpecError
from hwdse.networks import metrics
from hwdse.networks.accuracy import Accuracy, Scores
from hwdse.networks.arithmetic import Arithmetic
from hwdse.networks.assignment import Assignment
from hwdse.networks.blocks import (
    BlockMatMul,
)
from hwdse.networks.by_layer import by_layer, designs_in, layers_of
from hwdse.networks.data import Options, own_data
from hwdse.networks.execute import Executor, FloatNetwork, batches, padded_outputs, profile
from hwdse.networks.float_outputs import float_outputs_of
from hwdse.networks.methods import parse as parse_methods
from hwdse.networks.methods import written
from hwdse.networks.metrics import Metric
from hwdse.networks.network import Network, load
from hwdse.networks.planning import arithmetic_maker
from hwdse.networks.protocols import Computation, Data
from hwdse.networks.quantize import MatMul
from hwdse.networks.scales import DEFAULT as DEFAULT_SCALES
from hwdse.networks.scales import ScalePolicy
from hwdse.networks.scales import get as get_policy
from hwdse.spec import Design

COMPARED_SCALES = ("output", "pow2", "mse")
"""Scale policies to compare: all policies that search for a scale."""
_COMPARED_SAMPLES = 500
_COMPARED_MACS = 1 << 39
"""Multiply-accumulates that a policy is compared by: of large networks, fewer samples do."""

NETWORK_HAS = ("name", "inputs", "fixed_batch", "outputs", "float_outputs")
"""What a network must have, as `Computation` says."""
DATA_HAS = ("name", "test_size", "calibration", "test")
"""What data must have, as `Data` says."""

Progress = Callable[[int, int], None]
"""A function that gets the number of finished samples and the total number of samples."""


def evaluate(
    design: Design | Assignment,
    network: Computation | str | Path,
    samples: int | None = None,
    data_dir: Path | None = None,
    progress: Progress | None = None,
    *,
    data: Data | None = None,
    metric: Metric | str | None = None,
    scales: str = DEFAULT_SCALES,
    compare_scales: bool = True,
    requantize: bool = False,
    methods: str = "",
    matmul: MatMul | None = None,
    block_matmul: BlockMatMul | None = None,
) -> Accuracy:
    """Score a network whose matrix products run in the design's arithmetic.

    Activations and weights are float32. Activations are quantised to `design.a` and weights to
    `design.b`, with rounding to nearest even (see `hwdse.networks.quantize`). `matmul` computes the
    sums of products. Bias and all other operators stay float32. With `requantize`, activations are
    also rounded between layers. The same arguments give the same result. Operands in block formats
    get their scales from their formats (see `hwdse.networks.blocks`), whatever `scales` says.

    Args:
        design: the design, or an assignment of designs to layers.
        network: a network, or a name or path for `load`.
        samples: number of samples, from the start of the test part. Default: all of `data`; of
            data that the network's file names, the number in its metadata.
        data_dir: folder of the dataset. Default: $HWDSE_DATA or the system folder.
        progress: function to call after each batch.
        data: samples for calibration and scoring, as `hwdse.networks.open_data` gives them.
            Default: those that the network's file names.
        metric: a metric, or the name of one, of `hwdse.networks.metrics.names()`. Default: that
            which the network's file names, or top-1 accuracy.
        scales: scale policy, one of `hwdse.networks.scales.names()` with its option, such as
            "percentile:99.5".
        compare_scales: also score the first samples under other policies, for `other_scales`.
        requantize: round the values that a layer hands to the next layer to the design's output
            format.
        methods: quantisation methods, such as "smoothquant,gptq"; see `hwdse.networks.methods`.
        matmul: function that multiplies codes, for pairs of matrices and for stacks of matrices.
            Default: `hwdse.kernels.matmul`.
        block_matmul: function that multiplies blocks, if the operands are block formats. Default:
            the kernel.

    Raises:
        NetworkError: the network cannot be evaluated, the policy or the metric is unknown, or the
            metric takes no such outputs.
        DatasetError: data is missing or damaged, does not fit the network or the metric, or
            `samples` exceeds the test part.
        SpecError: the design has no fast kernel, or the assignment does not fit the network. The
            message says why.
    """
    policy, steps = get_policy(scales), parse_methods(methods)
    test = Scoring.of(network, samples, data_dir, data, metric)
    if requantize and isinstance(design, Assignment):
        raise SpecError(
            f"{design.name}: requantize takes one design for all layers, whose output format is "
            "that of every hand-over"
        )
    layers = layers_of(design, test.network)
    makes = {one: arithmetic_maker(one, matmul, block_matmul, steps) for one in designs_in(layers)}
    blocks = all(one.unit.takes_blocks for one in makes)

    def scored(policy: ScalePolicy, count: int, progress: Progress | None) -> Scores:
        def make(one: Design, sites: Sequence[str]) -> Arithmetic:
            return makes[one](test.network, test.data, policy, requantize, sites)

        arithmetic = by_layer(layers, make)
        return test.scores(Executor(test.network, arithmetic), count, progress)

    # Use one BLAS thread. A second thread would wait in a busy loop between the many small
    # products. On two cores it takes half of all CPU time and makes nothing faster.
    with threadpool_limits(limits=1, user_api="blas"):
        found = scored(policy, test.count, progress)
        affordable = max(1, _COMPARED_MACS // max(1, profile(test.network).macs))
        few = min(test.count, _COMPARED_SAMPLES, affordable)
        others = {}
        for name in COMPARED_SCALES if compare_scales else ():
            # Blocks have their own scales, the same under every policy.
            same = blocks or name == str(policy)
            others[name] = (found if same else scored(get_policy(name), few, None)).value(few)
    return Accuracy(
        **found.result(),
        network=test.network.name,
        scales=str(policy),
        requantize=requantize,
        methods=written(steps),
        other_scales=others,
    )


def float_accuracy(
    network: Computation | str | Path,
    samples: int | None = None,
    data_dir: Path | None = None,
    *,
    data: Data | None = None,
    metric: Metric | str | None = None,
) -> Accuracy:
    """Score the network in float32. Arguments and errors are as in `evaluate`."""
    test = Scoring.of(network, samples, data_dir, data, metric)
    found = test.scores(FloatNetwork(test.network), test.count, None)
    return Accuracy(**found.result(), network=test.network.name, scales="none")


class Scoring:
    """A network, with the samples and the metric that score it."""

    def __init__(self, network: Computation, data: Data, count: int, metric: Metric) -> None:
        self.network, self.data, self.count, self.metric = network, data, count, metric

    @classmethod
    def of(
        cls,
        network: Computation | str | Path,
        samples: int | None,
        data_dir: Path | None,
        data: Data | None,
        metric: Metric | str | None,
    ) -> "Scoring":
        """Check what the user gave, as `evaluate` says."""
        if isinstance(network, (str, Path)):
            network = load(network)
        usual = None
        if data is None:
            if not isinstance(network, Network):
                raise DatasetError(f"network {network.name} is given without data")
            data, usual = own_data(network, Options(folder=data_dir))
        if metric is None:
            metric = usual_metric(network)
        _check(network, "network", NETWORK_HAS, NetworkError)
        _check(data, "data", DATA_HAS, DatasetError)
        return cls(
            network,
            data,
            count_of(data, usual if samples is None else samples),
            metrics.for_network(metric, network),
        )

    def scores(
        self, runner: Executor | FloatNetwork, count: int, progress: Progress | None
    ) -> Scores:
        """Run the first samples, and score their outputs.

        Raises:
            NetworkError: the network does not run, or its outputs in float32 are not finite.
            DatasetError: there are fewer samples, or one has no target that the metric needs.
        """
        expected = float_outputs_of(self.network, self.data, count)
        found = Scores(self.metric)
        done = 0
        for batch in batches(self.network, islice(self.data.test(count), count)):
            check_targets(self.metric, self.data, batch.targets)
            exact = expected.of(done, batch)
            outputs = exact
            if isinstance(runner, Executor):
                outputs = padded_outputs(runner, self.network, batch.inputs)
                if outputs.shape != exact.shape:
                    raise NetworkError(
                        f"network {self.network.name} gives outputs of shape {outputs.shape} in a "
                        f"design's arithmetic, of shape {exact.shape} in float32"
                    )
            found.add(outputs, exact, batch.targets)
            done += len(batch.targets)
            if progress is not None:
                progress(done, count)
        if done < count:
            raise _too_few(self.data, count, done)
        return found


def usual_metric(network: Computation) -> str:
    """Name of the metric that a network's file names, or of the usual one."""
    named = network.companions.metric if isinstance(network, Network) else None
    return named or metrics.DEFAULT


def count_of(data: Data, samples: int | None) -> int:
    """Number of samples to score.

    Args:
        data: the data.
        samples: what the user asked for. None: all.

    Raises:
        DatasetError: `samples` is no number of samples.
    """
    wanted = data.test_size if samples is None else samples
    if wanted < 1:
        raise DatasetError(f"samples={wanted}: at least 1 is needed")
    if wanted > data.test_size:
        raise _too_few(data, wanted, data.test_size)
    return wanted


def _too_few(data: Data, wanted: int, count: int) -> DatasetError:
    return DatasetError(f"samples={wanted}: the test part of {data.name} has {count}")


def _check(thing: Any, what: str, names: Sequence[str], raised: type[HwdseError]) -> None:
    """Refuse what is no network or no data."""
    lacking = [name for name in names if not hasattr(thing, name)]
    if lacking:
        raise raised(f"{thing!r} is no {what}: it lacks {', '.join(lacking)}")
    try:
        hash(thing)
    except TypeError as error:
        raise raised(
            f"{what} {thing.name} has no hash, by which results are kept: a dataclass needs "
            "eq=False"
        ) from error


def check_targets(metric: Metric, data: Data, targets: Sequence[Any]) -> None:
    """Check that samples have the targets that a metric needs.

    Raises:
        DatasetError: one has none.
    """
    if metric.needs_labels and any(target is None for target in targets):
        raise DatasetError(
            f"metric {metric.name} needs a target for each sample, and data {data.name} has none; "
            f"without targets: {', '.join(metrics.without_labels())}"
        )
