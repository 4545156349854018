"""Training in stated formats: casts equal the formats, updates and schemes do what they say."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import BlockFormat, Format
from hwdse.formats.rounding import RandomBits
from hwdse.networks.train.numerics import published, table
from hwdse.networks.train.numerics.scheme import ProductText, Scheme, SumsText
from hwdse.resources import resource

needs_torch = pytest.mark.long

PAGE = Path(__file__).resolve().parents[2] / "docs" / "training.md"
RESULTS = [
    resource("models", "training", f"{name}.csv")
    for name in ("digits", "fashion-mlp", "fashion-cnn")
]

GRIDS = ["bf16", "fp16", "e4m3fn", "e5m2", "e2m1fn", "e3m4", "int8", "int16", "q2_6"]
BY_LIST = ["posit8_0", "lns8_g8", "lns8_g8z", "nf4", "hif8"]
BLOCKS = [
    "mxfp4",
    "mxfp4:ceil",
    "mxfp8_e4m3",
    "mxint8",
    "nvfp4",
    "nvfp4_2d",
    "nvint4",
    "dfp8",
    "dfp16",
]


def devices() -> list[str]:
    """The devices of this machine."""
    import torch

    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def on_devices(text: str, x: np.ndarray, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """The cast of x on each device, and the random bits that it has used."""
    import torch

    from hwdse.networks.train.numerics.casts import RANDOM_BITS, cast

    found = []
    for device in devices():
        rounded = cast(text, torch.Generator(device).manual_seed(seed))
        again = torch.Generator(device).manual_seed(seed)
        bits = torch.randint(
            1 << RANDOM_BITS, x.shape, generator=again, device=device, dtype=torch.int32
        )
        found.append((rounded(torch.from_numpy(x).to(device)).cpu().numpy(), bits.cpu().numpy()))
    return found


def numbers(number_format: Format, seed: int = 0) -> np.ndarray:
    """Values, ties, neighbours and random numbers, in and out of the range."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 1 << number_format.bits, 3000)
    values = np.asarray(number_format.decode(codes), np.float64)
    values = np.unique(values[np.isfinite(values)])
    middles = (values[1:] + values[:-1]) / 2
    top = float(np.abs(values).max())
    random = [rng.normal(size=3000), rng.normal(size=500) * top]
    x = np.concatenate([values, middles, np.nextafter(middles, 0), *random])
    x = x[(np.abs(x) < 1e37) & ((np.abs(x) > 1e-37) | (x == 0))]
    found: np.ndarray = x.astype(np.float32)
    return found


def block_format(name: str) -> BlockFormat:
    """A block format."""
    found = formats.get(name)
    assert isinstance(found, BlockFormat)
    return found


@needs_torch
@pytest.mark.parametrize("name", [*GRIDS, *BY_LIST])
def test_a_cast_to_nearest_equals_the_format(name: str) -> None:
    number_format = formats.parse(name)
    x = numbers(number_format)
    expected = np.asarray(number_format.quantize(x.astype(np.float64)), np.float32)
    for found, _ in on_devices(name, x):
        np.testing.assert_array_equal(found, expected)


@needs_torch
@pytest.mark.parametrize("name", GRIDS)
def test_a_stochastic_cast_equals_the_format(name: str) -> None:
    number_format = formats.parse(name)
    x = numbers(number_format)
    for found, bits in on_devices(f"{name}+stochastic", x):
        expected = number_format.quantize(
            x.astype(np.float64), "stochastic_a", random=RandomBits(values=bits, bits=16)
        )
        np.testing.assert_array_equal(found, np.asarray(expected, np.float32))


@needs_torch
@pytest.mark.parametrize("name", ["fp16", "bf16", "e5m2"])
def test_a_cast_with_infinities_equals_the_format(name: str) -> None:
    number_format = formats.parse(name)
    with np.errstate(over="ignore"):
        x = (number_format.max * np.linspace(0.99, 1.01, 2001)).astype(np.float32)
    x = np.concatenate([x, -x, np.array([np.inf], np.float32)])
    expected = number_format.quantize(x.astype(np.float64), overflow="ieee")
    assert np.isinf(expected).any()
    for found, _ in on_devices(f"{name}+ieee", x):
        np.testing.assert_array_equal(found, np.asarray(expected, np.float32))


@needs_torch
@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("shape", [(2, 48, 64), (3, 33, 45)])
def test_blocks_equal_the_format(name: str, shape: tuple[int, ...]) -> None:
    block = block_format(name)
    rng = np.random.default_rng(5)
    x = rng.standard_t(3, size=shape) * 2.0 ** rng.integers(-9, 9, size=(*shape[:2], 1))
    x[0, :2] = 0
    x = x.astype(np.float32)
    # Each training has a tensor of its own.
    expected = np.stack([block.decode(block.encode(each)) for each in x])
    for found, _ in on_devices(name, x):
        np.testing.assert_array_equal(found, expected.astype(np.float32))


@needs_torch
@pytest.mark.parametrize("name", ["mxfp4:ceil", "nvfp4", "dfp16"])
def test_stochastic_blocks_equal_the_format(name: str) -> None:
    block = block_format(name)
    x = np.random.default_rng(6).normal(size=(1, 1, 320)).astype(np.float32)
    for found, bits in on_devices(f"{name}+stochastic", x):
        random = RandomBits(values=bits, bits=16)
        expected = block.decode(block.encode(x, rounding="stochastic_a", random=random))
        np.testing.assert_array_equal(found, expected.astype(np.float32))


@needs_torch
def test_the_scale_of_a_tensor_lets_its_largest_value_just_fit() -> None:
    number_format = formats.parse("e4m3fn")
    rng = np.random.default_rng(7)
    x = (
        rng.normal(size=(4, 9, 8)).astype(np.float32)
        * np.array([1e-6, 1, 300, 0], np.float32)[:, None, None]
    )
    x[1, 0, 0] = 448
    for found, _ in on_devices("e4m3fn+amax", x):
        for own, values in zip(found, x, strict=True):
            largest = float(np.abs(values).max())
            scale = 2.0 ** np.ceil(np.log2(largest / 448)) if largest else 1.0
            expected = number_format.quantize(values.astype(np.float64) / scale) * scale
            np.testing.assert_array_equal(own, expected.astype(np.float32))


@needs_torch
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("e4m3fn+up", "unknown option 'up'"),
        ("mxfp4+amax", "takes the option stochastic only"),
        ("posit8_0+stochastic", "stochastic rounding to posit8_0: floats"),
        ("fp4_ue5m3", "scale rule amax; allowed are floor, ceil, nv"),
        ("nothing", "nothing"),
    ],
)
def test_wrong_casts_are_refused(text: str, words: str) -> None:
    import torch

    from hwdse.networks.train.numerics.casts import cast

    with pytest.raises(FormatError, match=words):
        cast(text, torch.Generator())


def small_steps(rule: str, count: int = 256, size: float = 2.0**-9) -> float:
    """1 after `count` updates of `size`, without momentum."""
    import torch

    from hwdse.networks.train.numerics import updates

    state = updates.Update.parse(rule).begin(torch.ones(1, 400), torch.Generator().manual_seed(3))
    for _ in range(count):
        for name in ("momentum",):
            setattr(state, name, torch.zeros_like(state.value))
        state.step(torch.full_like(state.value, -size), 1.0)
    return float(state.value.mean())


@needs_torch
def test_updates_below_half_a_unit_vanish_only_to_nearest() -> None:
    assert small_steps("nearest:bf16") == 1.0
    assert small_steps("kahan:bf16") == 1.5
    assert small_steps("pair:bf16") == 1.5
    assert small_steps("master") == 1.5
    assert abs(small_steps("stochastic:bf16") - 1.5) < 0.02


@needs_torch
def test_multiplicative_updates_are_integer_additions() -> None:
    import torch

    from hwdse.networks.train.numerics.updates import Update, _Multiplicative

    number_format = formats.parse("lns16_g2048")
    weights = torch.randn(2, 30, 20, generator=torch.Generator().manual_seed(1))
    state = Update.parse("madam").begin(weights, torch.Generator())
    for seed in range(20):
        gradient = torch.randn(2, 30, 20, generator=torch.Generator().manual_seed(seed))
        before = state.value
        state.step(gradient, 0.01)
        assert ((state.value / before > 1) <= (gradient * before <= 0)).all()
    assert isinstance(state, _Multiplicative)
    values = (state.value / state.scale).double().numpy()
    np.testing.assert_allclose(number_format.quantize(values), values, rtol=1e-6)
    assert (torch.sign(state.value) == torch.sign(weights)).all()
    with pytest.raises(SpecError, match="the form is madam"):
        Update.parse("madam:e4m3fn")


@needs_torch
def test_without_rounding_gradients_are_those_of_torch() -> None:
    import torch

    from hwdse.networks.train.fashion_cnn import Convolution
    from hwdse.networks.train.numerics.models import logits, placed, started, task
    from hwdse.networks.train.numerics.products import LayerArithmetic

    own = task("fashion-cnn")
    layers, factor = placed(own, unit_scaled=False)
    assert factor == 1
    tensors = [each.requires_grad_() for each in started(layers, (0, 1))]
    torch.testing.assert_close(tensors[0][1], started(layers, (1,))[0][0])
    x = torch.rand(2, 3, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    found = logits(x, layers, tensors, LayerArithmetic.of(published.FP32, torch.Generator()))
    found_gradients = torch.autograd.grad(found.square().sum(), tensors)
    for side in range(2):
        y = x[side]
        for place, each in enumerate(own.layers):
            w, b = tensors[2 * place][side], tensors[2 * place + 1][side]
            if place < len(own.layers) - 1:
                assert isinstance(each, Convolution)
                w = w.view(each.outputs, each.inputs, each.kernel, each.kernel)
                y = torch.conv2d(y, w, b, stride=each.stride, padding=each.padding).relu()
            else:
                y = y.mean((2, 3)) @ w.T + b
        torch.testing.assert_close(found[side], y, rtol=1e-4, atol=1e-4)
        expected = torch.autograd.grad(y.square().sum(), tensors)
        for own_gradient, other in zip(found_gradients, expected, strict=True):
            torch.testing.assert_close(own_gradient[side], other[side], rtol=1e-3, atol=1e-3)


@needs_torch
@pytest.mark.parametrize("name", ["digits", "fashion-cnn"])
def test_unit_scaling_takes_the_steps_of_the_plain_network(name: str) -> None:
    """Float32 with constant factors is the same training; the values have a variance near 1."""
    import torch

    from hwdse.networks.train.numerics.models import logits, placed, started, task
    from hwdse.networks.train.numerics.products import LayerArithmetic

    own = task(name)
    arithmetic = LayerArithmetic.of(published.FP32, torch.Generator())
    generator = torch.Generator().manual_seed(2)
    x = torch.rand(1, own.batch, *own.shape, generator=generator)
    y = torch.randint(10, (own.batch,), generator=generator)
    steps = []
    for unit_scaled in (False, True):
        layers, factor = placed(own, unit_scaled=unit_scaled)
        tensors = [each.requires_grad_() for each in started(layers, (0,))]
        loss = torch.nn.functional.cross_entropy(
            logits(x, layers, tensors, arithmetic).flatten(0, 1), y
        )
        gradients = torch.autograd.grad(loss * factor, tensors)
        if unit_scaled:
            assert all(0.7 < float(each.detach().std()) < 1.4 for each in tensors[::2])
            assert all(1 / 8 < float(each.std()) < 8 for each in gradients[::2])
        steps.append(
            [
                (
                    float(gradients[2 * n].norm()) * each.weight_step * each.factors.forward,
                    float(gradients[2 * n + 1].norm()) * each.bias_step,
                )
                for n, each in enumerate(layers)
            ]
        )
    np.testing.assert_allclose(steps[1], steps[0], rtol=1e-3)


@needs_torch
def test_an_overflow_halves_the_loss_scale_and_skips_the_step() -> None:
    import torch

    from hwdse.networks.train.numerics import training
    from hwdse.networks.train.numerics.models import placed, started, task
    from hwdse.networks.train.numerics.products import LayerArithmetic
    from hwdse.networks.train.numerics.updates import Update

    own = task("digits")
    layers, _ = placed(own, unit_scaled=False)
    scheme = Scheme.get("fp16-loss-scale")
    random = torch.Generator()
    rule = Update.parse(scheme.update)
    state = [rule.begin(each, random) for each in started(layers, (0, 1))]
    steps = training._Steps(layers, state, LayerArithmetic.of(scheme, random), 1.0, scaled=True)
    steps._loss_scale.fill_(64.0)
    before = [each.value.clone() for each in state]
    x = torch.rand(2, 32, 64, generator=random)
    x[0] *= 3e4  # overflows fp16 in the first training only
    steps.take(x, torch.zeros(2, 32, dtype=torch.int64), 0.1, look=True)
    assert steps._loss_scale.tolist() == [32.0, 64.0]
    for old, new in zip(before, state, strict=True):
        assert (old[0] == new.value[0]).all()
        assert torch.isfinite(new.value).all()
    assert any((old[1] != new.value[1]).any() for old, new in zip(before, state, strict=True))


@needs_torch
@pytest.mark.parametrize("name", list(Scheme.schemes))
def test_every_scheme_learns(name: str) -> None:
    from hwdse.networks.datasets import Split
    from hwdse.networks.train.numerics.models import task
    from hwdse.networks.train.numerics.training import train

    own = task("digits")
    part, test = own.dataset.train(limit=640), own.dataset.test(limit=200)
    assert isinstance(part, Split)
    found = train(own, Scheme.get(name), (0, 1), part, test, epochs=4)
    assert [each.seed for each in found] == [0, 1]
    assert all(each.accuracy > 0.8 for each in found), found
    again = train(own, Scheme.get(name), (0, 1), part, test, epochs=4)
    assert again == found
    lost = float(np.mean([each.lost_updates for each in found]))
    assert (lost > 0.3) == (name in ("bf16-nearest", "bf16-stochastic"))


@needs_torch
def test_the_command_writes_what_it_prints(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    command = [sys.executable, "-m", "hwdse.networks.train.numerics", "--network", "digits"]
    options = ["--seeds", "2", "--epochs", "2", "--own", "forward=e3m4+amax * e3m4+amax"]
    done = subprocess.run(
        [*command, *options, "update=stochastic:bf16", "-o", path],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = table.read(path)
    assert [(each.scheme, each.seed) for each in rows] == [
        ("fp32", 0),
        ("fp32", 1),
        ("own", 0),
        ("own", 1),
    ]
    assert f"digits own {100 * rows[2].accuracy:.2f} {100 * rows[3].accuracy:.2f} %" in done.stdout
    for wrong, words in {
        "colour=red": "unknown setting of a scheme 'colour'",
        "forward=bf16": "product 'bf16': the form is",
        "update=magic": "unknown update 'magic'",
        "sums=bf16": "sums 'bf16': allowed are",
    }.items():
        failed = subprocess.run(
            [*command, "--own", wrong], capture_output=True, text=True, check=False
        )
        assert failed.returncode == 2
        assert words in failed.stderr
        assert failed.stderr.count("\n") == 1


def test_texts_of_products_and_sums() -> None:
    product = ProductText.parse("nvfp4+stochastic * nvfp4_2d @ hadamard:16")
    assert (product.left, product.right, product.rotation) == ("nvfp4+stochastic", "nvfp4_2d", 16)
    assert SumsText.parse("bf16:32").group == 32
    for wrong in ("bf16", "bf16 * ", "bf16 * bf16 @ hadamard:3"):
        with pytest.raises(SpecError, match="the form is"):
            ProductText.parse(wrong)
    with pytest.raises(SpecError, match="sums 'bf16:0'"):
        SumsText.parse("bf16:0")
    with pytest.raises(SpecError, match="unknown loss scale 'big'"):
        Scheme(name="x", loss_scale="big")
    with pytest.raises(SpecError, match="unknown training scheme 'bf17'"):
        Scheme.get("bf17")


def test_every_scheme_is_compared_with_one_that_is_there() -> None:
    for scheme in Scheme.schemes.values():
        assert scheme.compare in Scheme.schemes
        assert scheme.source or scheme.name == "fp32"


def page() -> str:
    """The text of docs/training.md with its tables made anew."""
    rows = [row for path in RESULTS for row in table.read(path)]
    text = PAGE.read_text()
    for name, made in (
        ("accuracies", table.accuracies(rows)),
        ("differences", table.differences(rows)),
    ):
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, rest = text.split(begin)
        text = before + begin + "\n" + made + "\n" + end + rest.split(end)[1]
    return text


def test_the_page_has_the_results() -> None:
    assert PAGE.read_text() == page(), f"run python {Path(__file__).name}"


def test_what_the_page_says_of_updates_in_bf16() -> None:
    """Nearest updates lose on fashion-mlp; three ways end at most 0.2 points below FP32."""
    rows = table.read(next(path for path in RESULTS if path.stem == "fashion-mlp"))
    accuracy = {
        name: np.array([100 * seeds["fashion-mlp"][seed].accuracy for seed in range(5)])
        for name, seeds in table.grouped(rows).items()
    }
    assert table.interval(accuracy["bf16-nearest"] - accuracy["fp32"])[2] < 0
    for name in ("bf16-stochastic", "bf16-kahan", "bf16-pair"):
        _, low, _ = table.interval(accuracy[name] - accuracy["fp32"])
        assert low > -0.2


def test_differences_pair_the_same_seeds() -> None:
    rows = [
        table.Trained(network="n", scheme=scheme, seed=seed, accuracy=0.9 + share, lost_updates=0.5)
        for seed in range(3)
        for scheme, share in (
            ("fp32", 0.01 * seed),
            ("bf16-nearest", 0.01 * seed - 0.02),
            ("bf16-kahan", 0.01 * seed - 0.001 * seed),
        )
    ]
    accuracies = table.accuracies(rows).splitlines()
    assert accuracies[2].startswith("| `fp32` | 91.00 (88.52 to 93.48) | 50 |")
    found = table.differences(rows).splitlines()
    assert found[2].startswith("| `bf16-nearest` | `fp32` | **-2.00 (-2.00 to -2.00)** | Zamirai")
    assert "| `bf16-kahan` | `bf16-nearest` | **+1.90 (+1.65 to +2.15)** |" in found[3]
    assert table.interval([1.0]) == (1.0, -np.inf, np.inf)


if __name__ == "__main__":
    PAGE.write_text(page())
