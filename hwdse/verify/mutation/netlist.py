"""Mutants of a netlist, drawn, applied and compared by Yosys."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hwdse.errors import ToolError
from hwdse.tools.tool import ToolTimeoutError
from hwdse.tools.yosys import run_yosys
from hwdse.verify.mutation.miter import FILES, PROVE, proven, refuted
from hwdse.verify.mutation.states import PREPARE

_CONTROL = "mutsel 32"
_MARK = "hwdse-mutant"

# Registers become ports; what both sides share is merged, so that the solver sees the rest.
_COMPARE = """design -load gold
mutate {options}
expose -evert-dff -dff {top}
rename {top} gate
design -stash gate
design -load gold
expose -evert-dff -dff {top}
rename {top} gold
design -copy-from gate -as gate gate
log {mark} {number}
"""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One fault.

    Attributes:
        number: from 1.
        mode: `inv`, `const0`, `const1`, or `cnot0` and `cnot1`: inverted where another bit of the
            port is 0 or 1.
        cell: the cell, by its kind and the line of the Verilog that it comes from.
        port: the port's bit.
        wire: the net there, where it has a name.
        source: text of that line.
        options: of Yosys's `mutate`.
    """

    number: int
    mode: str
    cell: str
    port: str
    wire: str
    source: str
    options: str

    def to_json(self) -> dict[str, str | int]:
        """As plain data."""
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
        verilog: the module as it is.
        selectable: Verilog of the module with all of them and an input `mutsel` [31:0] that takes
            the number of one, or 0 for none.
        mutants: each of them.
    """

    top: str
    verilog: str
    selectable: str
    mutants: tuple[Mutant, ...]


def draw(verilog: str, top: str, *, count: int, seed: int) -> Mutants:
    """Faults spread evenly over a flat module's cells and nets, the same for the same seed.

    Raises:
        ToolError: Yosys is missing or failed, or found nothing to change.
    """
    prepare = PREPARE.format(top=top)
    listing = f"mutate -list {count} -seed {seed} -ctrl {_CONTROL} 1 -o list.txt\n"
    _, texts = run_yosys({"unit.v": verilog}, prepare + listing, kept=["list.txt"])
    lines = [line for line in texts["list.txt"].splitlines() if line.startswith("mutate ")]
    if not lines:
        raise ToolError(f"yosys found nothing to change in {top}")
    # One line after another changes what the next names; the control input keeps them apart.
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
    # Without the control input, the fault is there for good.
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
    timeout_s: float = 60.0,
) -> set[int]:
    """Numbers of the mutants proven to behave as the module does.

    Args:
        drawn: the module.
        mutants: those in question.
        around: Verilog of the comparison, by `comparison`.
        timeout_s: what one mutant may take; one that takes longer is not proven, so that a slow
            machine can prove fewer.
    """
    # Faults of a register itself are not faults of the logic between registers.
    left = [mutant for mutant in mutants if not mutant.port.startswith(("CLK", "Q["))]
    equivalent: set[int] = set()
    alone: list[Mutant] = []
    while left:
        answers = _compare(drawn, left, around, timeout_s + 2 * len(left))
        equivalent |= {number for number, said in answers.items() if proven(said)}
        undecided = [m for m in left if not _decided(answers.get(m.number, ""))]
        # The first one without an answer used up the time: it has another chance by itself.
        alone += undecided[:1]
        left = undecided[1:]
    for mutant in alone:
        answers = _compare(drawn, [mutant], around, timeout_s)
        equivalent |= {number for number, said in answers.items() if proven(said)}
    return equivalent


def _decided(said: str) -> bool:
    return proven(said) or refuted(said)


def _compare(
    drawn: Mutants, mutants: Sequence[Mutant], around: str, timeout_s: float
) -> dict[int, str]:
    """What the solver said of each, as far as the time went."""
    files = {"unit.v": drawn.verilog, "around.v": around}
    script = PREPARE.format(top=drawn.top) + "design -save gold\n"
    script += "".join(
        _COMPARE.format(options=m.options, top=drawn.top, mark=_MARK, number=m.number) + PROVE
        for m in mutants
    )
    try:
        log, _ = run_yosys(files | FILES, script, timeout_s=timeout_s)
    except ToolTimeoutError as timeout:
        log = timeout.log
    tried = re.split(rf"^{_MARK} (\d+)\n", log, flags=re.MULTILINE)[1:]
    return dict(zip(map(int, tried[::2]), tried[1::2], strict=True))
