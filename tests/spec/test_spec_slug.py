"""Names of designs for modules and files: distinct, short, stable."""

import json
import random
import re
import subprocess
import sys
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.formats import Codebook, Minifloat
from hwdse.spec import Accumulator, Kulisch, Multiplier

FORMATS = [
    *formats.names(), "e5m7", "e3m4b-2", "e3m4b2", "e2m3b1fn", "ue3m3finite", "int11", "uint5",
    "e4m2fnuz", "e4m3fn_ftz", "bf16_ftz", "int6_sym", "posit9_1", "posit9_2", "lns9_g4", "lns9_g4z",
    "pot6_k2", "fp16_fn", "e8m5_finite",
]  # fmt: skip
MULTIPLIERS = [
    "exact", "lmul", "lmul:formula", "lmul:no-offset", "lmul:l2", "lmul:sat", "mitchell", "lut",
    "lmul:formula:no-offset:sat", "shift-add", "add-skip", "xnor", "radix4", "log",
]  # fmt: skip
ACCUMULATORS = [
    "", "kulisch", "kulisch:1", "kulisch:1024", "fp:fp32", "fp:bf16", "fp:e5m7", "fp:e4m3fn",
    "fp:e3m4b-2", "fp:bf16:tree", "fp:bf16:kahan", "fp:bf16:an2-2", "fp:bf16:an1-3", "fp:bf16:sr8",
    "int:16", "int:32", "int:48:sat", "aligned:L4-F13", "aligned:hopper-fp8", "bins",
    "lns:lns9_g4z", "lns:lns9_g4z:t9",
]  # fmt: skip
UNITS = [
    "unit=mac", "unit=mac,stages=2", "unit=mac,stages=2,interleave=2", "unit=dot", "unit=mul",
    "unit=dot,lanes=7,stages=3", "unit=fma", "unit=fma,stages=1",
]  # fmt: skip
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}", re.ASCII)


def parsed(a, b, c, mul, acc, out, rounding, unit):
    keys = {"a": a, "b": b, "c": c, "mul": mul, "acc": acc, "out": out, "rounding": rounding}
    pairs = [f"{key}={value}" for key, value in keys.items() if value]
    try:
        return Design.parse(",".join([*pairs, unit]))
    except SpecError:
        return None


class Names:
    """Checks that each name is a good one, and no other design's."""

    def __init__(self):
        self.designs = {}

    def add(self, design):
        name = design.slug
        assert NAME.fullmatch(name), name
        # Some file systems see no difference between upper and lower case.
        known = self.designs.setdefault(name.casefold(), design)
        assert known == design, (name, str(known), str(design))

    def __len__(self):
        return len(self.designs)


def test_random_designs_have_names_of_their_own():
    names, seen = Names(), set()
    draw = random.Random(10).choice
    for _ in range(12_000):
        design = parsed(
            draw(FORMATS), draw(["", draw(FORMATS)]), draw(["", "", draw(FORMATS)]),
            draw(MULTIPLIERS), draw(ACCUMULATORS), draw(["", draw(FORMATS)]),
            draw(["", "", "rna", "rtz", "up", "down"]), draw(UNITS),
        )  # fmt: skip
        if design is not None:
            names.add(design)
            seen.add(design)
    assert len(names) == len(seen) > 700


def test_every_combination_of_a_few_parts_has_a_name_of_its_own():
    names, seen = Names(), set()
    few = ["int8", "int8_sym", "e3m4b-2", "e3m4b2", "fp16", "posit8_0", "posit8_1"]
    choices = product(
        few, ["", *few], ["", *few], [""], ["", "fp:fp16", "kulisch:9"], ["", "fp16", "e3m4b2"],
        ["", "up"], ["unit=fma", "unit=mac"],
    )  # fmt: skip
    for parts in choices:
        design = parsed(*parts)
        if design is not None:
            names.add(design)
            seen.add(design)
    assert len(names) == len(seen) > 1000


def test_parts_have_words_of_their_own():
    for kind, texts in ((Multiplier, MULTIPLIERS), (Accumulator, ACCUMULATORS[1:])):
        parts = {kind.parse(text) for text in texts}
        words = {re.sub("[:-]", "_", str(part)).casefold() for part in parts}
        assert len(words) == len(parts)


def test_a_name_of_a_format_is_no_name_of_two():
    words = {re.sub("[:-]", "_", formats.parse(name).name) for name in FORMATS}
    for word in words:
        parts = word.split("_")
        for cut in range(1, len(parts)):
            assert not {"_".join(parts[:cut]), "_".join(parts[cut:])} <= words, word


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("a=int8,acc=int:32", "int8_exact_int_32_int32_mac_stages0"),
        ("a=int8,b=ternary,mul=add-skip,acc=int:24,unit=dot,lanes=8",
         "int8_ternary_add_skip_int_24_int24_dot_stages0_lanes8"),
        ("a=e3m4b-2,acc=kulisch", "e3m4b_2_exact_kulisch_fp32_mac_stages0"),
        ("a=bf16,acc=fp:fp32:an2-2,out=bf16,rounding=rtz",
         "bf16_exact_fp_fp32_an2_2_bf16_rtz_mac_stages0"),
        ("a=nf4,acc=kulisch", "nf4_exact_kulisch_fp32_mac_stages0"),
    ],
)  # fmt: skip
def test_ordinary_names_are_the_spec(spec, name):
    assert Design.parse(spec).slug == name


def test_an_addend_is_no_second_operand():
    addend = Design.parse("a=fp16,c=fp32,out=bf16,unit=fma")
    operand = Design.parse("a=fp16,b=fp32,out=bf16,unit=fma")
    assert operand.slug == "fp16_fp32_exact_bf16_fma_stages0"
    assert re.fullmatch(r"fp16_fp32_exact_bf16_fma_stages0_[0-9a-f]{12}", addend.slug)


# --- formats from files ------------------------------------------------------------------------


def write(path, levels=(-1, 0, 0.5, 1)):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"name": "table", "levels": list(levels)}))
    return path


PATHS = [
    "d/x.json", "d_x.json", "d.x.json", "d-x.json", "d:x.json", "d x.json", "D_X.json", "x.json",
    "./x.json", "d/../x.json", "é.json", "è.json", "$\\frac{$.json", "x.json.", "[x].json",
    "d/" * 40 + "x.json", "d/" * 40 + "y.json", "n" * 200 + ".json", "N" * 200 + ".json",
    "int8_exact_kulisch_fp32_mac_stages0", "module", "codebook", "y_z", "y-z", "y:z", "Y_Z",
]  # fmt: skip


def test_every_file_has_a_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = Names()
    for path in PATHS:
        write(tmp_path / path)
        for base in ("", f"{tmp_path}/"):
            names.add(Design.parse(f"a=codebook:{base}{path},acc=kulisch"))
            names.add(Design.parse(f"a=int8,b=codebook:{base}{path},acc=kulisch"))
    assert len(names) == 4 * len(PATHS)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters=",/"), min_size=1,
                        max_size=60), min_size=2, max_size=4, unique=True))  # fmt: skip
def test_any_file_names_give_names_of_their_own(tmp_path_factory, files):
    folder = tmp_path_factory.getbasetemp() / "any"
    names, seen = Names(), set()
    for file in files:
        file = file.strip()  # noqa: PLW2901 - as the spec's text is
        if not file.isprintable() or len(file.encode()) > 200 or file in ("", ".", ".."):
            continue
        write(folder / file)
        design = Design.parse(f"a=codebook:{folder}/{file},acc=kulisch")
        names.add(design)
        seen.add(design)
    assert len(names) == len(seen)


def test_other_levels_are_another_design_with_another_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "x")
    spec = "a=codebook:x,acc=kulisch"
    first = Design.parse(spec)
    assert Design.parse(spec).slug == first.slug
    write(path, (-1, 0, 0.7, 1))  # as long as before
    second = Design.parse(spec)
    assert (second != first, second.slug != first.slug) == (True, True)
    assert str(second) == str(first)
    assert second.a.levels == (-1, 0, 0.7, 1)
    write(path)
    assert Design.parse(spec) == first
    assert Design.parse(spec).slug == first.slug


def test_a_name_is_the_same_in_every_process(tmp_path):
    path = write(tmp_path / "x.json")
    spec = f"a=codebook:{path},b=int4,acc=kulisch"
    code = "import sys; from hwdse import Design; print(Design.parse(sys.argv[1]).slug)"
    done = subprocess.run(
        [sys.executable, "-c", code, spec], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == Design.parse(spec).slug


def test_formats_that_only_their_caller_knows(tmp_path):
    names = Names()
    same = {"acc": Kulisch(), "out": formats.get("fp32")}
    for number_format in (
        formats.get("e4m3fn"),
        Minifloat(name="e4m3fn", exponent_bits=4, fraction_bits=3),
        Minifloat(name="e4m3fn", exponent_bits=5, fraction_bits=2),
        Minifloat(name="E4M3FN", exponent_bits=4, fraction_bits=3),
        Codebook(name="nf4", levels=(0.0, 1.0)),
        Codebook(name="nf4", levels=(0.0, 2.0)),
        Codebook(name="4 levels", levels=(0.0, 1.0)),
        Codebook(name="_", levels=(0.0, 1.0)),
        Codebook(name="int8_int4", levels=(0.0, 1.0)),
        formats.get("nf4"),
    ):
        names.add(Design(a=number_format, **same))
    names.add(Design.parse("a=int8,b=int4,acc=kulisch,out=fp32"))
    assert len(names) == 11
