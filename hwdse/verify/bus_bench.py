"""The bench of a module behind a bus: the cocotb module, its vectors, and what they are for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial, singledispatch
from pathlib import Path

from hwdse.flows.package import BENCH_NEEDS
from hwdse.plugins import load_modules
from hwdse.resources import resource
from hwdse.spec import Bus, Design, Interface
from hwdse.verify.bench import Report
from hwdse.verify.bus_trace import on_bus
from hwdse.verify.mismatch import describe
from hwdse.verify.prepare import Covered, prepare
from hwdse.verify.trace import Trace

#: The cocotb bench of every interface that consists of streams.
STREAM_BENCH = resource("sims", "stream", "tb_stream.py")


@dataclass(frozen=True, kw_only=True)
class BusBench:
    """A bench and its vectors.

    Attributes:
        text: text of the vector file.
        outputs: number of outputs that the bench compares.
        covered: what the vectors are for, and what they reach.
        describe: what the mismatches of a report say to people, after the name of the design.
        module: the cocotb module.
        beside: files that the module needs in its folder.
        needs: Python packages that the module and its simulator need.
        trace: the transfers of each stream, if the interface consists of such.
    """

    text: str
    outputs: int
    covered: Covered
    describe: Callable[[str, Report], str]
    module: Path = STREAM_BENCH
    beside: tuple[Path, ...] = ()
    needs: tuple[str, ...] = BENCH_NEEDS
    trace: Trace | None = None


@singledispatch
def bench_of(
    bus: Bus, design: Design, level: str, seed: int, interface: Interface | None = None
) -> BusBench:
    """The bench of a design behind a bus. The same seed gives the same vectors.

    A bus of streams registers `on_bus`. Any other bus registers its bench here.

    Args:
        bus: the bus.
        design: the design.
        level: `quick`, `full` or `exhaustive`.
        seed: seed of operands and of idle cycles.
        interface: the interface of the module, if it differs from that of the bus.

    Raises:
        SpecError: the level is unknown, or the unit or the bus has no bench.
        VerificationError: the stimulus misses special values that it must reach.
    """
    prepared = prepare(design.unit, design, level, seed)
    trace = on_bus(bus, design, prepared.trace)
    if interface is not None:
        trace = replace(trace, interface=interface)
    return BusBench(
        text=trace.text(str(design), seed),
        outputs=trace.outputs,
        covered=prepared,
        describe=partial(_described, trace),
        trace=trace,
    )


def _described(trace: Trace, spec: str, report: Report) -> str:
    return describe(spec, trace, report)


load_modules("hwdse.verify.coprocessor", [str(Path(__file__).parent / "coprocessor")])
