"""Measures designs: analytic cost, and the accuracy of a network run in their arithmetic."""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import hwdse
from hwdse import cost, networks
from hwdse.cost import Technology
from hwdse.errors import HwdseError
from hwdse.explore.record import Evaluation
from hwdse.networks import Network
from hwdse.networks.scales import get as get_policy
from hwdse.spec import Design


@dataclass(frozen=True, kw_only=True)
class DesignEvaluator:
    """Analytic cost, and accuracy of a network on its dataset.

    Attributes:
        network: name of a shipped network or path of an ONNX file.
        title: the network's name as results show it.
        digest: SHA-256 of the network's ONNX bytes.
        data_digest: SHA-256 of the samples that score and calibrate it.
        samples: test samples.
        technology: name of a technology table, or path of one.
        technology_digest: SHA-256 of that table.
        data_dir: folder of the dataset; None for where it is installed.
        scales: policy that chooses the scales of activations and weights.
        requantize: layers hand on what they give in the design's output format.
        version: of hwdse.
    """

    network: str
    title: str
    digest: str
    data_digest: str
    samples: int
    technology: str
    technology_digest: str
    data_dir: Path | None = None
    scales: str = networks.DEFAULT_SCALES
    requantize: bool = False
    version: str = hwdse.__version__

    @classmethod
    def prepare(
        cls,
        network: str,
        samples: int | None,
        technology: str,
        data_dir: Path | None = None,
        *,
        scales: str = networks.DEFAULT_SCALES,
        requantize: bool = False,
    ) -> Self:
        """Load network and dataset once, so that what is missing shows before any work.

        Raises:
            DatasetError: the dataset is missing or damaged.
            NetworkError: no such network, one that cannot be evaluated, or no such policy.
            TechnologyError: no such technology.
        """
        technology_digest = cost.load_technology(technology).digest
        loaded = networks.load(network)
        samples = loaded.default_samples if samples is None else samples
        return cls(
            network=network,
            title=loaded.name,
            digest=loaded.digest,
            data_digest=_data_digest(loaded, samples, data_dir),
            samples=samples,
            technology=technology,
            technology_digest=technology_digest,
            data_dir=data_dir,
            scales=get_policy(scales).name,
            requantize=requantize,
        )

    def key(self, design: Design) -> str:
        """Digest of all that decides the result: of contents, wherever they were read from."""
        parts = [
            str(design),
            design.fingerprint,
            self.title,
            self.digest,
            self.data_digest,
            self.samples,
            self.scales,
            self.requantize,
            self.technology_digest,
            self.version,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def __call__(self, design: Design) -> Evaluation:
        """Evaluate one design; the first call in a process loads the network."""
        network, technology = _inputs(self)
        accuracy = networks.evaluate(
            design,
            network,
            samples=self.samples,
            data_dir=self.data_dir,
            scales=self.scales,
            requantize=self.requantize,
        )
        return Evaluation(
            spec=str(design),
            cost=cost.estimate(design, technology).to_json(),
            accuracy=accuracy.to_json(),
            errors=accuracy.errors,
            version=self.version,
        )


def _data_digest(network: Network, samples: int, data_dir: Path | None) -> str:
    digest = hashlib.sha256()
    for part in (
        network.dataset.test(data_dir, limit=samples),
        network.dataset.train(data_dir, limit=network.calibration),
    ):
        digest.update(part.x.tobytes())
        digest.update(part.y.tobytes())
    return digest.hexdigest()


@lru_cache(maxsize=2)
def _inputs(evaluator: DesignEvaluator) -> tuple[Network, Technology]:
    """Network and technology, which must be those that the evaluator's keys speak of.

    Raises:
        HwdseError: a file changed after the sweep began.
    """
    network = networks.load(evaluator.network)
    technology = cost.load_technology(evaluator.technology)
    data = _data_digest(network, evaluator.samples, evaluator.data_dir)
    for what, now, then in (
        (f"network {evaluator.network}", network.digest, evaluator.digest),
        (f"dataset {network.dataset.name}", data, evaluator.data_digest),
        (f"technology {evaluator.technology}", technology.digest, evaluator.technology_digest),
    ):
        if now != then:
            raise HwdseError(f"{what} changed while the sweep ran: run it again")
    return network, technology
