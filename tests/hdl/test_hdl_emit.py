"""The emitted Verilog: clean, self-contained and the same bytes every time."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from operator import or_
from pathlib import Path

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Signal
from amaranth.hdl._ast import Operator
from verilog_lint import lint, lint_icarus, lint_slang, lint_yosys, written

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.hdl import emit, placement, split_modules, structure_of, unit
from hwdse.hdl.blocks import balanced

SPECS = [
    "a=int8,acc=int:32",
    "a=int8,acc=int:17:sat,unit=dot,lanes=4",
    "a=e4m3fn,acc=fp:fp32",
    "a=e5m2,acc=fp:fp16,unit=dot,lanes=2,stages=3",
    "a=e5m2,mul=lmul,acc=kulisch,out=bf16,unit=dot,lanes=4",
    "a=e3m4,mul=lmul:formula,acc=fp:fp16,rounding=up,stages=1",
    "a=int4,b=e4m3fn,acc=kulisch,out=int8,rounding=down",
    "a=e4m3fnuz,acc=fp:e4m3fnuz,rounding=rna,stages=2",
    "a=ue4m3,b=e2m1fn,acc=kulisch:64,out=fp16",
    "a=bf16,acc=fp:bf16,rounding=rtz",
]


@pytest.mark.parametrize("spec", SPECS)
def test_linters_have_no_warning(spec: str, tmp_path: Path) -> None:
    design = Design.parse(spec)
    lint(written(emit(design), tmp_path))


def checked_in() -> list[list[Path]]:
    """The files of each supported design, the top's first."""
    rtl = Path(__file__).parents[2] / "rtl"
    designs: dict[Path, list[Path]] = {}
    for line in (rtl / "filelist.f").read_text().split():
        designs.setdefault((rtl / line).parent, []).append(rtl / line)
    assert len(designs) >= 20
    return list(designs.values())


def test_linters_have_no_warning_of_what_is_checked_in() -> None:
    for sources in checked_in():
        lint(sources)
    lint_yosys(checked_in())


@pytest.mark.long  # a package of Debian
def test_icarus_has_no_warning_of_what_is_checked_in() -> None:
    for sources in checked_in():
        lint_icarus(sources)


@pytest.mark.parametrize(
    ("body", "linters"),
    [
        ("wire y = i; assign o = i;", [lint_slang]),
        ("assign o = {i, i};", [lint_slang]),
        ("assign o = o & i;", [lambda sources: lint_yosys([sources])]),
        ("wire y; assign o = y;", [lambda sources: lint_yosys([sources])]),
    ],
)
def test_linters_see_faults(
    body: str, linters: list[Callable[[list[Path]], None]], tmp_path: Path
) -> None:
    source = tmp_path / "top.v"
    source.write_text(f"module top (input i, output o); {body} endmodule\n")
    for linter in linters:
        with pytest.raises(AssertionError):
            linter([source])


def test_modules_and_ports() -> None:
    design = Design.parse("a=e4m3fn,acc=kulisch,out=bf16,unit=dot,lanes=3")
    text = emit(design)
    names = re.findall(r"^module (\w+) \($", text, re.M)
    assert names[0] == design.slug
    assert len(names) == len(set(names)) == text.count("endmodule") > 5
    assert all(name.startswith(f"{design.slug}_") for name in names[1:])
    assert list(split_modules(text)) == names
    assert "".join(split_modules(text).values()) == text
    # One module for the three lanes, and a comment over each module.
    assert len(re.findall(r"^  \w+_lane lane\d \($", text, re.M)) == 3
    assert all(re.search(rf"^// .+\nmodule {name} ", text, re.M) for name in names)
    top = split_modules(text)[names[0]]
    ports = re.findall(r"^  (?:input|output)(?: reg)?(?: \[\d+:0\])? (\w+),?  +// .+$", top, re.M)
    assert ports == ["clk", "rst", "i_valid", "i_first", "i_a", "i_b", "o_valid", "o"]
    assert re.search(r"^  input \[23:0\] i_a, +// e4m3fn codes, lane 0 in the low bits$", top, re.M)
    assert "initial" not in text
    assert not set("\\$") & set(re.sub(r"\$(un)?signed", "", text))


def test_one_flat_module_of_any_name() -> None:
    design = Design.parse("a=e4m3fn,acc=fp:fp32")
    text = emit(design, top="mine", flat=True)
    assert re.findall(r"^module (\w+)", text, re.M) == ["mine"]
    assert all(name.startswith("mine") for name in split_modules(emit(design, top="mine")))
    for bad in ("1st", "a-b", "module", "x" * 101, "a b"):
        with pytest.raises(SpecError, match="module name"):
            emit(design, top=bad)


def test_two_designs_fit_in_one_project(tmp_path: Path) -> None:
    designs = [Design.parse(f"a={a},acc=fp:fp32,out=bf16") for a in ("e4m3fn", "e5m2")]
    names = [name for design in designs for name in split_modules(emit(design))]
    assert len(names) == len(set(names)) > 10


def test_equal_parts_are_one_module() -> None:
    """The text of a wide unit grows by its instances, not by their contents."""
    sizes = {}
    for lanes in (4, 32):
        text = emit(Design.parse(f"a=e4m3fn,acc=kulisch,out=bf16,unit=dot,lanes={lanes}"))
        sizes[lanes] = {name.split("_")[-1]: len(t) for name, t in split_modules(text).items()}
    assert sizes[4]["lane"] == pytest.approx(sizes[32]["lane"], abs=99)
    assert sizes[4]["point"] == pytest.approx(sizes[32]["point"], abs=99)


def test_same_bytes_in_every_process() -> None:
    spec = "a=e5m2,mul=lmul,acc=fp:bf16,unit=dot,lanes=2,stages=3"
    script = (
        f"from hwdse import Design; from hwdse.hdl import emit; print(emit(Design.parse({spec!r})))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2)
    }
    assert len(texts) == 1
    assert emit(Design.parse(spec)) in texts.pop()


@pytest.mark.parametrize("spec", SPECS)
def test_structure_covers_every_block_and_pipeline_stage(spec: str) -> None:
    design = Design.parse(spec)
    structure = structure_of(design)
    assert set(structure.blocks) == {"decode", "multiply", "accumulate", "encode", "registers"}
    assert structure.macs_per_cycle == design.unit.group
    assert [name for stage in structure.stages for name in stage] == [
        "decode",
        "multiply",
        "accumulate",
        "encode",
    ]
    assert structure.blocks["accumulate"].counts


def test_structure_of_a_pipeline_is_that_of_the_emitted_netlist() -> None:
    plain = structure_of(Design.parse("a=e4m3fn,acc=fp:bf16"))
    assert plain.shares == ()
    for stages, interleave in ((1, 1), (3, 1), (2, 2)):
        turns = f",interleave={interleave}" if interleave > 1 else ""
        design = Design.parse(f"a=e4m3fn,acc=fp:bf16,stages={stages}{turns}")
        structure = structure_of(design)
        assert len(structure.shares) == 1 + stages + interleave
        assert 0 < max(structure.shares) <= 1
        text = emit(design)
        widths = re.findall(r"^  (?:output )?reg (?:\[(\d+):0\] )?\w+(?:;|,?  +//)", text, re.M)
        placed = placement(design)
        counts = structure.blocks["registers"].counts
        registers = [part.width for part in counts.elements()]
        # The valid bit of the sum, and the accumulator's own register in its block.
        assert sum(registers) == placed.data_bits + placed.valid_bits + 1
        assert sum(int(width or 0) + 1 for width in widths) == sum(registers) + 16


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_random_bits_do_not_multiply_what_is_generated(bits: int) -> None:
    design = Design.parse(f"a=int4,acc=fp:e3m2fn:sr{bits}")
    text = rtlil.convert(unit(design.unit, design), name="x", emit_src=False)
    assert len(text) < 100_000 + 4_000 * bits


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1024, 1025])
def test_many_terms_are_joined_in_a_tree(count: int) -> None:
    terms = [Signal(name=f"t{k}") for k in range(count)]
    joined = balanced(or_, terms)
    depth, level = 0, [joined]
    while level := [o for v in level if isinstance(v, Operator) for o in v.operands]:
        depth += 1
    assert depth == (count - 1).bit_length()
    assert {id(s) for s in joined._rhs_signals()} == {id(s) for s in terms}
