"""Operands of a network as the unit of a design sees them, cycle by cycle, for its energy."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.errors import NetworkError, SpecError, unknown
from hwdse.networks.calibration import observations
from hwdse.networks.execute import profile
from hwdse.networks.named import data_folder
from hwdse.networks.network import Network, load
from hwdse.networks.observe import Observation
from hwdse.networks.quantize import plan
from hwdse.networks.scales import DEFAULT as DEFAULT_SCALES
from hwdse.networks.scales import get as get_policy
from hwdse.spec import Design

Codes = npt.NDArray[np.integer[Any]]

SEED = 17
_FIELDS = {"first", "a", "b"}


def operand_codes(
    design: Design,
    network: Network | str | Path,
    *,
    layer: str | None = None,
    cycles: int,
    data_dir: Path | None = None,
    scales: str = DEFAULT_SCALES,
) -> dict[str, Codes]:
    """Codes at the inputs of a unit that computes random sums of a network, one after the other.

    Activations and weights have the scales of `evaluate`. Activations come from calibration data.
    All K terms of a sum follow each other, `lanes` in each cycle; zeros fill the last cycle. With
    `interleave`, sums take turns. The same arguments give the same codes.

    Args:
        design: a design whose unit adds products to running sums.
        network: a loaded network, or a name or path for `load`.
        layer: the place of a matrix product, `Workload.site`. By default, sums of all places, as
            often as they occur in the network.
        cycles: number of cycles.
        data_dir: folder of the dataset. Default: $HWDSE_DATA or the system folder.
        scales: name of the scale policy.

    Returns:
        By field of the unit's input stream: `a` and `b` of shape (cycles, lanes), `first` of shape
        (cycles, 1).

    Raises:
        NetworkError: the network cannot be evaluated, or has no such layer.
        DatasetError: data is missing or damaged.
        SpecError: the unit has no running sum, or the design has no fast kernel.
    """
    fields = {field.name for stream in design.interface.inputs for field in stream.fields}
    if fields != _FIELDS:
        raise SpecError(f"unit {design.unit}: operands of a network are for units mac and dot")
    if isinstance(network, (str, Path)):
        network = load(network)
    sums: dict[str, int] = {}
    for workload in profile(network).workloads:
        sums[workload.site] = sums.get(workload.site, 0) + workload.sums
    if layer is not None and layer not in sums:
        raise NetworkError(unknown(f"layer of {network.name}", layer, sums))
    chosen = {site: count for site, count in sums.items() if layer in (None, site)}
    seen = observations(network, data_folder(data_dir))
    places = {site: _Place.of(design, seen[site], scales) for site in chosen}
    rng = np.random.default_rng(SEED)
    shares = np.array(list(chosen.values())) / sum(chosen.values())

    def one_turn() -> Iterator[tuple[Codes, Codes, bool]]:
        """Operands of each cycle of one sum after another, and whether it is a sum's first."""
        while True:
            a, b = places[rng.choice(list(places), p=shares)].drawn(rng)
            for start in range(0, len(a), design.unit.group):
                part = slice(start, start + design.unit.group)
                yield a[part], b[part], start == 0

    turns = [one_turn() for _ in range(design.interface.turns)]
    found = [next(turns[cycle % len(turns)]) for cycle in range(cycles)]
    a, b = np.array(design.a.encode(np.zeros(1))), np.array(design.b.encode(np.zeros(1)))
    codes = {name: np.zeros((cycles, design.unit.group), np.int64) for name in ("a", "b")}
    for cycle, (first, second, _) in enumerate(found):
        for name, zero, part in (("a", a, first), ("b", b, second)):
            codes[name][cycle] = zero[0]
            codes[name][cycle, : len(part)] = part
    return {**codes, "first": np.array([[start] for _, _, start in found], np.int64)}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Place:
    """Codes at one place of a matrix product: rows (G, r, K), matrices (G, K, N)."""

    rows: Codes
    matrices: Codes

    @classmethod
    def of(cls, design: Design, seen: Observation, scales: str) -> "_Place":
        planned = plan(design, seen, hwdse.kernels.matmul, get_policy(scales))
        matrices = planned.weights
        if matrices is None:
            matrices = planned.second.codes(seen.matrices)
        return cls(rows=planned.first.codes(seen.rows), matrices=np.asarray(matrices))

    def drawn(self, rng: np.random.Generator) -> tuple[Codes, Codes]:
        """Operands of a random sum."""
        group = rng.integers(len(self.rows))
        row = self.rows[group, rng.integers(self.rows.shape[1])]
        column = self.matrices[group][:, rng.integers(self.matrices.shape[2])]
        return row, column
