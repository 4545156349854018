"""Products and sums of blocks whose format changes, against fractions and single formats."""

import numpy as np
import pytest
from reference import block_products as reference
from reference.dot_products import FusedSum
from reference.number_formats import ALL

from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.formats import Unpacked
from hwdse.golden.engines.mx import running_blocks
from hwdse.golden.engines.mx_modes import elements, modal_products, running_modes

MX = ("mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e2m3", "mxfp4", "mxint8")
NV = ("nvfp4", "nvint4")


def design_of(names: tuple[str, ...], acc: str = "fp:fp32", blocks: int = 1) -> Design:
    widest = max(names, key=lambda name: formats.get(name).element.bits)
    return Design.parse(
        f"a={widest},acc={acc},out=fp32,unit=mx,blocks={blocks},modes={'|'.join(names)}"
    )


def drawn(
    design: Design, rng: np.random.Generator, shape: tuple[int, ...]
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Modes, and slots and scales of both operands. Some blocks have specials, most do not."""
    size, bits = design.unit.size, design.a.bits
    mode = rng.integers(0, 1 << design.unit.mode_bits, shape)
    operands = []
    for _ in range(2):
        slots = rng.integers(0, 1 << bits, (*shape, size))
        for number in np.unique(mode):
            chosen = design.unit.mode_of(int(number))
            codes = elements(chosen, slots)
            special = ~np.isfinite(chosen.element.decode(codes)) & (rng.random(codes.shape) < 0.98)
            slots = np.where(special & (mode == number)[..., None], slots & ~0x7F, slots)
        scale = design.mul.a.scale
        near = scale.encode(np.exp2(rng.integers(-6, 7, shape))).astype(np.int64)
        any_scale = rng.integers(0, 1 << scale.bits, shape)
        operands.append((slots, np.where(rng.random(shape) < 0.9, near, any_scale)))
    return mode, operands


def references(design: Design, mode: np.ndarray, operands: list) -> list:
    """Exact products of the flattened blocks."""
    size, names = design.unit.size, [str(one) for one in design.unit.formats]
    (a, a_scale), (b, b_scale) = (
        (slots.reshape(-1, size), scales.ravel()) for slots, scales in operands
    )
    found = []
    for k, number in enumerate(mode.ravel().tolist()):
        block = reference.block_of(names[min(number, len(names) - 1)])
        mask = (1 << design.unit.mode_of(number).element.bits) - 1
        found.append(
            reference.product(
                block,
                block,
                [code & mask for code in a[k].tolist()],
                int(a_scale[k]),
                [code & mask for code in b[k].tolist()],
                int(b_scale[k]),
            )
        )
    return found


def value_of(record: Unpacked, k: int) -> object:
    if record.nan[k]:
        return "nan"
    return record[k : k + 1].to_fractions()[0]


@pytest.mark.parametrize("names", [MX, NV])
def test_products_are_exact_in_every_mode(names: tuple[str, ...]) -> None:
    design = design_of(names)
    mode, operands = drawn(design, np.random.default_rng(1), (120,))
    found, bounds = modal_products(design, mode, *operands), design.product
    kinds = set()
    for k, expected in enumerate(references(design, mode, operands)):
        kinds.add((int(mode[k]), expected.special or "number"))
        if expected.special == "nan":
            assert found.nan[k]
        elif expected.special:
            assert value_of(found, k) == (-np.inf if expected.negative else np.inf)
        else:
            assert value_of(found, k) == expected.number
    assert len({number for number, kind in kinds if kind == "number"}) == 1 << design.unit.mode_bits
    finite = ~(found.nan | found.inf)
    numbers, half = found.signed_significand[finite], 1 << bounds.significand_bits - 1
    assert np.all((numbers >= -half) & (numbers < half))


def test_a_running_sum_goes_on_where_the_mode_changes() -> None:
    design = design_of(MX, blocks=2)
    shape = (6, 5)
    rng = np.random.default_rng(2)
    mode = rng.integers(0, 8, shape)
    each = np.broadcast_to(mode[..., None], (*shape, 2))
    _, operands = drawn(design, rng, (*shape, 2))
    found = running_modes(design, mode, *operands)
    terms = references(design, each, operands)
    reached = FusedSum(ALL["fp32"])
    for row in range(6):
        groups = [terms[k : k + 2] for k in range(row * 10, row * 10 + 10, 2)]
        expected = reference.running(reached, ALL["fp32"], groups, "rne")
        assert found[row].tolist() == expected


@pytest.mark.parametrize("acc", ["fp:fp32", "kulisch", "aligned:F25", "fp:fp32:kahan"])
def test_a_mode_has_the_bits_of_its_format_alone(acc: str) -> None:
    design, rng = design_of(MX, acc), np.random.default_rng(3)
    for number, block in enumerate(design.unit.formats):
        alone = Design.parse(f"a={block},acc={acc},out=fp32,unit=mx")
        x, y = (block.encode(rng.normal(size=(4, 96)) * 9) for _ in range(2))
        above = 1 << design.a.bits - block.element.bits
        operands = [
            (
                (q.codes + (rng.integers(0, above, q.codes.shape) << block.element.bits)).reshape(
                    4, 3, 1, 32
                ),
                q.scales.reshape(4, 3, 1),
            )
            for q in (x, y)
        ]
        found = running_modes(design, np.full((4, 3), number), *operands)
        assert np.array_equal(found, running_blocks(alone, x.codes, x.scales, y.codes, y.scales))


def test_known_sums() -> None:
    """32 products of ones in each mode: 1, 1, 1 and 1 have different codes and the same value."""
    names = ("mxfp8_e4m3", "mxfp6_e2m3", "mxfp4", "mxint8")
    design = design_of(names)
    ones = [0x38, 0x08, 0x02, 0x40]
    a = np.array(ones)[None, :, None, None] * np.ones((1, 1, 1, 32), np.int64)
    scale = np.array([[127, 128, 129, 126]])[..., None]
    found = running_modes(design, np.arange(4)[None], (a, scale), (a, np.full_like(scale, 127)))
    assert design.out.decode(found)[0].tolist() == [32.0, 96.0, 224.0, 240.0]
    # -2 times -2 of MXINT8 is no special case.
    low = np.full((1, 1, 1, 32), 0x80)
    one = np.full((1, 1, 1), 127)
    found = running_modes(design, [[3]], (low, one), (low, one))
    assert design.out.decode(found)[0].tolist() == [128.0]


def test_other_units_are_refused() -> None:
    with pytest.raises(SpecError, match="unit=mx with modes= is needed"):
        modal_products(Design.parse("a=mxfp4,acc=kulisch,unit=mx"), [0], ([0], [0]), ([0], [0]))
