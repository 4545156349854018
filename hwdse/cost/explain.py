"""Says which blocks make the difference between designs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hwdse.cost.result import Cost


@dataclass(frozen=True, kw_only=True)
class BlockShares:
    """What one block takes in each of several designs, in the order of the designs.

    Attributes:
        name: name of the block, or `TOTAL`.
        area_um2: area per product and cycle, so that units of different lanes compare.
        energy_pj: energy per MAC.
    """

    name: str
    area_um2: tuple[float, ...]
    energy_pj: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the attributes as plain data for `json.dumps`, with differences to the first."""
        plain = asdict(self)
        for quantity in ("area_um2", "energy_pj"):
            values = plain[quantity]
            plain[quantity] = list(values)
            plain[f"{quantity}_more"] = [value - values[0] for value in values]
        return plain


TOTAL = "total"


def explain(costs: Sequence[Cost]) -> list[BlockShares]:
    """Compare designs block by block.

    A block that a design lacks takes nothing in it.

    Args:
        costs: estimates of one or more designs.

    Returns:
        The blocks, the one whose energies differ most first, and the total last.
    """
    names = dict.fromkeys(block.name for cost in costs for block in cost.breakdown)
    by_name = [{block.name: block for block in cost.breakdown} for cost in costs]
    rows = [
        BlockShares(
            name=name,
            area_um2=tuple(
                blocks[name].area_um2 / cost.macs_per_cycle if name in blocks else 0.0
                for cost, blocks in zip(costs, by_name, strict=True)
            ),
            energy_pj=tuple(
                blocks[name].energy_pj if name in blocks else 0.0 for blocks in by_name
            ),
        )
        for name in names
    ]
    rows.sort(key=lambda row: min(row.energy_pj) - max(row.energy_pj))
    total = BlockShares(
        name=TOTAL,
        area_um2=tuple(cost.area_um2 / cost.macs_per_cycle for cost in costs),
        energy_pj=tuple(cost.energy_pj for cost in costs),
    )
    return [*rows, total]
