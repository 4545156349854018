"""Quantised networks as they are: stored codes reach the products, and outputs equal the file's."""

import tempfile
from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from networks_fakes import relative_difference, runtime_outputs
from quantised_files import FILES
from quantised_runs import in_design, load, pixels

from hwdse import Design
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor, FloatNetwork

TOLERANCE = 1e-5


NAMES = [
    pytest.param(name, marks=pytest.mark.long) if made.long else name
    for name, made in FILES.items()
]


def reference(file, network, x):
    if file.runs:
        # With dequantised operands: on CPUs without dot products of bytes, onnxruntime's integer
        # kernels add pairs of products in 16 bits, which saturate.
        return runtime_outputs(file.model, x)[0]
    if file.expected is not None:
        return file.expected(x).astype(np.float32)
    return FloatNetwork(network).outputs(x)


@lru_cache(maxsize=1)
def ran(name):
    """A file, its network and samples, and what `in_design` finds, for both tests of the file."""
    file = FILES[name].make()
    with tempfile.TemporaryDirectory() as folder:
        network = load(file.model, Path(folder))
    x = pixels(network)
    return file, network, x, *in_design(network, file.spec, x)


@pytest.mark.parametrize("name", NAMES)
def test_codes_and_outputs_are_those_of_the_file(name):
    """Stored codes reach the products; sums are exact, so only float32's last bits may differ."""
    check_codes(name)
    check_outputs(name)


def check_codes(name):
    file, _, _, _, seen = ran(name)
    blocks = Design.parse(file.spec).unit.takes_blocks
    found = [operands[2 if blocks else 1] for operands in seen]
    wanted = list(file.codes)
    # Groups of a convolution come as a stack. Other stacks are of activations.
    of_groups = [codes.shape for codes in wanted]
    found = [
        one
        for codes in found
        for one in ([codes] if codes.ndim == 2 else codes)
        if codes.ndim == 2 or [each.shape for each in codes] == of_groups
    ]
    # Weights with scales of blocks are multiplied part by part.
    joined, part = [], []
    for codes in found:
        part.append(codes)
        if wanted and sum(map(len, part)) == len(wanted[len(joined)]):
            joined.append(np.concatenate(part))
            part = []
        if len(joined) == len(wanted):
            break
    assert len(joined) == len(wanted) > 0
    for codes, stored in zip(joined, wanted, strict=True):
        np.testing.assert_array_equal(codes, stored)
    if blocks:
        assert len(file.scales) == len(wanted)
        for operands, scales in zip(seen, file.scales, strict=False):
            np.testing.assert_array_equal(operands[3], scales)


#: Greatest difference where the file has activations in floats, which the design quantises itself.
LIMITS = {
    "recurrent-layer": 1e-4,
    "mxfp8-weights": 0.1,
    "mxfp6-weights": 0.1,
    "mxint8-weights": 0.1,
    "mxfp4-weights": 0.3,
    "nvfp4-weights": 0.3,
    "weights-of-4-bits": 1e-2,
    "weights-of-4-bits-as-qdq": 1e-2,
}


def check_outputs(name):
    file, network, x, found, _ = ran(name)
    expected = reference(file, network, x)
    baseline = FloatNetwork(network).outputs(x)
    assert relative_difference(baseline, expected) <= TOLERANCE
    lowered = Executor(network, FloatArithmetic()).outputs(x)
    assert relative_difference(lowered, expected) <= TOLERANCE
    assert relative_difference(found, expected) <= LIMITS.get(name, TOLERANCE)
    assert expected.std() > 1e-3


def test_there_are_files_of_many_exporters():
    counts = Counter(made.exporter for made in FILES.values())
    assert sum(counts.values()) >= 24
    assert len(counts) >= 4
