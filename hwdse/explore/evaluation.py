"""Evaluates designs: analytic cost, and accuracy of a network in the design's arithmetic.

An assignment of designs to layers is evaluated alike (`hwdse.explore.candidates`).
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

import hwdse
from hwdse import cost, networks
from hwdse.cost import load_fabric
from hwdse.cost.system import load_machine
from hwdse.errors import HwdseError
from hwdse.explore.candidates import Compared, candidate_of
from hwdse.explore.prices import Prices
from hwdse.explore.record import Evaluation, Measured, Row, describe, facts_of
from hwdse.explore.rungs import SITE_RUNGS, LowerRung, usual_rungs
from hwdse.explore.site_rungs import SiteEvaluator
from hwdse.networks import metrics
from hwdse.networks.best_methods import Tried, best_of, try_methods
from hwdse.networks.evaluate import count_of
from hwdse.networks.methods import parse as parse_methods
from hwdse.networks.methods import written
from hwdse.networks.named import NamedImages
from hwdse.networks.rung_names import FEW_SAMPLES
from hwdse.networks.scales import get as get_policy
from hwdse.networks.source import NO_SETTINGS, NetworkSettings, NetworkSource, OpenNetwork
from hwdse.spec import Design

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class DesignEvaluator:
    """Evaluates analytic cost, and accuracy of one network on its data.

    Attributes:
        network: name of a network, or path of an ONNX file.
        settings: data, metric and what else belongs to the network.
        metric: name of the metric.
        title: name of the network in results.
        digest: SHA-256 of the network: its ONNX file and all weights in other files.
        data_digest: SHA-256 of the samples for scoring and calibration.
        samples: number of test samples.
        technology: name of a technology table, or path of a table.
        technology_digest: SHA-256 of the technology table.
        data_dir: folder of the dataset. None: $HWDSE_DATA or the system folder.
        scales: policy for choosing the scales of activations and weights.
        methods: quantisation methods, as text; empty: rounding to nearest.
        best_of: methods of which each design takes the best, by calibration samples; empty: it
            takes `methods`.
        requantize: whether layers hand on their outputs in the design's output format.
        clock_ns: clock period for the cost. None: the shortest one of each design.
        fabric: name of a fabric table, or path of a table, for costs on an FPGA; empty: none.
        fabric_digest: SHA-256 of the fabric table; empty without one.
        machine: name of a machine, or path of a machine file, for latency and energy of the
            network; empty: none.
        machine_digest: SHA-256 of the machine; empty without one.
        version: version of hwdse.
    """

    network: str
    title: str
    digest: str
    data_digest: str
    samples: int
    technology: str
    technology_digest: str
    data_dir: Path | None = None
    settings: NetworkSettings = NO_SETTINGS
    metric: str = metrics.DEFAULT
    scales: str = networks.DEFAULT_SCALES
    methods: str = ""
    best_of: tuple[str, ...] = ()
    requantize: bool = False
    clock_ns: float | None = None
    fabric: str = ""
    fabric_digest: str = ""
    machine: str = ""
    machine_digest: str = ""
    version: str = hwdse.__version__

    @classmethod
    def prepare(
        cls,
        network: str,
        samples: int | None,
        technology: str,
        data_dir: Path | None = None,
        *,
        settings: NetworkSettings = NO_SETTINGS,
        scales: str = networks.DEFAULT_SCALES,
        methods: str = "",
        best_of: Sequence[str] = (),
        requantize: bool = False,
        clock_ns: float | None = None,
        fabric: str = "",
        machine: str = "",
    ) -> Self:
        """Build an evaluator. Loads what it needs, to report errors early.

        Raises:
            DatasetError: the dataset is missing or damaged.
            NetworkError: the network or the scale policy is unknown, or the network cannot be
                evaluated.
            TechnologyError: the technology or fabric is unknown, or its table is damaged.
            MachineError: the machine is unknown, or its file is damaged.
        """
        technology_digest = cost.load_technology(technology).digest
        opened = NetworkSource(network=network, settings=settings, folder=data_dir).open()
        samples = opened.usual_samples if samples is None else samples
        return cls(
            network=network,
            title=opened.network.name,
            digest=opened.network.digest,
            data_digest=_data_digest(opened, samples, data_dir),
            settings=settings,
            metric=opened.metric.name,
            samples=samples,
            technology=technology,
            technology_digest=technology_digest,
            data_dir=data_dir,
            scales=str(get_policy(scales)),
            methods=written(parse_methods(methods)),
            best_of=tuple(written(parse_methods(each)) for each in best_of),
            requantize=requantize,
            clock_ns=clock_ns,
            fabric=fabric,
            fabric_digest=load_fabric(fabric).digest if fabric else "",
            machine=machine,
            machine_digest=load_machine(machine).digest if machine else "",
        )

    def key(self, design: Compared) -> str:
        """Digest of everything that affects the result.

        The digest covers file contents, not paths.
        """
        return _digest(
            *self._measured(str(design), design.fingerprint),
            self.technology_digest,
            self.fabric_digest,
            self.machine_digest,
            self.clock_ns,
            self.version,
        )

    def identity(self, design: Compared) -> str:
        """Digest of everything that affects the accuracy, which registers do not."""
        return _digest(*self._measured(*candidate_of(design).measured), self.version)

    def _measured(self, text: str, fingerprint: str) -> tuple[Any, ...]:
        """What the accuracy of a design depends on."""
        return (
            text,
            fingerprint,
            self.title,
            self.digest,
            self.data_digest,
            self.samples,
            self.scales,
            self.requantize,
            # Without methods as before there were any: what was measured then holds. The same goes
            # for what was said of the network. The data and all that changes them have a digest.
            *([self.methods] if self.methods else []),
            *([own] if (own := self._own()) else []),
        )

    def _own(self) -> dict[str, Any]:
        """What decides a result besides the rest, if anything does."""
        every = {
            "shapes": sorted(self.settings.shapes),
            "output": self.settings.output,
            "metric": "" if self.metric == metrics.DEFAULT else self.metric,
            "best_of": self.best_of,
        }
        return {name: value for name, value in every.items() if value}

    def __call__(self, design: Compared) -> Evaluation:
        """Evaluate one design. The first call in a process loads the network."""
        opened = self.opened()
        candidate_of(design).check(opened.network)
        tried = self._tried(design, opened)
        accuracy = networks.evaluate(
            design,
            opened.network,
            samples=self.samples,
            data=opened.data,
            metric=opened.metric,
            scales=self.scales,
            methods=best_of(tried) if tried else self.methods,
            requantize=self.requantize,
        )
        said = accuracy.to_json() | ({"methods_tried": dict(tried)} if tried else {})
        return self.with_accuracy(
            design,
            Measured(accuracy=said, errors=accuracy.errors, outcomes=accuracy.outcomes),
        )

    def _tried(self, design: Compared, opened: OpenNetwork) -> Tried:
        """What the methods of `best_of` give for a design; empty without any."""
        if not self.best_of:
            return {}
        return try_methods(
            design,
            opened.network,
            opened.data,
            self.best_of,
            scales=self.scales,
            requantize=self.requantize,
        )

    def with_accuracy(self, design: Compared, known: Measured) -> Evaluation:
        """Evaluate the cost of a design whose accuracy is known."""
        return Evaluation(
            spec=str(design),
            cost=candidate_of(design).cost(_inputs(self).prices),
            accuracy=known.accuracy,
            errors=known.errors,
            outcomes=known.outcomes,
            version=self.version,
            identity=self.identity(design),
        )

    def opened(self) -> OpenNetwork:
        """The network and its data, loaded once in each process.

        Raises:
            HwdseError: a file changed after the sweep began.
        """
        return _inputs(self).opened

    def lower_rungs(self, rungs: Sequence[int | str] | None) -> tuple[LowerRung, ...]:
        """The same measurement on fewer samples, and measurements without any.

        Numbers that are not fewer are left out. What needs no sample counts as half of what 64
        samples cost, its scales and its matrix products being what is left of an evaluation.
        """
        wanted = usual_rungs(self.samples) if rungs is None else rungs
        named = tuple(
            LowerRung(
                name=name,
                share=min(FEW_SAMPLES / self.samples, 1) / 2,
                evaluator=SiteEvaluator(whole=self._plain(self.samples), rung=name),
                objective="sqnr_db",
            )
            for name in SITE_RUNGS
            if name in wanted
        )
        numbers = sorted({rung for rung in wanted if isinstance(rung, int)})
        return named + tuple(
            LowerRung(
                name=f"{number} samples", share=number / self.samples, evaluator=self._plain(number)
            )
            for number in numbers
            if number < self.samples
        )

    def _plain(self, samples: int) -> Self:
        """This evaluator for other samples. What is no matter of accuracy is left out."""
        data = _data_digest(self.opened(), samples, self.data_dir)
        few = replace(self, samples=samples, data_digest=data, clock_ns=None)
        return replace(few, fabric="", fabric_digest="", machine="", machine_digest="")

    def costs(self, designs: Sequence[Design]) -> "pd.DataFrame":
        """Columns of costs of designs, one row each; missing where a design cannot be built."""
        # Workers evaluate designs without pandas, which is slow to load.
        import pandas as pd  # noqa: PLC0415

        given = _inputs(self).prices
        if given.fabric or given.machine:
            return pd.DataFrame(self._cost_columns(design, given) for design in designs)
        specs = pd.DataFrame({**design.keys(), **design.unit.keys()} for design in designs)
        found = cost.estimate_many(specs, given.technology, clock_ns=self.clock_ns)
        return found.assign(area_per_mac_um2=found["area_um2"] / found["macs_per_cycle"])

    def _cost_columns(self, design: Design, given: Prices) -> dict[str, Any]:
        found: dict[str, Any] | None = None
        with suppress(HwdseError):
            found = candidate_of(design).cost(given)
        return describe(Row(key="", facts=facts_of(design), cost=found))


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _data_digest(opened: OpenNetwork, samples: int, data_dir: Path | None) -> str:
    """Digest of the samples for scoring and calibration, as the network gets them."""
    data, network, digest = opened.data, opened.network, hashlib.sha256()
    if isinstance(data, NamedImages):
        for part in (
            network.named_dataset.test(data_dir, limit=samples),
            network.named_dataset.train(data_dir, limit=data.count),
        ):
            digest.update(part.x.tobytes())
            digest.update(part.y.tobytes())
        return digest.hexdigest()
    count_of(data, samples)
    for sample in (*data.test(samples), *data.calibration()):
        for name, value in sorted(sample.inputs.items()):
            digest.update(_described(name, value))
        digest.update(_described("", sample.target))
    return digest.hexdigest()


def _described(name: str, value: Any) -> bytes:
    """A value with its name, type and shape."""
    array = np.asarray(value)
    content = repr(value).encode() if array.dtype.hasobject else array.tobytes()
    return f"{name} {array.dtype.str} {array.shape} ".encode() + content


@dataclass(frozen=True, kw_only=True, eq=False)
class _Inputs:
    """All that an evaluator works with."""

    opened: OpenNetwork
    prices: Prices


@lru_cache(maxsize=4)
def _inputs(evaluator: DesignEvaluator) -> _Inputs:
    """Load everything, and check that it matches the digests of the evaluator.

    Raises:
        HwdseError: a file changed after the sweep began.
    """
    folder = evaluator.data_dir
    opened = NetworkSource(
        network=evaluator.network, settings=evaluator.settings, folder=folder
    ).open()
    technology = cost.load_technology(evaluator.technology)
    fabric = load_fabric(evaluator.fabric) if evaluator.fabric else None
    machine = load_machine(evaluator.machine) if evaluator.machine else None
    data = _data_digest(opened, evaluator.samples, folder)
    for what, now, then in (
        (f"network {evaluator.network}", opened.network.digest, evaluator.digest),
        (f"dataset {opened.data.name}", data, evaluator.data_digest),
        (f"technology {evaluator.technology}", technology.digest, evaluator.technology_digest),
        (f"fabric {evaluator.fabric}", fabric.digest if fabric else "", evaluator.fabric_digest),
        (
            f"machine {evaluator.machine}",
            machine.digest if machine else "",
            evaluator.machine_digest,
        ),
    ):
        if now != then:
            raise HwdseError(f"{what} changed while the sweep ran: run it again")
    prices = Prices(
        network=opened.network,
        workloads=tuple(networks.profile(opened.network).workloads),
        technology=technology,
        fabric=fabric,
        machine=machine,
        clock_ns=evaluator.clock_ns,
    )
    return _Inputs(opened=opened, prices=prices)
