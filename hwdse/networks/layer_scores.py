"""Scores of a network whose layers have different designs, for many assignments of few designs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from threadpoolctl import threadpool_limits

from hwdse.networks.accuracy import Accuracy
from hwdse.networks.by_layer import by_layer, layers_of
from hwdse.networks.evaluate import Scoring
from hwdse.networks.execute import Executor, profile
from hwdse.networks.methods import parse as parse_methods
from hwdse.networks.methods import written
from hwdse.networks.metrics import Metric
from hwdse.networks.planning import arithmetic_maker
from hwdse.networks.protocols import Computation, Data, Sample
from hwdse.networks.scales import DEFAULT as DEFAULT_SCALES
from hwdse.networks.scales import get as get_policy
from hwdse.spec import Design


@dataclass(frozen=True, kw_only=True)
class CalibrationSamples:
    """The calibration part of data, for scoring: a choice made by it has seen no test sample.

    Attributes:
        of: the data.
    """

    of: Data

    @property
    def name(self) -> str:
        """Name of the data."""
        return f"calibration samples of {self.of.name}"

    @cached_property
    def test_size(self) -> int:
        """Number of calibration samples."""
        return sum(1 for _ in self.of.calibration())

    def calibration(self) -> Iterator[Sample]:
        """The samples."""
        return iter(self.of.calibration())

    def test(self, limit: int | None = None) -> Iterator[Sample]:
        """The same samples, or the first of them."""
        return islice(self.of.calibration(), limit)


class LayerScores:
    """Scores assignments of designs to layers. The layers of each design are prepared once.

    Attributes:
        sites: names of all layers, in the order of execution.
        macs: multiply-accumulates per sample of each layer.
        weights: number of constant weights of each layer.
    """

    def __init__(
        self,
        designs: Sequence[Design],
        network: Computation | str | Path,
        samples: int | None = None,
        data_dir: Path | None = None,
        *,
        data: Data | None = None,
        metric: Metric | str | None = None,
        scales: str = DEFAULT_SCALES,
        methods: str = "",
        on_calibration: bool = False,
    ) -> None:
        """Prepare the layers of all designs.

        Args:
            designs: the designs.
            network: as for `evaluate`.
            samples: as for `evaluate`; with `on_calibration`, all calibration samples count.
            data_dir: as for `evaluate`.
            data: as for `evaluate`.
            metric: as for `evaluate`.
            scales: as for `evaluate`.
            methods: as for `evaluate`.
            on_calibration: score on the samples that choose scales, not on test samples.

        Raises:
            HwdseError: as of `evaluate`.
        """
        self._policy, self._steps = get_policy(scales), parse_methods(methods)
        test = Scoring.of(network, samples, data_dir, data, metric)
        self.sites = tuple(layers_of(designs[0], test.network))
        arithmetics = {}
        with threadpool_limits(limits=1, user_api="blas"):
            for design in designs:
                make = arithmetic_maker(design, methods=self._steps)
                arithmetics[design] = make(test.network, test.data, self._policy, False, self.sites)
        self._arithmetics = arithmetics
        if on_calibration:
            own = CalibrationSamples(of=test.data)
            test = Scoring(test.network, own, own.test_size, test.metric)
        self._test = test
        workloads = profile(test.network).workloads
        self.macs = dict.fromkeys(self.sites, 0)
        self.weights = dict.fromkeys(self.sites, 0)
        for each in workloads:
            self.macs[each.site] += each.macs
            if each.constant:
                self.weights[each.site] = each.groups * each.k * each.n

    def of(self, layers: Mapping[str, Design | None]) -> Accuracy:
        """The score of an assignment.

        Args:
            layers: one of the designs for each layer. None: float32.
        """
        arithmetic = by_layer(layers, lambda design, _: self._arithmetics[design])
        with threadpool_limits(limits=1, user_api="blas"):
            scores = self._test.scores(
                Executor(self._test.network, arithmetic), self._test.count, None
            )
        return Accuracy(
            **scores.result(),
            network=self._test.network.name,
            scales=str(self._policy),
            methods=written(self._steps),
        )
