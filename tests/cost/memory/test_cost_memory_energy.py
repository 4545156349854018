"""Energies of memories and wires against the published figures and against hand-made sums."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwdse import formats
from hwdse.cost.memory import Contents, MemoryModel, load_memory, load_wire, memories, wires
from hwdse.errors import FormatError, ShapeError, TechnologyError


@pytest.mark.parametrize(
    ("name", "kib", "pj"),
    [
        ("sram45", 8, 10.0),
        ("sram45", 32, 20.0),
        ("sram45", 1024, 100.0),
        ("sram7", 8, 7.5),
        ("sram7", 32, 8.5),
        ("sram7", 1024, 14.0),
    ],
)
def test_a_64_bit_access_costs_what_the_table_says(name, kib, pj):
    memory = load_memory(name)
    for law in (memory.read_pj_per_bit, memory.write_pj_per_bit):
        assert 64 * law(kib * 1024) == pytest.approx(pj)


def test_between_two_points_the_energy_follows_a_power_law():
    sram = load_memory("sram45")
    # 8 KiB to 32 KiB: four times the bytes, twice the energy, so the square root of the capacity.
    assert 64 * sram.read_pj_per_bit(16 * 1024) == pytest.approx(10 * math.sqrt(2))
    # The law of the nearest two points goes on outside the table: exponent 1/2 below 8 KiB, and
    # log(5) / log(32) above 1 MiB.
    assert 64 * sram.read_pj_per_bit(2 * 1024) == pytest.approx(5.0)
    assert 64 * sram.read_pj_per_bit(32 * 1024 * 1024) == pytest.approx(500.0)


@given(st.floats(1, 1e9), st.floats(1, 1e9))
def test_a_larger_memory_never_costs_less(one, other):
    small, large = sorted((one, other))
    for name in ("sram45", "sram7"):
        memory = load_memory(name)
        assert memory.read_pj_per_bit(small) <= memory.read_pj_per_bit(large) * (1 + 1e-12)


#: pJ per bit from the tables of the sources: pJ per 64 bits, or as stated.
PUBLISHED = {
    "ddr3": (1300 / 64, 1300 / 64, 70),
    "ddr4": (1300 / 64, 1300 / 64, 1300 / 64),
    "gddr5": (14, 14, 14),
    "gddr6": ((350 + 480) / 128, 350 / 64, 480 / 64),
    "hbm2": (3.97, 250 / 64, 450 / 64),
    "hbm2e": (4.3, 4.3, 4.3),
    "hbm3e": (3.9, 4.3 * 0.8, 3.9),
    "lpddr2": (40, 40, 40),
    "lpddr4": (8, 4, 14),
    "lpddr5": (7, 7, 7),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_dram(name):
    memory = load_memory(name)
    value, low, high = PUBLISHED[name]
    assert memory.read_pj_per_bit(math.inf) == pytest.approx(value)
    assert memory.write_pj_per_bit(1) == pytest.approx(value)
    assert [factor * value for factor in memory.spread] == pytest.approx([low, high])


def test_every_shipped_memory_has_a_test_here():
    assert set(memories()) == {*PUBLISHED, "sram45", "sram7", "pcm-mlc"}
    assert set(wires()) == {"wire40", "wire10"}


@pytest.mark.parametrize("name", memories())
def test_every_memory_says_where_its_figures_come_from(name):
    facts = load_memory(name).to_json()
    assert facts["name"] == name
    assert all(len(facts[key]) > 10 for key in ("source", "seen", "covers"))
    assert "20" in facts["source"]


def test_wires():
    assert load_wire("wire40").energy_pj(256, 10) == pytest.approx(310)
    assert load_wire("wire10").energy_pj(256, 10) == pytest.approx(200)


# --- content-dependent energy -------------------------------------------------------------------


def levels_by_hand(codes, bits, cell_bits):
    """Share of each level, from texts of zeros and ones."""
    text = "".join(format(int(code), f"0{bits}b") for code in codes)
    text += "0" * (-len(text) % cell_bits)
    cells = [int(text[i : i + cell_bits], 2) for i in range(0, len(text), cell_bits)]
    return [cells.count(level) / len(cells) for level in range(1 << cell_bits)]


@given(st.data(), st.integers(1, 20), st.integers(1, 5))
def test_codes_are_packed_into_cells_without_gaps(data, bits, cell_bits):
    codes = data.draw(st.lists(st.integers(0, (1 << bits) - 1), min_size=1, max_size=20))
    contents = Contents(codes=np.array(codes, np.uint32), bits=bits)
    expected = levels_by_hand(codes, bits, cell_bits)
    assert contents.level_shares(cell_bits).tolist() == pytest.approx(expected)


def test_64_bit_codes_are_packed():
    codes = np.array([(1 << 64) - 1, 1 << 63], np.uint64)
    shares = Contents(codes=codes, bits=64).level_shares(2)
    assert shares.tolist() == pytest.approx([31 / 64, 0, 1 / 64, 32 / 64])


def test_phase_change_cells_cost_by_their_level():
    memory = load_memory("pcm-mlc")
    reset, pulse = 54.331, 101.581
    by_level = [reset, reset + 7 * pulse, reset + 5 * pulse, reset + pulse]

    def write(*codes):
        contents = Contents(codes=np.array(codes, np.uint8), bits=8)
        return memory.write_pj_per_bit(math.inf, contents)

    assert write(0b00000000) == pytest.approx(by_level[0] / 2)
    assert write(0b01010101) == pytest.approx(by_level[1] / 2)
    assert write(0b10101010) == pytest.approx(by_level[2] / 2)
    assert write(0b11111111) == pytest.approx(by_level[3] / 2)
    assert write(0b00011011) == pytest.approx(sum(by_level) / 8)
    # Without contents every level is equally likely.
    assert memory.write_pj_per_bit(math.inf) == pytest.approx(sum(by_level) / 8)
    # A read senses the cell, whatever its level.
    sensed = Contents(codes=np.array([85], np.uint8), bits=8)
    assert memory.read_pj_per_bit(1, sensed) == memory.read_pj_per_bit(1) == 1.0


def test_formats_of_the_same_width_differ_in_what_their_codes_cost():
    """Small int8 values end in sign bits, all ones or all zeros: cheap levels of the cells."""
    memory = load_memory("pcm-mlc")
    values = np.random.default_rng(1).normal(size=4096)
    energies = {}
    for name, scale in (("int8", 8.0), ("e4m3fn", 1.0)):
        codes = formats.get(name).encode(values * scale)
        energies[name] = memory.write_pj_per_bit(1, Contents(codes=codes, bits=8))
    assert energies["int8"] < 0.9 * energies["e4m3fn"]


@pytest.mark.parametrize(
    ("codes", "bits", "raised", "message"),
    [
        (np.array([1], np.uint8), 65, FormatError, "1 to 64 are allowed"),
        (np.array([1], np.uint8), 0, FormatError, "1 to 64 are allowed"),
        (np.array([1], np.int8), 8, FormatError, "unsigned integers are needed"),
        (np.array([9], np.uint8), 3, FormatError, "hold the code 9: 3 bits are allowed"),
        (np.array([], np.uint8), 8, ShapeError, "at least one is needed"),
    ],
)
def test_contents_are_checked(codes, bits, raised, message):
    with pytest.raises(raised, match=message):
        Contents(codes=codes, bits=bits)


def test_cells_are_checked():
    with pytest.raises(FormatError, match="cells of 9 bits: 1 to 8 are allowed"):
        Contents(codes=np.array([1], np.uint8), bits=8).level_shares(9)


# --- files ---------------------------------------------------------------------------------------

GOOD = """
model = "flat"
source = "somebody, somewhere, 2020"
seen = "the paper"
covers = "everything"
read_pj = 2.0
write_pj = 3.0
"""


def load(tmp_path, text):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return load_memory(str(path))


def test_a_file_of_ones_own(tmp_path):
    memory = load(tmp_path, GOOD)
    assert (memory.name, memory.read_pj_per_bit(1), memory.write_pj_per_bit(1)) == ("own", 2, 3)
    changed = load(tmp_path, GOOD.replace("2.0", "2.5"))
    assert changed.read_pj_per_bit(1) == 2.5


CAPACITY = GOOD.replace("flat", "by-capacity").replace("read_pj = 2.0\nwrite_pj = 3.0", "")
LEVELS = GOOD.replace("flat", "multi-level").replace("write_pj = 3.0", "reset_pj = 1\nset_pj = 1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = ", "is no valid TOML"),
        (GOOD.replace('"flat"', '"flta"'), "unknown model 'flta': near flat"),
        (GOOD.replace("source", "sauce"), "key source is missing"),
        (GOOD.replace("read_pj", "raed_pj"), "key read_pj is missing"),
        (GOOD + "raed_pj = 3", "unknown key 'raed_pj': near read_pj"),
        (GOOD.replace("2.0", "-1"), "read_pj = '-1': a number from 0 to 1e"),
        (GOOD.replace("2.0", "nan"), "read_pj = 'nan': a number from 0"),
        (GOOD.replace("2.0", "true"), "read_pj = 'True': a number"),
        (GOOD.replace('"the paper"', "3"), "seen = '3': a text"),
        (GOOD + "low_pj = 2.5", "2 pJ is not between the lowest and the highest"),
        (CAPACITY + "access_bits = 64", "key points is missing"),
        (CAPACITY + "access_bits = 64\npoints = [{bytes = 1, pj = 1.0}]", "at least two points"),
        (
            CAPACITY + "access_bits = 64\npoints = [{bytes = 8, pj = 1.0}, {bytes = 4, pj = 2.0}]",
            "rising capacities",
        ),
        (
            CAPACITY + "access_bits = 64\npoints = [{bytes = 4, pj = 2.0}, {bytes = 8, pj = 1.0}]",
            "no falling energies",
        ),
        (
            CAPACITY + "access_bits = 8\npoints = [{bytes = 4, pj = 1.0}, {bytes = 8, pj = 4.1}]",
            "from 4 to 8 bytes the energy rises faster than the capacity to the power of 2",
        ),
        (
            CAPACITY + "access_bits = 0\npoints = [{bytes = 4, pj = 2.0}, {bytes = 8, pj = 3.0}]",
            "access_bits = '0': a whole number from 1",
        ),
        (LEVELS + "cell_bits = 2\nlevels = [{set_pulses = 1}]", "for 1 levels, 2 bits per cell"),
        (LEVELS + "cell_bits = 5\nlevels = []", "cell_bits = '5': a whole number from 1 to 4"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, text, message):
    with pytest.raises(TechnologyError, match=message):
        load(tmp_path, text)


def test_unknown_names_are_refused(tmp_path):
    with pytest.raises(TechnologyError, match="unknown memory 'lpddr6': near lpddr"):
        load_memory("lpddr6")
    with pytest.raises(TechnologyError, match="unknown wire 'wire41': near wire40"):
        load_wire("wire41")
    with pytest.raises(TechnologyError, match=r"none\.toml"):
        load_memory(str(tmp_path / "none.toml"))


def test_a_model_is_known_by_being_defined(tmp_path, monkeypatch):
    monkeypatch.setattr(MemoryModel, "models", dict(MemoryModel.models))

    class Free(MemoryModel):
        keyword = "free"

        @classmethod
        def from_table(cls, facts, table):
            return cls(**facts)

        def read_pj_per_bit(self, capacity_bytes, contents=None):
            return 0.0

        def write_pj_per_bit(self, capacity_bytes, contents=None):
            return 0.0

    text = GOOD.replace("flat", "free").replace("read_pj = 2.0\nwrite_pj = 3.0", "")
    assert isinstance(load(tmp_path, text), Free)
