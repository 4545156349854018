"""Proves with the ABC of Yosys that the only output of a module, `trigger`, is never 1.

Two modules that differ in one place are equal nearly everywhere else. ABC simulates both modules,
proves equality of internal nets that look equal, from the inputs to the outputs, and merges equal
nets (Mishchenko et al., "Improvements to combinational equivalence checking", ICCAD 2006). This
takes seconds. A single SAT problem of the whole miter does not end.
"""

from collections.abc import Sequence

_SEQUENTIAL_S = 60

#: The ABC command files that `PROVE` and `PROVE_SEQUENTIAL` use, by file name.
FILES = {
    "prove.abc": "strash\nifraig\niprove\n",
    "sequential.abc": f"strash\nscorr\npdr -T {_SEQUENTIAL_S}\n",
}

#: Yosys commands that read `around.v` (the module `around` from `miter`) and decide the proof. The
#: modules that `around` instantiates must be loaded already. `proven` and `refuted` read the log.
#: `techmap` runs before `flatten`, so gates are mapped before modules are copied.
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

#: The same for a module `around` with registers, which start at their initial values. `scorr`
#: merges registers that are equal in all reachable states, and `pdr` decides the rest.
PROVE_SEQUENTIAL = PROVE.replace(
    "abc -g AND -script prove.abc", "abc -g AND -dff -script sequential.abc"
)


def miter(ports: Sequence[str], text: str, violations: Sequence[str]) -> str:
    """Return Verilog of the module `around`. `trigger` can be 1 if a violation can be 1.

    Args:
        ports: declarations of the input ports.
        text: statements of the module.
        violations: Verilog terms that are 1 if something differs.
    """
    # The AND with the free input `asked` keeps a gate in the module even if a violation is constant
    # 1. If all violations are constant 0, no gate is left. `proven` relies on this.
    declared = ", ".join([*ports, "input [1:0] asked", "output trigger"])
    return (
        f"module around({declared});\n{text}"
        f"  assign trigger = &asked && ({' || '.join(violations)});\nendmodule\n"
    )


def proven(log: str) -> bool:
    """Return True if `trigger` is never 1: ABC reports this, or nothing is left for ABC."""
    reports = ("ABC: UNSATISFIABLE", "ABC: Property proved", "\n0 objects.")
    return any(report in log for report in reports)


def refuted(log: str) -> bool:
    """Return True if some input makes `trigger` 1. Neither proven nor refuted means undecided."""
    return "ABC: SATISFIABLE" in log or "was asserted in frame" in log
