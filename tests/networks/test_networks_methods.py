"""Post-training quantisation methods."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from hwdse import Design, formats, networks
from hwdse.errors import SpecError
from hwdse.formats.blocks import ZeroPointBlock
from hwdse.networks import methods
from hwdse.networks.arithmetic import FloatArithmetic, Site
from hwdse.networks.lowered import Call
from hwdse.networks.lowered.convolution import _convolve
from hwdse.networks.methods.adaround import AdaRound
from hwdse.networks.methods.aqas import Aqas, joint_error
from hwdse.networks.methods.awq import Awq
from hwdse.networks.methods.bias_correction import BiasCorrection
from hwdse.networks.methods.gptq import Gptq, damped
from hwdse.networks.methods.gram import Gram
from hwdse.networks.methods.grid import BlockGrid, ElementGrid
from hwdse.networks.methods.hadamard import Hadamard, Rotation
from hwdse.networks.methods.low_rank import LowRank
from hwdse.networks.methods.method import Method, SeenLayer
from hwdse.networks.methods.reorder import Reorder
from hwdse.networks.methods.smoothquant import SmoothQuant
from hwdse.networks.methods.transform import of_activations, of_matrices, of_rows
from hwdse.networks.observe import Observation
from hwdse.networks.prepared import _best_scales
from hwdse.networks.scales import Scaling

OPERAND_METHODS = [
    *(SmoothQuant(), SmoothQuant(alpha=0.8), Awq(), Hadamard(), Hadamard(size=2), Rotation(size=4)),
    *(Reorder(), Aqas()),
]


def layer_of(site: Site, groups: int, inner: int, columns: int, rows: int = 300) -> SeenLayer:
    """A layer with channels of very different sizes, and blocks of four."""
    rng = np.random.default_rng(inner)
    x = rng.normal(size=(groups, rows, inner)) * 2.0 ** rng.integers(-4, 5, (groups, 1, inner))
    x = (x + rng.normal(size=(groups, 1, inner))).astype(np.float32)
    w = rng.normal(size=(groups, inner, columns)).astype(np.float32)
    gram = Gram(
        site=site,
        matrix=(np.einsum("grk,grl->gkl", x, x) / rows).astype(np.float32),
        mean=x.mean(axis=1),
        largest=np.abs(x).max(axis=1),
    )
    observation = Observation(
        constant=True,
        rows=x,
        matrices=w,
        extremes=x[:, :2],
        first_largest=float(np.abs(x).max()),
        second_largest=float(np.abs(w).max()),
        terms=inner,
    )
    return SeenLayer(
        observation=observation,
        gram=gram,
        nearest=lambda m: np.round(np.asarray(m, np.float64) * 4) / 4,
        nearest_rows=lambda x: np.round(np.asarray(x, np.float64)),
        block=4,
    )


@pytest.mark.parametrize("method", OPERAND_METHODS, ids=str)
@pytest.mark.parametrize(("groups", "axis", "taps"), [(1, -1, 1), (3, -1, 1), (1, 1, 6), (2, 1, 6)])
def test_a_change_of_operands_leaves_products(method: Method, groups, axis, taps) -> None:
    site = Site(name="h", constant=True, channel_axis=axis, taps=taps)
    layer = layer_of(site, groups, 8 * taps, 5)
    change = method.transform(layer)
    assert change is not None
    seen, rows = layer.observation, of_rows(change, site, layer.observation.rows)
    after = rows @ of_matrices(change, site, seen.matrices)
    before = seen.rows @ seen.matrices
    assert np.abs(after - before).max() < 2e-5 * np.abs(before).max()
    assert np.abs(rows - seen.rows).max() > 0.1
    # The changed layer is what calibration on changed activations would have seen.
    changed = layer.changed(change)
    moments = np.einsum("grk,grl->gkl", rows, rows) / rows.shape[1]
    np.testing.assert_allclose(changed.gram.matrix, moments, atol=3e-5 * np.abs(moments).max())
    np.testing.assert_allclose(changed.gram.mean, rows.mean(1), atol=1e-4 * np.abs(rows).max())
    np.testing.assert_allclose(changed.gram.largest, np.abs(rows).max(axis=1), rtol=1e-5)
    assert changed.observation.first_largest == pytest.approx(np.abs(rows).max(), rel=1e-5)


@pytest.mark.parametrize("method", OPERAND_METHODS, ids=str)
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_change_activations_before_patches_are_gathered(method, groups) -> None:
    rng = np.random.default_rng(groups)
    x = rng.normal(size=(3, 8 * groups, 7, 6)).astype(np.float32)
    w = rng.normal(size=(4 * groups, 8, 3, 2)).astype(np.float32)
    call = Call(
        network="n", operator="Conv", name="h", attributes={"group": groups}, constant=(False, True)
    )
    how = {"strides": [2, 1], "dilations": [1, 2], "pads": np.array([[1, 1], [0, 2]])}
    expected = _convolve(FloatArithmetic(), call, x, w, None, **how)

    class Changing(FloatArithmetic):
        def second(self, site, w):
            self.change = method.transform(layer_of(site, groups, w.shape[1], w.shape[2]))
            return of_matrices(self.change, site, w)

        def first(self, site, x):
            return of_activations([self.change], site, groups if site.grouped else 1, x)

    found = _convolve(Changing(), call, x, w, None, **how)
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_smoothquant_by_hand() -> None:
    site = Site(name="h", constant=True)
    layer = layer_of(site, 1, 8, 5)
    change = SmoothQuant().transform(layer)
    x = np.abs(layer.observation.rows).max(axis=(0, 1))
    w = np.abs(layer.observation.matrices).max(axis=(0, 2))
    factors = np.sqrt(x / w)
    np.testing.assert_allclose(change.factors[0], factors / np.exp(np.log(factors).mean()), 1e-5)
    # Activations and weights of each channel then have ranges with one ratio.
    after = layer.changed(change)
    ratio = after.gram.largest[0] / np.abs(after.observation.matrices).max(axis=(0, 2))
    assert np.ptp(ratio) < 1e-4 * ratio.max()


def naive_gptq(weights, moments, grid, damping):
    """The method as it is usually written: an inverse that loses a row in every step."""
    left, found = weights.copy(), np.empty_like(weights)
    inverse = np.linalg.inv(damped(moments, damping))
    for k in range(len(weights)):
        if grid.size and k % grid.size == 0:
            grid.fix(k, left[k : k + grid.size])
        found[k] = grid.rounded(k, left[k])
        error = (left[k] - found[k]) / inverse[k, k]
        left[k + 1 :] -= np.outer(inverse[k, k + 1 :], error)
        inverse -= np.outer(inverse[:, k], inverse[k]) / inverse[k, k]
    return found


def problem(terms: int, columns: int):
    rng = np.random.default_rng(terms)
    mix = rng.normal(size=(terms, terms)) / 4 + np.eye(terms)
    x = rng.normal(size=(4 * terms, terms)) @ mix
    return rng.normal(size=(terms, columns)), x.T @ x / len(x)


def element_grid(weights, name="int4"):
    f = formats.get(name)
    scale = np.abs(weights).max(axis=0)[np.newaxis, np.newaxis] / float(f.max)
    return ElementGrid(Scaling(number_format=f, scale=scale, limit=float(f.max)), 0)


def affine_grid(weights):
    return block_grid(weights, "affine")


def block_grid(weights, name="mxfp4"):
    block = ZeroPointBlock.of(formats.get("affine:uint4:32:fp16"))
    block = block if name == "affine" else formats.get(name)
    return BlockGrid(block, float(np.abs(weights).max()), weights.shape, 32)


@pytest.mark.parametrize("terms", [1, 5, 64, 100])
@pytest.mark.parametrize("make", [element_grid, block_grid, affine_grid])
def test_gptq_is_the_naive_algorithm(terms: int, make) -> None:
    weights, moments = problem(terms, 7)
    found = Gptq().values(weights, moments, make(weights))
    expected = naive_gptq(weights, moments, make(weights), 0.01)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    if terms > 5:
        nearest = nearest_of(weights, make(weights))
        assert error_of(weights - found, moments) < 0.8 * error_of(weights - nearest, moments)


def nearest_of(weights, grid):
    """What rounding to nearest gives: the method where terms know nothing of each other."""
    return naive_gptq(weights, np.eye(len(weights)), grid, 0.01)


def error_of(errors, moments) -> float:
    return float(np.einsum("kn,kl,ln->", errors, moments, errors))


@pytest.mark.parametrize("make", [element_grid, block_grid])
def test_adaround_ends_where_no_other_neighbour_is_better(make) -> None:
    weights, moments = problem(40, 3)
    method, grid = AdaRound(), make(weights)
    start = method.values(weights, moments, grid)
    found = method.improved(start, weights, moments, grid)
    objective = damped(moments, method.damping)
    least = error_of(weights - found, objective)
    assert least < error_of(weights - start, objective)
    neighbours = 0
    for k, n in itertools.product(range(40), range(3)):
        for rounding in ("down", "up"):
            moved = found.copy()
            moved[k, n] = grid.rounded(k, weights[k], rounding)[n]
            neighbours += bool(moved[k, n] != found[k, n])
            assert error_of(weights - moved, objective) >= least * (1 - 1e-9)
    assert neighbours >= 100


def _unrounded(operand):
    return np.asarray(operand, np.float64)


def test_aqas_takes_the_exponent_of_least_error_of_both_operands() -> None:
    layer = layer_of(Site(name="h", constant=True), 2, 8, 5)
    changed = layer.changed(Aqas().transform(layer))
    errors = [
        joint_error(layer.changed(SmoothQuant(alpha=alpha).transform(layer)))
        for alpha in np.linspace(0, 1, 11)
    ]
    assert joint_error(changed) == min(errors) < joint_error(layer)
    rows, w = changed.observation.rows, changed.observation.matrices
    rounded = np.round(rows.astype(float)) @ (np.round(w.astype(float) * 4) / 4)
    assert joint_error(changed) == pytest.approx(np.square(rows.astype(float) @ w - rounded).sum())
    exact = replace(layer, nearest=_unrounded, nearest_rows=_unrounded)
    assert Aqas().transform(exact) is None  # nothing to gain


@pytest.mark.parametrize("spec", ["a=int4,acc=int:32", "a=mxfp4,acc=fp:fp32,unit=mx"])
def test_activations_are_seen_as_the_design_rounds_them(spec: str) -> None:
    design = Design.parse(spec)

    def run(text: str) -> float:
        return networks.evaluate(design, "digits", 200, methods=text, compare_scales=False).sqnr_db

    assert run("aqas") > run("") + 0.3


def test_bias_correction_takes_back_the_mean_error() -> None:
    layer = layer_of(Site(name="h", constant=True), 2, 8, 5)
    correction = BiasCorrection().correction(layer, layer.rounded())
    seen = layer.observation
    wrong = seen.rows @ layer.rounded() + correction.offset[:, np.newaxis]
    errors = (seen.rows @ seen.matrices - wrong).mean(axis=1)
    assert np.abs(errors).max() < 1e-5 * np.abs(wrong).max()


def test_low_rank_takes_back_all_with_all_ranks_and_the_most_with_few() -> None:
    layer = layer_of(Site(name="h", constant=True), 2, 8, 5)
    x, w = layer.observation.rows, layer.observation.matrices

    def error(rank: int) -> float:
        found = LowRank(rank=rank).correction(layer, layer.rounded())
        wrong = x @ layer.rounded() + x @ found.left @ found.right
        return float(np.square(x @ w - wrong).mean())

    errors = [error(rank) for rank in (1, 2, 3, 5)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-8 < 1e-3 * errors[0]


def test_reordered_channels_share_blocks_with_their_like() -> None:
    layer = layer_of(Site(name="h", constant=True), 1, 16, 5)
    change = Reorder().transform(layer)
    after = layer.changed(change)
    sizes = after.gram.largest[0] * np.abs(after.observation.matrices).max(axis=(0, 2))
    assert (np.diff(sizes) <= 0).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rtn", "unknown method 'rtn'"),
        ("gptq,smoothquant", "smoothquant comes before gptq"),
        ("gptq,adaround", "gptq and adaround both choose weights"),
        ("awq,awq", "awq is given twice"),
        ("smoothquant:2", r"the form is smoothquant\[:\{alpha\}\]"),
        ("hadamard:48", "the form is hadamard"),
        ("lowrank:1.5", "the form is lowrank"),
        ("gptq:0", "the form is gptq"),
        ("awq:1", "the form is awq"),
        ("any,gptq", "any and gptq both choose weights"),
        ("any:7", r"the form is any\[:\{bits, 2 to 6\}"),
        ("any:4:0", "the form is any"),
        ("any:x", "the form is any"),
        ("stored:int4", "a format of blocks is needed, such as block:int4:32:bf16"),
        ("stored:mxfp5", "method stored:mxfp5: unknown format"),
        ("stored", "method stored:: unknown format"),
    ],
)
def test_what_is_no_list_of_methods_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        methods.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "awq",
        "smoothquant:0.3,hadamard:32,gptq:0.1,bias,lowrank:4",
        "rotation,adaround",
        "awq,any",
        "any:3",
        "any:4:64",
        "stored:select:nvfp4|nvint4,lowrank:4",
    ],
)
def test_texts_parse_to_what_wrote_them(text: str) -> None:
    assert methods.written(methods.parse(text)) == text
    assert all(each.source for each in methods.parse(text))


def test_stored_weights_are_what_the_decoder_gives() -> None:
    layer = layer_of(Site(name="h", constant=True), 2, 40, 5)
    for name in ("affine:uint4:16", "afpq:e2m1fn:16", "realbias:e2m1:16", "select:nvfp4|nvint4"):
        found = Method.parse(f"stored:{name}").stored(layer)
        expected = [formats.get(name).quantize(each.T).T for each in layer.weights]
        np.testing.assert_array_equal(found, expected)


def test_operand_methods_see_how_weights_are_stored() -> None:
    layer = layer_of(Site(name="h", constant=True), 1, 32, 5)
    stored = Method.parse("stored:affine:uint2:16")
    seen = replace(layer, storage=stored)
    np.testing.assert_array_equal(seen.rounded(), stored.stored(layer))
    # Factors are chosen for what is stored: its error is not greater than without them.
    change = Awq().transform(seen)
    assert change is not None
    assert Awq._error(seen.changed(change)) < Awq._error(seen)
    design = Design.parse("a=bf16,acc=fp:fp32")

    def run(text: str) -> float:
        return networks.evaluate(design, "digits", 100, methods=text, compare_scales=False).sqnr_db

    assert run("awq,stored:affine:uint3:16") != run("stored:affine:uint3:16")


def test_learned_rows_are_k_means_by_hand() -> None:
    layer = layer_of(Site(name="h", constant=True), 2, 40, 3)
    found = Method.parse("any:2:16").stored(layer)
    bf16 = formats.get("bf16")
    for g, n in itertools.product(range(2), range(3)):
        w = layer.weights[g, :, n]
        squares = np.diag(layer.gram.matrix[g]).astype(np.float64)
        offsets, scales, points = np.zeros(40), np.zeros(40), np.zeros(40)
        for start in range(0, 40, 16):
            part = slice(start, start + 16)
            offsets[part] = bf16.quantize(w[part].min())
            scales[part] = bf16.quantize((w[part].max() - offsets[start]) / 3)
        points = (w - offsets) / scales
        levels = [0.0, 1.0, 2.0, 3.0]
        for _ in range(30):
            nearest = [min(range(4), key=lambda k, x=x: abs(levels[k] - x)) for x in points]
            for k in range(4):
                mine = [i for i in range(40) if nearest[i] == k]
                if mine:
                    counts = squares[mine] * scales[mine] ** 2
                    levels[k] = float((counts * points[mine]).sum() / counts.sum())
        rounded = bf16.quantize(levels)
        best = [rounded[np.abs(rounded - x).argmin()] for x in points]
        np.testing.assert_allclose(found[g, :, n], np.multiply(best, scales) + offsets, rtol=1e-9)


def test_learned_rows_beat_integers_and_corrections_see_their_error() -> None:
    design = Design.parse("a=bf16,acc=fp:fp32")

    def run(text: str) -> float:
        found = networks.evaluate(design, "digits", 100, methods=text, compare_scales=False)
        assert found.methods == text
        return found.sqnr_db

    plain, affine, learned = run(""), run("stored:affine:uint3:128:bf16"), run("any:3")
    assert affine + 1 < learned < plain - 5
    assert run("any:3,lowrank:64") > learned + 5
    constant = layer_of(Site(name="h", constant=True), 1, 8, 2)
    matrices = np.full((1, 8, 2), 3.0, np.float32)
    flat = replace(constant, observation=replace(constant.observation, matrices=matrices))
    np.testing.assert_array_equal(Method.parse("any").stored(flat), matrices)


@pytest.mark.parametrize("spec", ["a=int8,b=int4,acc=int:32", "a=mxfp4,acc=fp:fp32,unit=mx"])
def test_networks_come_nearer_to_float(spec: str) -> None:
    design = Design.parse(spec)

    def run(text: str, samples: int = 100):
        return networks.evaluate(design, "digits", samples, methods=text, compare_scales=False)

    plain, better = run(""), run("gptq")
    assert better.sqnr_db > plain.sqnr_db + 1
    assert (plain.methods, better.methods) == ("", "gptq")
    assert better.to_json()["methods"] == "gptq"
    again = run("gptq")
    assert again.errors.tobytes() == better.errors.tobytes()
    for text in ("hadamard,adaround", "smoothquant", "awq,bias", "rotation,lowrank", "reorder"):
        assert run(text).sqnr_db > plain.sqnr_db - 4
    # What is added without quantisation is right: all ranks of the error are no error.
    full = run("lowrank:64")
    assert full.sqnr_db > plain.sqnr_db


@pytest.mark.parametrize("name", ["pow2", "ratio"])
def test_weight_methods_keep_scales_that_are_shifts(name: str) -> None:
    weights, moments = problem(40, 6)
    weights *= 3.0 ** np.arange(6)
    limit = 7.0
    scale = 2.0 ** np.round(np.log2(np.abs(weights).max(axis=0) / limit)) * 1.25
    scaling = Scaling(
        number_format=formats.get("int4"),
        scale=scale[np.newaxis, np.newaxis],
        limit=limit,
        octaves_only=True,
    )
    found, _ = _best_scales(Gptq(), weights[np.newaxis], moments[np.newaxis], scaling)
    assert set(np.log2(found.scale / scaling.scale).ravel()) <= {-1.0, 0.0, 1.0}
    design = Design.parse("a=int8,b=int4,acc=int:32")
    run = networks.evaluate(design, "digits", 20, methods="gptq", scales=name, compare_scales=False)
    assert run.scales == name
    assert run.sqnr_db > 15
