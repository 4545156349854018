"""Compares analytic cost with synthesis of whole designs.

    python -m hwdse.cost.validate --liberty nangate45_typ.lib.gz a=int8,acc=int:32 a=e4m3fn

The Verilog that `hwdse generate` emits is synthesized, timed and simulated at gate level like the
primitives were, and compared with the estimate from the declared structure. No design takes part
in the fit of the technology table, so the differences are the errors of the analytic model.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import click
import numpy as np

from hwdse.cost import liberty, synthesis, timing
from hwdse.cost.activity import Simulator, Stimulus
from hwdse.cost.analytic import estimate
from hwdse.cost.technology import QUANTITIES, Technology, load_technology
from hwdse.errors import HwdseError
from hwdse.formats import Format
from hwdse.hdl import emit
from hwdse.spec import Design

CYCLES = 64
LANES = 32
SEED = 20140209
TERMS = 32
"""Cycles of one sum in the simulation."""

_POOL = 4096


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One design: each quantity as estimated and as measured, energy per MAC.

    `energy_pj` is measured with normally distributed operands, while the estimate stands for
    uniformly random bits in every primitive.
    """

    spec: str
    estimated: dict[str, float]
    measured: dict[str, float]

    def error(self, quantity: str) -> float:
        """Estimate relative to measurement, less one."""
        return self.estimated[quantity] / self.measured[quantity] - 1


def operands(fmt: Format, lanes: int) -> Stimulus:
    """Draws words of `lanes` codes of normally distributed values.

    The standard deviation is a quarter of the largest value where codes are evenly spaced
    (integers), and otherwise 1, or as large as the format allows.
    """
    even = fmt.max <= fmt.min_subnormal * 2.0**fmt.bits
    deviation = fmt.max / 4 if even else min(1.0, fmt.max / 4)
    values = np.random.default_rng(SEED).normal(0.0, deviation, _POOL)
    pool = [int(code) for code in fmt.encode(values)]

    def draw(random: Random, _cycle: int) -> int:
        return sum(random.choice(pool) << (lane * fmt.bits) for lane in range(lanes))

    return draw


def compare(
    design: Design, *, technology: Technology, library: liberty.Library, path: Path
) -> Comparison:
    """Estimate, and synthesize with the Liberty file `path` (read: `library`), one design.

    Raises:
        ToolError: a tool is missing or fails.
    """
    cost = estimate(design, technology)
    top = design.slug
    mapped = synthesis.synthesize(emit(design), top=top, library=path)
    delay = timing.critical_delay(
        mapped,
        top=top,
        library=path,
        driver=timing.input_driver(library),
        clock="clk",
        # The inputs come from registers like the unit's own.
        input_delay_ns=technology.register_overhead_ns / 2,
    )
    lanes = cost.macs_per_cycle
    cycle_pj = Simulator(mapped.netlist, library).energy_per_cycle(
        cycles=CYCLES,
        lanes=LANES,
        seed=SEED,
        stimuli={
            "rst": lambda _random, _cycle: 0,
            "i_valid": lambda _random, _cycle: 1,
            "i_first": lambda _random, cycle: int(cycle % TERMS == 0),
            "i_a": operands(design.a, lanes),
            "i_b": operands(design.b, lanes),
        },
        warm_up=8,
    )
    return Comparison(
        spec=str(design),
        estimated={quantity: getattr(cost, quantity) for quantity in QUANTITIES},
        measured={
            "area_um2": mapped.area_um2,
            "energy_pj": cycle_pj / lanes,
            "delay_ns": delay,
        },
    )


def report(comparisons: Sequence[Comparison]) -> str:
    """A table: estimate, measurement and relative error of each design, and the mean errors."""
    lines = [
        "".join(f"{quantity + ': est':>16}{'synth':>9}{'error':>7}" for quantity in QUANTITIES)
        + "  spec"
    ]
    for item in comparisons:
        cells = "".join(
            f"{item.estimated[q]:>16.4g}{item.measured[q]:>9.4g}{item.error(q):>+7.0%}"
            for q in QUANTITIES
        )
        lines.append(f"{cells}  {item.spec}")
    means = "".join(
        f"{'mean |error|':>25}{np.mean([abs(item.error(q)) for item in comparisons]):>7.0%}"
        for q in QUANTITIES
    )
    return "\n".join([*lines, means])


@click.command(help=__doc__, no_args_is_help=True)
@click.option("--liberty", "path", type=click.Path(path_type=Path), required=True)
@click.option("--technology", default="nangate45", show_default=True, help="name or table")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@click.argument("specs", nargs=-1, required=True)
def main(path: Path, technology: str, as_json: bool, specs: tuple[str, ...]) -> None:
    """Entry point of `python -m hwdse.cost.validate`."""
    try:
        table = load_technology(technology)
        designs = [Design.parse(spec) for spec in specs]
        library = liberty.load(path)
        results = []
        for design in designs:
            results.append(compare(design, technology=table, library=library, path=path))
            sys.stderr.write(f"{results[-1].spec}: done\n")
    except HwdseError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    if as_json:
        click.echo(json.dumps([asdict(result) for result in results], indent=1))
    else:
        click.echo(report(results))


if __name__ == "__main__":
    main()
