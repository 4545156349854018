"""Proofs that a module's only output, `trigger`, is never 1, by ABC from Yosys.

Two modules that differ in one place are alike nearly everywhere: ABC simulates, proves what looks
equal from the inputs on and merges it (Mishchenko et al., "Improvements to combinational
equivalence checking", ICCAD 2006): seconds, where one SAT problem of the whole does not end.
"""

from collections.abc import Sequence

#: The command file of `PROVE`, by its name.
FILES = {"prove.abc": "strash\nifraig\niprove\n"}

#: Reads `around.v`, the module `around` of `miter`, around modules that are there already, and
#: decides it; what this says is for `proven` and `refuted`. Gates before they are copied.
PROVE = """read_verilog around.v
hierarchy -top around
proc
techmap
opt_expr
flatten
opt_clean -purge
abc -g AND -script prove.abc
opt_clean -purge
select -count around/t:*
"""


def miter(ports: Sequence[str], text: str, violations: Sequence[str]) -> str:
    """Verilog of the module `around`, whose `trigger` can be 1 where one of some terms can be.

    Args:
        ports: declarations of the inputs.
        text: the module's statements.
        violations: terms of Verilog, 1 where something differs.
    """
    # A term that is always 1 leaves a gate, one that is always 0 leaves none.
    declared = ", ".join([*ports, "input [1:0] asked", "output trigger"])
    return (
        f"module around({declared});\n{text}"
        f"  assign trigger = &asked && ({' || '.join(violations)});\nendmodule\n"
    )


def proven(log: str) -> bool:
    """Whether nothing can make `trigger` 1: ABC says so, or had no gate to look at."""
    return "ABC: UNSATISFIABLE" in log or "\n0 objects." in log


def refuted(log: str) -> bool:
    """Whether something does; neither is left undecided."""
    return "ABC: SATISFIABLE" in log
