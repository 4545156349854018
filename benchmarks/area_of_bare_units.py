"""Area and delay of bare units beside published figures of open generators, in one flow.

    python benchmarks/area_of_bare_units.py nangate45_typ.lib.gz [--sta sta] [--json]

The flow is the flow of the published figures: Yosys `synth -flatten` and `abc -liberty ... -D 1000`
(a delay target of 1 ns). Area is the cell area as stated in the library. Delay is the longest path
from an input to an output, by OpenSTA without wires or loads. All units are combinational, round to
nearest even, handle subnormals and special values, and have no flag outputs.

The second table tells what each special case costs: it compares a unit with the same unit without
the case.
"""

import argparse
import json
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hwdse import Design
from hwdse.cost.liberty.syntax import read_text
from hwdse.cost.synthesis import parse_area
from hwdse.errors import HwdseError, ToolError
from hwdse.hdl import emit
from hwdse.tools.tool import Tool
from hwdse.tools.yosys import run_yosys

_FLOW = """read_verilog design.v
synth -flatten {options} -top {top}
abc -liberty cells.lib -D 1000
opt_clean -purge
stat -liberty cells.lib
write_verilog -noattr -noexpr netlist.v
"""
_TIMING = """read_liberty cells.lib
read_verilog netlist.v
link_design {top}
set_max_delay -from [all_inputs] -to [all_outputs] 0
report_checks -path_delay max -from [all_inputs] -to [all_outputs] -digits 4
exit
"""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A unit of another generator in NanGate45, measured by the flow above.

    Attributes:
        unit: name of the unit.
        spec: the design with the same function here.
        area_um2: cell area.
        delay_ns: longest path.
    """

    unit: str
    spec: str
    area_um2: float
    delay_ns: float


#: Figures of an open floating-point generator (FMA) and an open posit generator (multipliers).
REFERENCES = tuple(
    Reference(unit=unit, spec=spec, area_um2=area, delay_ns=delay)
    for unit, spec, area, delay in (
        ("FMA E5M2", "a=e5m2,unit=fma", 717, 3.35),
        ("FMA BF16", "a=bf16,unit=fma", 1689, 5.28),
        ("FMA FP16", "a=fp16,unit=fma", 2267, 6.02),
        ("FMA FP32", "a=fp32,unit=fma", 7185, 10.10),
        ("multiplier posit(8,0)", "a=posit8_0,unit=mul", 396, 1.56),
        ("multiplier posit(8,2)", "a=posit8_2,unit=mul", 477, 2.40),
        ("multiplier posit(16,1)", "a=posit16_1,unit=mul", 1996, 4.77),
    )
)

#: A unit, the part that is removed, and the unit without this part.
REMOVALS = tuple(
    (f"{base},unit={unit}", what, f"{less},unit={unit}")
    for unit in ("mul", "fma")
    for base, what, less in (
        ("a=e5m2", "infinities", "a=e5m2fn"),
        ("a=e5m2", "infinities and signed zero", "a=e5m2fnuz"),
        ("a=e5m2", "infinities and NaN", "a=e5m2finite"),
        ("a=e5m2", "subnormals", "a=e5m2_ftz"),
        ("a=e5m2", "rounding (toward zero)", "a=e5m2,rounding=rtz"),
        ("a=fp16", "subnormals", "a=fp16_ftz"),
        ("a=fp16", "rounding (toward zero)", "a=fp16,rounding=rtz"),
        ("a=bf16", "infinities and NaN", "a=bf16_finite"),
        ("a=bf16", "subnormals", "a=bf16_ftz"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Result:
    """Area and delay of one design; `booth` tells whether Yosys used its option `-booth`."""

    spec: str
    booth: bool
    area_um2: float
    delay_ns: float


def main(arguments: list[str]) -> int:
    """Print both tables; exit code 2 with a one-line message if a tool or file is missing."""
    parser = argparse.ArgumentParser(description="Area and delay of bare units beside others.")
    parser.add_argument("library", type=Path, help="Liberty file of NanGate45, .lib or .lib.gz")
    parser.add_argument("--sta", default="sta", help="OpenSTA's command")
    parser.add_argument("--jobs", type=int, default=2, help="units synthesized at a time")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args(arguments)
    try:
        return report(options)
    except HwdseError as error:
        sys.stderr.write(f"{error}\n")
        return 2


def report(options: argparse.Namespace) -> int:
    """Measure everything and print it."""
    if shutil.which(options.sta) is None:
        raise ToolError(
            f"no OpenSTA: {options.sta!r} is not on PATH; install Debian's package opensta, or "
            "give its command with --sta"
        )
    cells = read_text(options.library)
    runs = [(reference.spec, booth) for reference in REFERENCES for booth in (False, True)]
    runs += [(spec, False) for base, _, less in REMOVALS for spec in (base, less)]
    runs = list(dict.fromkeys(runs))

    def run(key: tuple[str, bool]) -> Result:
        result = measure(*key, cells, options.sta)
        sys.stderr.write(f"{key[0]}{' -booth' * key[1]}: {result.area_um2:.0f} um2\n")
        return result

    with ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip(runs, pool.map(run, runs), strict=True))
    references = [
        {
            **asdict(reference),
            "ends": [
                asdict(results[reference.spec, booth])
                | {
                    "area_ratio": results[reference.spec, booth].area_um2 / reference.area_um2,
                    "delay_ratio": results[reference.spec, booth].delay_ns / reference.delay_ns,
                }
                for booth in (False, True)
            ],
        }
        for reference in REFERENCES
    ]
    removals = [
        {
            "spec": base,
            "without": what,
            "other_spec": less,
            "area_um2": whole.area_um2,
            "other_area_um2": smaller.area_um2,
            "saved_percent": 100 * (1 - smaller.area_um2 / whole.area_um2),
        }
        for base, what, less in REMOVALS
        for whole, smaller in [(results[base, False], results[less, False])]
    ]
    if options.json:
        print(json.dumps({"references": references, "removals": removals}, indent=2))  # noqa: T201
    else:
        print(tables(references, removals))  # noqa: T201
    return 0


def tables(references: list[dict[str, Any]], removals: list[dict[str, Any]]) -> str:
    """Both tables as text."""
    lines = [
        f"{'unit':24}{'reference':>16}{'here':>16}{'ratio':>14}{'with -booth':>18}{'ratio':>14}"
    ]
    for row in references:
        line = f"{row['unit']:24}{row['area_um2']:9.0f} {row['delay_ns']:6.2f}"
        for end, width in zip(row["ends"], (9, 11), strict=True):
            line += f"{end['area_um2']:{width}.0f} {end['delay_ns']:6.2f}"
            line += f"{end['area_ratio']:8.2f} {end['delay_ratio']:5.2f}"
        lines.append(line)
    lines += ["(area in um2, delay in ns)", "", f"{'unit':20}{'um2':>7}  {'without':28}{'um2':>7}"]
    lines += [
        f"{row['spec']:20}{row['area_um2']:7.0f}  {row['without']:28}{row['other_area_um2']:7.0f}"
        f"{-row['saved_percent']:+8.1f} %"
        for row in removals
    ]
    return "\n".join(lines)


def measure(spec: str, booth: bool, cells: str, sta: str) -> Result:
    """Synthesize one design and time it.

    Raises:
        SpecError: a malformed spec.
        ToolError: a tool did not finish.
    """
    design = Design.parse(spec)
    script = _FLOW.format(options="-booth" if booth else "", top=design.slug)
    files = {"cells.lib": cells, "design.v": emit(design, flat=True)}
    purpose = f"the synthesis of {design}"
    log, kept = run_yosys(files, script, kept=["netlist.v"], purpose=purpose)
    opensta = Tool(command=(sta,), name="OpenSTA")
    texts = {**kept, "cells.lib": cells, "run.tcl": _TIMING.format(top=design.slug)}
    timing, _ = opensta.run(["-no_splash", "-exit", "run.tcl"], texts)
    arrival = re.search(r"([\d.]+)\s+data arrival time", timing)
    if arrival is None:
        raise ToolError(f"OpenSTA found no path in {design}: {timing.strip()[-200:]}")
    return Result(
        spec=spec,
        booth=booth,
        area_um2=parse_area(log, design.slug),
        delay_ns=float(arrival[1]),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
