"""No format loses by the choice of its scales, and every one that has a kernel can be scored."""

import math

import numpy as np
import pytest
from sampled import some

from hwdse import Design, formats, kernels, networks
from hwdse.errors import SpecError
from hwdse.networks.accuracy import output_errors, sqnr_db
from hwdse.networks.calibration import observations
from hwdse.networks.execute import Executor, FloatNetwork, batches, padded_outputs
from hwdse.networks.metrics.classes import predicted_classes
from hwdse.networks.named import samples_of
from hwdse.networks.quantize import DesignArithmetic, Plan
from hwdse.networks.scales import Scaling

#: Eight bits or more, and at least three bits of precision somewhere.
PRECISE = [
    *("posit8_0", "posit8_1", "posit8_2", "posit8_4", "posit10_3", "posit16_1", "posit16_2"),
    *("hif8", "e8m5", "e7m4", "e3m4", "e4m3fn", "e5m2", "int8", "q2_6", "bf16", "fp16", "e7m7"),
]
LOGARITHMIC = ["lns8_g8", "lns8_g8z", "lns8_g4"]
#: Few bits of precision, or a range far beyond float32's.
COARSE = ["e8m1", "e8m2", "e7m1", "e6m1", "posit4_1", "e2m1fn", "int4", "nf4", "ternary", "e8m0"]
FLOATS = [f"e{e}m{m}" for e in range(2, 9) for m in range(1, 8)]


def design_of(name):
    """A design whose sums are exact, so that the operands' format alone decides."""
    products = "mul=log,acc=fp:fp32" if name.startswith("lns") else "acc=kulisch,out=fp32"
    return Design.parse(f"a={name},{products}")


def outputs(runner, network, part):
    filled = batches(network, samples_of(network, part))
    return np.concatenate([padded_outputs(runner, network, some.inputs) for some in filled])


def at_scale_one(design, network, part):
    """What the network gives with all operands put into the format as they are."""
    plans = {}
    for name, seen in observations(network, None).items():
        first, second = (
            Scaling(number_format=each, scale=np.ones((1, 1, 1)), limit=float(each.max))
            for each in (design.a, design.b)
        )
        plans[name] = Plan(
            first=first,
            second=second,
            weights=second.codes(seen.matrices),
            reductions=(0, 0),
        )
    arithmetic = DesignArithmetic(design, plans, kernels.matmul)
    return outputs(Executor(network, arithmetic), network, part)


def check(name, samples=445):
    """The format's answers are no worse than at scale 1; its result, None without a kernel."""
    design, network = design_of(name), networks.load("digits")
    try:
        found = networks.evaluate(design, network, samples, compare_scales=False)
    except SpecError as error:
        if "no fast kernel" not in str(error):
            raise
        return None
    part = network.dataset.test(limit=samples)
    plain = at_scale_one(design, network, part)
    exact = outputs(FloatNetwork(network), network, part)
    right = np.mean(predicted_classes(plain) == part.y)
    noise = 2 * math.sqrt(max(right * (1 - right), 0.01) / samples)
    assert found.value >= right - noise
    assert found.sqnr_db >= sqnr_db(output_errors(plain, exact), exact) - 1
    return found


@pytest.mark.parametrize("name", some([*PRECISE, *LOGARITHMIC], 2))
def test_precise_formats_are_within_a_point_of_float(name):
    found = check(name)
    assert found.value >= found.float_value - 0.01


@pytest.mark.parametrize("name", COARSE)
def test_coarse_formats_do_as_well_as_without_scales(name):
    assert check(name, samples=100) is not None


@pytest.mark.long
def test_every_format_of_the_catalogue_does_as_well_as_without_scales():
    names = [name for name in formats.names() if name not in PRECISE]
    scored = sum(check(name) is not None for name in names)
    assert scored >= len(names) - 8


@pytest.mark.long
def test_every_float_can_be_scored():
    for name in FLOATS:
        assert check(name, samples=100) is not None


@pytest.mark.parametrize(
    "spec",
    [
        "a=e8m5,acc=fp:fp32",
        "a=e7m4,acc=fp:fp32",
        "a=hif8,acc=fp:fp32",
        "a=lns8_g2,mul=log,acc=fp:fp32",
        "a=e4m3fn,mul=lmul,acc=fp:bf16",
    ],
)
def test_designs_that_once_collapsed(spec):
    found = networks.evaluate(Design.parse(spec), "digits", compare_scales=False)
    assert found.value >= found.float_value - 0.015
