"""Readers of weights: made-up files, whose values are known."""

import pickle
import struct

import numpy as np
import pytest
from recipe_references import gguf_of, safetensors_of, torch_state_of

from hwdse.errors import NetworkError
from hwdse.networks.carried.gguf import read_gguf
from hwdse.networks.carried.safetensors import read_safetensors
from hwdse.networks.carried.torch_state import read_torch_state

FLOATS = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_safetensors_give_their_floats():
    given = {"a": FLOATS, "b": FLOATS.astype(np.float16), "places": np.arange(3)}
    found = read_safetensors(safetensors_of(given), "w")
    assert sorted(found) == ["a", "b"]
    for array in found.values():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, FLOATS)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 20,
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 5) + b'{"a":',
        safetensors_of({"a": FLOATS})[:-1],
        safetensors_of({"a": FLOATS}).replace(b"[2, 3]", b"[2, 4]"),
        safetensors_of({"a": FLOATS}).replace(b"[0, 24]", b"[24,0]").replace(b"24,0]", b"24,0] "),
    ],
)
def test_damaged_safetensors_are_refused(content):
    with pytest.raises(NetworkError, match="weights w are no usable safetensors file"):
        read_safetensors(content, "w")


def test_gguf_gives_facts_and_exact_values():
    rng = np.random.default_rng(0)
    scales, least = (rng.normal(size=4).astype(np.float16) for _ in range(2))
    nibbles = rng.integers(0, 16, (4, 32))
    packed = (nibbles[:, :16] | nibbles[:, 16:] << 4).astype(np.uint8)
    q4_1 = b"".join(
        scale.tobytes() + low.tobytes() + row.tobytes()
        for scale, low, row in zip(scales, least, packed, strict=True)
    )
    signed = rng.integers(-128, 128, (4, 32)).astype(np.int8)
    q8_0 = b"".join(s.tobytes() + row.tobytes() for s, row in zip(scales, signed, strict=True))
    facts = {"name": "a text", "count": 7, "part": 0.5, "words": ["a", "€"], "kinds": [1, -3]}
    tensors = {
        "plain": (0, (2, 3), FLOATS.tobytes()),
        "half": (1, (2, 3), FLOATS.astype(np.float16).tobytes()),
        "four": (3, (2, 64), q4_1),
        "eight": (8, (2, 64), q8_0),
    }
    found = read_gguf(gguf_of(facts, tensors), "w")
    assert found.facts == facts
    wide = [each.astype(np.float32)[:, None] for each in (scales, least)]
    expected = {
        "plain": FLOATS,
        "half": FLOATS,
        "four": (wide[0] * nibbles.astype(np.float32) + wide[1]).reshape(2, 64),
        "eight": (wide[0] * signed.astype(np.float32)).reshape(2, 64),
    }
    for name, values in expected.items():
        assert found.tensors[name].dtype == np.float32
        np.testing.assert_array_equal(found.tensors[name], values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends after 0 bytes"),
        (b"GGML" + bytes(30), "no GGUF of version 3"),
        (gguf_of({}, {"a": (2, (32,), bytes(18))}), "has type 2: F32, F16, Q4_1 and Q8_0 are read"),
        (gguf_of({}, {"a": (0, (20,), bytes(40))}), "of shape \\(20,\\) is incomplete"),
        (gguf_of({}, {"a": (8, (40,), bytes(80))}), "is incomplete"),
        (gguf_of({"words": ["a"] * 9}, {})[:60], "ends after 60 bytes"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**62), "ends after"),
    ],
)
def test_damaged_gguf_is_refused(content, message):
    with pytest.raises(NetworkError, match=f"weights w cannot be read: .*{message}"):
        read_gguf(content, "w")


def test_a_torch_state_gives_its_tensors():
    given = {"a": FLOATS, "turned": FLOATS, "count": np.array(5)}
    content = torch_state_of(given, views={"turned": ((3, 2), (1, 3))})
    found = read_torch_state(content, "w")
    np.testing.assert_array_equal(found["a"], FLOATS)
    np.testing.assert_array_equal(found["turned"], FLOATS.T)
    assert found["count"] == 5
    assert {array.dtype.name for array in found.values()} == {"float32"}


class Bomb:
    """What a hostile pickle does: it calls a function of the system."""

    def __reduce__(self):
        return print, ("the pickle was run",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ""),
        (pickle.dumps(1) * 3, "no state dictionary of PyTorch before 1.6"),
        (pickle.dumps(Bomb()), "builtins.print is not admitted"),
        (torch_state_of({"a": FLOATS})[:-4], "a storage of 6 values has 6"),
        (torch_state_of({"a": FLOATS}, {"a": ((3, 3), (3, 1))}), "of shape \\(3, 3\\) in 6 values"),
        (torch_state_of({"a": FLOATS}, {"a": ((2, 3), (-3, 1))}), "of shape \\(2, 3\\), steps"),
    ],
)
def test_a_bad_torch_state_is_refused(content, message, capsys):
    with pytest.raises(NetworkError, match=f"weights w cannot be read: .*{message}"):
        read_torch_state(content, "w")
    assert capsys.readouterr().out == ""
