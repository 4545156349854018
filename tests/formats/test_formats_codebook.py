"""Codebooks: NF4, learned tables from files, and what is refused."""

import json

import numpy as np
import pytest
from reference import levels
from scipy.stats import norm

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import Codebook


def test_nf4_is_the_published_table():
    values = formats.get("nf4").decode(np.arange(16))
    # The publication's digits; all are float32 numbers.
    np.testing.assert_allclose(values, levels.NF4, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(values, values.astype(np.float32))
    np.testing.assert_array_equal(values, np.float32(levels.NF4))


def test_nf4_are_quantiles_of_the_normal_distribution():
    offset = 0.9677083
    positive = norm.ppf(np.linspace(offset, 0.5, 9)[:-1])
    negative = -norm.ppf(np.linspace(offset, 0.5, 8)[:-1])
    quantiles = np.sort(np.concatenate([positive, [0.0], negative])) / positive.max()
    values = formats.get("nf4").decode(np.arange(16))
    assert quantiles.size == 16
    assert np.abs(values - quantiles).max() < 1.1e-7


def test_nf4_takes_the_nearest_level():
    f = formats.get("nf4")
    values = f.decode(np.arange(16))
    x = np.random.default_rng(4).uniform(-1.1, 1.1, 100_000)
    nearest = np.abs(x[:, None] - values).argmin(axis=1)
    assert np.count_nonzero(f.encode(x) == nearest) == 100_000
    assert f.encode(0.0) == f.encode(np.nan) == 7


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "learned.json"
    path.write_text(json.dumps({"name": "learned", "levels": [-2, -0.5, 0.1, 1.5, 4]}))
    return path


def test_a_table_from_a_file(table):
    f = Codebook.from_file(table)
    assert f.name == "learned"
    assert f.bits == 3
    assert f.levels == (-2.0, -0.5, 0.1, 1.5, 4.0)
    np.testing.assert_array_equal(f.encode([-9, 0, 0.79, 0.81, 3, 99]), [0, 2, 2, 3, 4, 4])
    # Codes past the end read as the last level and are never produced.
    np.testing.assert_array_equal(f.decode(range(8)), [-2, -0.5, 0.1, 1.5, 4, 4, 4, 4])


def test_the_name_of_a_file_stands_for_its_table(table):
    f = formats.parse(f"codebook:{table}")
    assert f.levels == Codebook.from_file(table).levels
    assert formats.parse(f.name) is f
    assert "codebook:{path}" in formats.syntaxes()


def test_a_file_with_the_table_of_nf4_is_nf4(tmp_path):
    path = tmp_path / "copy.json"
    path.write_text(json.dumps({"name": "x", "levels": list(formats.get("nf4").levels)}))
    assert formats.parse(f"codebook:{path}") is formats.get("nf4")


def test_two_and_256_levels():
    f = Codebook(name="two", levels=(0.0, 1.0))
    assert f.bits == 1
    assert not f.signed
    g = Codebook(name="many", levels=tuple(float(n) for n in range(256)))
    assert g.bits == 8
    np.testing.assert_array_equal(g.encode(np.arange(256)), np.arange(256))


def test_there_is_one_zero():
    f = Codebook(name="signed zero", levels=(-1.0, -0.0, 1.0))
    assert not np.signbit(f.decode(1))
    np.testing.assert_array_equal(f.encode([0.0, -0.0]), [1, 1])


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([1.0], "1 levels, but 2 to 256"),
        ([], "0 levels, but 2 to 256"),
        (list(range(257)), "257 levels, but 2 to 256"),
        ([0, 1, 1], "level 1.0 after 1.0, only increasing"),
        ([0, 2, 1], "level 1.0 after 2.0, only increasing"),
        ([-0.0, 0.0], "level 0.0 after 0.0, only increasing"),
        ([0, float("inf")], "level inf, only finite"),
        ([float("nan"), 1], "level nan, only finite"),
        ([0, 10**400], "only finite float64"),
        ([0, 2**53 + 1], "level 9007199254740993, only finite float64"),
        ([0, "1"], "level '1', only numbers"),
        ([False, True], "level False, only numbers"),
        ([0, None], "level None, only numbers"),
        ("01", "levels must be a list of numbers"),
        (3, "levels must be a list of numbers"),
    ],
)
def test_other_levels_are_refused(numbers, message, tmp_path):
    with pytest.raises(FormatError, match=f"^bad: {message}|^bad: level 1000.*{message}"):
        Codebook(name="bad", levels=numbers)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"name": "bad", "levels": numbers}))
    with pytest.raises(FormatError, match=message) as caught:
        formats.get(f"codebook:{path}")
    assert str(caught.value).startswith(f"codebook {path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_name_is_needed(name):
    with pytest.raises(FormatError, match="codebook named"):
        Codebook(name=name, levels=(0.0, 1.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no usable JSON"),
        ("{", "is no usable JSON"),
        ("[" * 100_000, "is no usable JSON"),
        ("[1, 2]", 'an object with members "name" and "levels"'),
        ('{"levels": [1, 2]}', 'an object with members "name" and "levels"'),
        ('{"name": "x", "levels": [1, 2], "more": 1}', 'an object with members "name" and "lev'),
    ],
)
def test_other_files_are_refused(text, message, tmp_path):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=message) as caught:
        Codebook.from_file(path)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(FormatError, match=r"codebook .*nothing\.json: No such file"):
        formats.get(f"codebook:{tmp_path}/nothing.json")
    with pytest.raises(FormatError, match="Is a directory"):
        Codebook.from_file(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="is no UTF-8 text"):
        Codebook.from_file(tmp_path / "binary")
