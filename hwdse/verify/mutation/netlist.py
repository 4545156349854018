"""Mutants of a netlist: Yosys draws the faults, applies them and compares mutants with the unit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hwdse.errors import ToolError
from hwdse.tools.tool import ToolTimeoutError
from hwdse.tools.yosys import run_yosys
from hwdse.verify.mutation.cut import CUT, PREPARE
from hwdse.verify.mutation.miter import FILES, PROVE, proven, refuted

_CONTROL = "mutsel 32"
_MARK = "hwdse-mutant"

# The proof merges the logic that both sides share, so the solver sees only the rest.
_COMPARE = (
    """design -load gold
mutate {options}
"""
    + CUT
    + """rename {top} gate
design -stash gate
design -load gold
"""
    + CUT
    + """rename {top} gold
design -copy-from gate -as gate gate
log {mark} {number}
"""
)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One fault.

    Attributes:
        number: number of the mutant, from 1.
        mode: `inv`, `const0`, `const1`, `cnot0` or `cnot1`. The modes `cnot0` and `cnot1` invert
            the bit if another bit of the port is 0 or 1.
        cell: kind of the faulty cell, and the line of the Verilog from which the cell comes.
        port: port and bit of the fault.
        wire: name of the net at the port, or an empty text.
        source: text of the Verilog line.
        options: options of Yosys's command `mutate`.
    """

    number: int
    mode: str
    cell: str
    port: str
    wire: str
    source: str
    options: str

    def to_json(self) -> dict[str, str | int]:
        """Return the mutant as plain data."""
        return {
            name: getattr(self, name)
            for name in ("number", "mode", "cell", "port", "wire", "source")
        }

    def __str__(self) -> str:
        return f"{self.number}: {self.mode} {self.port} of {self.cell}: {self.source}"


@dataclass(frozen=True, kw_only=True)
class Mutants:
    """The mutants of a module.

    Attributes:
        top: name of the module.
        verilog: Verilog of the module without faults.
        selectable: Verilog of the module with all faults. The additional input `mutsel` [31:0]
            selects a mutant by number. 0 selects no fault.
        mutants: the mutants.
    """

    top: str
    verilog: str
    selectable: str
    mutants: tuple[Mutant, ...]


def draw(verilog: str, top: str, *, count: int, seed: int) -> Mutants:
    """Draw faults, spread evenly over the cells and nets of a flat module.

    The same seed gives the same faults.

    Raises:
        ToolError: Yosys is missing or failed, or found nothing to change.
    """
    prepare = PREPARE.format(top=top)
    listing = f"mutate -list {count} -seed {seed} -ctrl {_CONTROL} 1 -o list.txt\n"
    _, texts = run_yosys({"unit.v": verilog}, prepare + listing, kept=["list.txt"])
    lines = [line for line in texts["list.txt"].splitlines() if line.startswith("mutate ")]
    if not lines:
        raise ToolError(f"yosys found nothing to change in {top}")
    # All `mutate` commands change the same module, one after another. The control input selects
    # one fault at a time.
    apply = "\n".join(lines) + "\nopt_clean\nwrite_verilog -noattr selectable.v\n"
    _, texts = run_yosys({"unit.v": verilog}, prepare + apply, kept=["selectable.v"])
    source = verilog.splitlines()
    return Mutants(
        top=top,
        verilog=verilog,
        selectable=texts["selectable.v"],
        mutants=tuple(_mutant(k, line, source) for k, line in enumerate(lines, 1)),
    )


def _mutant(number: int, line: str, source: Sequence[str]) -> Mutant:
    words = line.split()
    fields = {
        name.removeprefix("-"): value for name, value in pairwise(words) if name.startswith("-")
    }
    cell = fields["cell"].lstrip("\\")
    place = re.search(r"unit\.v:(\d+)", line)
    text = source[int(place[1]) - 1].strip() if place else ""
    kind = cell.split("$")[1] if cell.startswith("$") else cell
    # Without the control input, the fault is permanent.
    options = re.sub(r"-ctrl \S+ \d+ \d+ ", "", line.removeprefix("mutate "))
    return Mutant(
        number=number,
        mode=fields["mode"],
        cell=f"{kind} in line {place[1]}" if place else kind,
        port=f"{fields['port'].lstrip(chr(92))}[{fields['portbit']}]",
        wire=fields.get("wire", "").lstrip("\\"),
        source=text,
        options=options,
    )


def proven_equivalent(
    drawn: Mutants,
    mutants: Sequence[Mutant],
    around: str,
    *,
    prove: str = PROVE,
    timeout_s: float = 60.0,
) -> set[int]:
    """Return the numbers of the mutants that are proven equivalent to the module.

    Args:
        drawn: the module and its mutants.
        mutants: the mutants to compare.
        around: Verilog of the comparison, from `comparison`, `pipeline_comparison` or
            `sequential_comparison`.
        prove: Yosys commands that decide the comparison.
        timeout_s: time limit per mutant in seconds. A mutant that takes longer is not proven.
            Therefore a slow machine may prove fewer mutants.
    """
    # The comparison covers only the logic between registers. So faults at the clock or the output
    # of a register cannot be proven equivalent.
    left = [mutant for mutant in mutants if not mutant.port.startswith(("CLK", "Q["))]
    equivalent: set[int] = set()
    alone: list[Mutant] = []
    while left:
        answers = _compare(drawn, left, around, prove, timeout_s + 2 * len(left))
        equivalent |= {number for number, said in answers.items() if proven(said)}
        undecided = [m for m in left if not _decided(answers.get(m.number, ""))]
        # The first mutant without an answer used up the time. It is tried again later, alone.
        alone += undecided[:1]
        left = undecided[1:]
    for mutant in alone:
        answers = _compare(drawn, [mutant], around, prove, timeout_s)
        equivalent |= {number for number, said in answers.items() if proven(said)}
    return equivalent


def _decided(said: str) -> bool:
    return proven(said) or refuted(said)


def _compare(
    drawn: Mutants, mutants: Sequence[Mutant], around: str, prove: str, timeout_s: float
) -> dict[int, str]:
    """Return the solver output for each mutant. A timeout leaves out the remaining mutants."""
    files = {"unit.v": drawn.verilog, "around.v": around}
    script = PREPARE.format(top=drawn.top) + "design -save gold\n"
    script += "".join(
        _COMPARE.format(options=m.options, top=drawn.top, mark=_MARK, number=m.number) + prove
        for m in mutants
    )
    try:
        log, _ = run_yosys(files | FILES, script, timeout_s=timeout_s)
    except ToolTimeoutError as timeout:
        log = timeout.log
    tried = re.split(rf"^{_MARK} (\d+)\n", log, flags=re.MULTILINE)[1:]
    return dict(zip(map(int, tried[::2]), tried[1::2], strict=True))
