"""Networks whose layers have designs of their own."""

from pathlib import Path

import numpy as np
import pytest

from hwdse import Design, golden, kernels, networks
from hwdse.errors import SpecError
from hwdse.networks.assignment import Assignment
from hwdse.networks.by_layer import by_layer
from hwdse.networks.layers import answers

E4M3, BF16, INT8 = map(
    Design.parse, ("a=e4m3fn,acc=fp:bf16", "a=bf16,acc=fp:fp32", "a=int8,acc=int:32")
)
BLOCKS = Design.parse("a=mxfp4,acc=fp:fp32,unit=mx")
SITES = ("conv0", "conv1", "fc2", "fc3")
LAYERS = ("gemm0.out", "gemm2.out", "gemm4.out")
"""The layers of `digits`."""

TEXT = """
default = "a=e4m3fn,acc=fp:bf16"
first = "a=bf16,acc=fp:fp32"
last = "float"

[layers]
"fc?" = "a=int8,acc=int:32"
"*2" = "a=bf16,acc=fp:fp32"
"""


def test_ends_come_before_patterns_and_patterns_before_the_default() -> None:
    found = Assignment.parse(TEXT, "mixed.toml")
    layers = found.of_sites("net", SITES)
    assert list(layers.items()) == [("conv0", BF16), ("conv1", E4M3), ("fc2", INT8), ("fc3", None)]
    assert found.designs == (E4M3, BF16, INT8)
    # Of one layer alone, the first and the last are the same.
    assert found.of_sites("net", ["fc2"]) == {"fc2": BF16}


def test_texts_parse_to_what_wrote_them() -> None:
    found = Assignment.parse(TEXT, "mixed.toml")
    assert Assignment.parse(found.to_toml(), "mixed.toml") == found
    names = ["a*b", "a[0]", "what?", 'quo"te', "back\\slash", "tab\tdel\x7f", "ü", "plain.out"]
    layers = {name: (None, INT8, E4M3)[place % 3] for place, name in enumerate(names)}
    named = Assignment.of_layers("each", layers)
    assert named.of_sites("net", names) == layers
    again = Assignment.parse(named.to_toml(), "each")
    assert again == named
    # An escaped name is no pattern.
    with pytest.raises(SpecError, match=r"unknown layer of net 'a\[\*\]b'"):
        again.of_sites("net", ["axb", *names[1:]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no layer has a design: give default or [layers]"),
        ('first = "float"', "no layer has a design"),
        ("default = 3", "default = 3: must be a design or 'float'"),
        ('default = "a=int9000,acc=int:32"', "default: "),
        ('layers = "a=int8"', "layers must be a table"),
        ('[layers]\nx = ["a=int8"]', "x = ['a=int8']: must be a design"),
        ('defualt = "float"', "unknown key 'defualt'"),
        ("default = ", "not valid TOML"),
    ],
)
def test_what_is_no_assignment_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mixed.toml"
    path.write_text(text)
    with pytest.raises(SpecError) as error:
        Assignment.read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_assignment_has_to_fit_the_network(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"none\.toml"):
        Assignment.read(tmp_path / "none.toml")
    pattern = Assignment.parse('default = "float"\n[layers]\n"conv*" = "a=int8,acc=int:32"', "m")
    with pytest.raises(SpecError, match=r"m: unknown layer of digits 'conv\*'.*gemm0.out"):
        networks.evaluate(pattern, "digits", 10)
    some = Assignment.parse('[layers]\n"gemm[02]*" = "a=int8,acc=int:32"', "m")
    with pytest.raises(SpecError, match=r"m: layer 'gemm4\.out' of digits has no design"):
        networks.evaluate(some, "digits", 10)
    every = Assignment.parse('default = "a=int8,acc=int:32"', "m")
    with pytest.raises(SpecError, match="m: requantize takes one design for all layers"):
        networks.evaluate(every, "digits", 10, requantize=True)
    slow = Assignment.parse('default = "float"\nfirst = "a=int8,unit=mul"', "m")
    with pytest.raises(SpecError, match="unit=mul"):
        networks.evaluate(slow, "digits", 10)


@pytest.mark.parametrize("design", [E4M3, INT8, BLOCKS])
def test_the_same_design_everywhere_is_that_design(design: Design) -> None:
    alone = networks.evaluate(design, "digits", 60, compare_scales=False)
    every = Assignment.of_layers("every", dict.fromkeys(LAYERS, design))
    found = networks.evaluate(every, "digits", 60, compare_scales=False)
    assert found.errors.tobytes() == alone.errors.tobytes()
    assert found.value == alone.value


def test_float32_everywhere_is_the_float_network() -> None:
    found = networks.evaluate(Assignment.parse('default = "float"', "m"), "digits", 60)
    assert found.sqnr_db > 120
    assert found.agreement == 1
    assert found.other_scales == dict.fromkeys(found.other_scales, found.value)


def test_each_layer_runs_in_its_design() -> None:
    mixed = Assignment.of_layers("mixed", dict(zip(LAYERS, (E4M3, None, INT8), strict=True)))
    seen = set()

    def by_golden(design: Design, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        seen.add((str(design), b.shape[-2:]))
        return golden.matmul(design, a, b)

    found = networks.evaluate(mixed, "digits", 8, matmul=by_golden, compare_scales=False)
    assert {shape for spec, shape in seen if spec == str(E4M3) and shape != (1, 1)} == {(64, 64)}
    assert {shape for spec, shape in seen if spec == str(INT8) and shape != (1, 1)} == {(32, 10)}
    fast = networks.evaluate(mixed, "digits", 8, compare_scales=False)
    assert found.errors.tobytes() == fast.errors.tobytes()
    parts = [
        networks.evaluate(
            Assignment.of_layers("one", {**dict.fromkeys(LAYERS), layer: design}), "digits", 200
        )
        for layer, design in ((LAYERS[0], E4M3), (LAYERS[2], INT8))
    ]
    # Errors of single layers are smaller than those of both, and nearly independent.
    both = networks.evaluate(mixed, "digits", 200)
    powers = [10 ** (-each.sqnr_db / 10) for each in (*parts, both)]
    assert max(powers[:2]) < powers[2] < 1.5 * sum(powers[:2])


def test_blocks_and_floats_in_one_network() -> None:
    mixed = Assignment.of_layers("mixed", dict(zip(LAYERS, (BF16, BLOCKS, BF16), strict=True)))
    called = []

    def product(layer: str, *operands: np.ndarray) -> np.ndarray:
        called.append((layer, len(operands)))
        design = BLOCKS if layer == LAYERS[1] else BF16
        return kernels.matmul_of(design)(design, *operands)

    network = networks.load("digits")
    found = answers(mixed, network, 30, product=product)
    assert called == list(zip(LAYERS, (2, 4, 2), strict=True))
    assert found.outputs.tobytes() == answers(mixed, network, 30).outputs.tobytes()
    errors = [
        networks.evaluate(one, network, 200, compare_scales=False).sqnr_db
        for one in (BLOCKS, mixed, BF16)
    ]
    assert errors == sorted(errors)


def test_only_layers_of_blocks_get_values_from_before_their_quantisation() -> None:
    class Quantising:
        def quantises_blocks(self, operator: str) -> bool:
            return True

    layers = {"h": BLOCKS, "lstm/input": BLOCKS, "out": None}
    arithmetic = by_layer(layers, lambda design, sites: Quantising())
    found = {name: arithmetic.quantises_blocks(name) for name in ("h", "lstm", "out", "ls")}
    assert found == {"h": True, "lstm": True, "out": False, "ls": False}


def test_one_line_holds_the_whole_assignment() -> None:
    patterns = {'quo"te': INT8, "back\\slash": None, "tab\tdel\x7f": E4M3, "ü\u200b": BF16}
    named = Assignment.of_layers('my "file".toml', patterns)
    for one in (named, Assignment.parse(TEXT, "mixed.toml"), Assignment.parse(TEXT, "bare-1")):
        line = str(one)
        assert line.isprintable()
        assert Assignment.is_line(line)
        assert Assignment.parse_line(line) == one
        with pytest.raises(SpecError):
            Design.parse(line)
    assert str(Assignment.parse('default = "float"', "bare-1")) == 'bare-1 = {default = "float"}'
    for design in (E4M3, BF16, INT8, BLOCKS):
        assert not Assignment.is_line(str(design))
    for text in ("x = 3", "a=int8,acc=int:32", "", "x = {}", 'x = {default = "a=int9000"}'):
        with pytest.raises(SpecError):
            Assignment.parse_line(text)


def test_names_identify_an_assignment_and_its_files(tmp_path: Path) -> None:
    path = tmp_path / "mixed.toml"
    path.write_text(TEXT)
    found = Assignment.named(path)
    assert found == Assignment.parse(TEXT, "mixed.toml")
    other = Assignment.parse(TEXT.replace("int8", "int4"), "mixed.toml")
    assert len({one.fingerprint for one in (found, other)}) == 2
    assert found.slug.startswith("mixed_toml_")
    assert found.slug != other.slug
    wide = found.changed(lambda one: BF16 if one == INT8 else one)
    assert wide.designs == (E4M3, BF16)
    assert wide.name == found.name
