"""What calibration remembers: fixed draws, whatever the batch."""

import numpy as np
import pytest

from hwdse.networks.arithmetic import Site
from hwdse.networks.draws import Draw, StackDraw
from hwdse.networks.observe import Observer

SITE = Site(name="y", constant=True)
ATTENTION = Site(name="y", constant=False)


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def observed(x, w, batch):
    observer = Observer()
    for start in range(0, len(x), batch):
        some = x[start : start + batch]
        real = len(some)
        if real < batch:
            some = np.concatenate([some, np.repeat(some[-1:], batch - real, axis=0)])
        with observer.batch(real, batch):
            a, b = observer.first(SITE, some), observer.second(SITE, w)
            for group in range(len(w)):
                rows = a.reshape(-1, w.shape[1])
                for part in np.array_split(rows, 3):
                    observer.product(SITE, group, part, b[group])
    return observer.observations()["y"]


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("batch", [1, 7, 32, 100, 256])
def test_the_draw_does_not_depend_on_the_batch(batch, groups):
    """Also where the last batch is filled up with copies."""
    x, w = random(1, 96, 9, 16), random(2, groups, 16, 4)
    expected, found = observed(x, w, 96), observed(x, w, batch)
    for name in ("rows", "extremes", "matrices", "first_largest", "second_largest", "terms"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.rows.shape[0] == groups
    assert found.rows.shape[1] >= 16


def test_a_stride_of_the_data_is_not_met():
    """Every 16th row is small: both kinds are drawn in about their shares."""
    x = np.ones((4096, 1, 8), np.float32)
    x[::16] = 1e-3
    rows = observed(x, random(2, 1, 8, 4), 256).rows[0]
    small = float((rows[:, 0] < 1).mean())
    assert len(rows) == 256
    assert 0.02 < small < 0.12


def test_rows_of_the_largest_results_are_kept():
    x, w = random(1, 5000, 1, 16), random(2, 1, 16, 4)
    x[4321] *= 50
    found = observed(x, w, 100)
    assert any(np.array_equal(row, x[4321, 0]) for row in found.extremes[0])
    assert found.first_largest == np.abs(x).max()


def test_pairs_of_activations():
    observer = Observer()
    a, b = random(1, 40, 6, 8), random(2, 40, 8, 5)
    observer.first(ATTENTION, a)
    observer.second(ATTENTION, b)
    np.testing.assert_array_equal(observer.products(ATTENTION, a, b), a @ b)
    found = observer.observations()["y"]
    assert not found.constant
    assert found.rows.shape == (16, 6, 8)
    assert found.matrices.shape == (16, 8, 5)
    for rows, matrix in zip(found.rows, found.matrices, strict=True):
        (place,) = [i for i in range(40) if np.array_equal(b[i], matrix)]
        np.testing.assert_array_equal(rows, a[place])


def test_draw_keeps_the_least_keys():
    draw = Draw(3)
    keys = np.array([5.0, 1.0, 4.0, 2.0, 3.0, 0.0])
    numbers = np.arange(6)
    for part in (slice(0, 2), slice(2, 6)):
        draw.add(keys[part], numbers[part], keys[part, np.newaxis])
    assert [item[0] for item in draw.items()] == [1.0, 2.0, 0.0]


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("parts", [1, 3, 7])
def test_a_draw_of_groups_is_a_draw_of_each_group(count, parts):
    """Keys that are equal are many."""
    generator = np.random.default_rng(3)
    keys = generator.integers(0, 5, (20, 40)).astype(float)
    rows, numbers = random(4, 20, 40, 3), np.arange(40)
    together, alone = StackDraw(count), [Draw(count) for _ in keys]
    for part in np.array_split(numbers, parts):
        together.add(keys[:, part], part, rows[:, part])
        for draw, of_keys, of_rows in zip(alone, keys, rows, strict=True):
            draw.add(of_keys[part], part, of_rows[part])
    expected = np.stack([np.stack(draw.items()) for draw in alone])
    np.testing.assert_array_equal(together.items(), expected)


@pytest.mark.parametrize("batch", [1, 7, 32, 96])
def test_groups_that_go_at_once_are_recorded_as_one_by_one(batch):
    x, w = random(1, 96, 9, 16), random(2, 20, 16, 1)
    observer = Observer()
    for start in range(0, len(x), batch):
        some = x[start : start + batch]
        real = len(some)
        some = np.concatenate([some, np.repeat(some[-1:], batch - real, axis=0)])
        with observer.batch(real, batch):
            a, b = observer.first(SITE, some), observer.second(SITE, w)
            assert observer.stacks_groups(SITE)
            rows = a.reshape(-1, w.shape[1])
            observer.products(SITE, np.repeat(rows[np.newaxis], len(w), axis=0), b)
    found, expected = observer.observations()["y"], observed(x, w, 96)
    for name in ("rows", "extremes", "matrices", "first_largest", "second_largest", "terms"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
