"""The bench of the co-processor, and its vector file: a header, then one job per line."""

import json
from collections import Counter
from collections.abc import Iterable
from importlib.util import find_spec

from hwdse.drivers.coprocessor import DRIVER, as_json
from hwdse.errors import SpecError, ToolError
from hwdse.flows.package import BENCH_NEEDS
from hwdse.resources import how_to_get, resource
from hwdse.spec import Axi, Design, Interface
from hwdse.verify.bench import Report
from hwdse.verify.bus_bench import BusBench, bench_of
from hwdse.verify.coprocessor.job import Job
from hwdse.verify.coprocessor.jobs import WORDS, jobs
from hwdse.verify.coverage import judged
from hwdse.verify.prepare import Covered

_SHOWN = 5
PAUSES = 0.5


@bench_of.register
def _(
    bus: Axi, design: Design, level: str, seed: int, interface: Interface | None = None
) -> BusBench:
    if level not in WORDS:
        raise SpecError(
            f"level {level}: interface {bus.keyword} has {' and '.join(WORDS)}; its PEs do what "
            "a mac does, which has level exhaustive"
        )
    del interface
    if find_spec("cocotbext") is None or find_spec("cocotbext.axi") is None:
        raise ToolError(f"interface {bus.keyword}: no cocotbext-axi: {how_to_get('axi')}")
    return bench(bus, design, jobs(bus, design, level, seed), seed)


def bench(
    bus: Axi, design: Design, given: Iterable[Job], seed: int, *, pauses: float = PAUSES
) -> BusBench:
    """The bench that runs the given jobs.

    Args:
        bus: the bus.
        design: the design.
        given: jobs.
        seed: seed of pauses and of other choices of the bench.
        pauses: greatest share of cycles in which a channel pauses. 0: none does, and the bench
            reports the cycles of each job.
    """
    header = {
        "spec": str(design),
        "ports": [port.name for port in bus.interface(design).ports()],
        "seed": seed,
        "pauses": pauses,
        **as_json(bus.registers(design)),
    }
    lines, purposes, results = [json.dumps(header)], Counter[str](), []
    for job in given:
        found = job.results(bus, design)
        line = job.line(bus, design, found)
        lines.append(json.dumps(line))
        purposes[job.purpose.replace(" ", "_")] += line["results"]
        if job.error == "none":
            results.append(found)
    reached = judged(design, results)
    return BusBench(
        text="\n".join(lines) + "\n",
        outputs=sum(purposes.values()),
        covered=Covered(vectors=purposes, outputs=reached.outputs, unreached=reached.unreached),
        describe=_described,
        module=resource("sims", "axi", "tb_axi.py"),
        needs=(*BENCH_NEEDS, "cocotbext-axi"),
        beside=(resource("sims", "axi", DRIVER),),
    )


def _described(spec: str, report: Report) -> str:
    lines = [f"{spec}: {report.mismatches} mismatches in {report.vectors} results; the first are"]
    return "\n".join(lines + [f"  {found['got']}" for found in report.first[:_SHOWN]])
