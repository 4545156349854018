"""Independent forward passes in NumPy, float64, and writers of tiny files of weights."""

import io
import json
import math
import pickle
import struct
import sys
import types
from collections import OrderedDict

import numpy as np
from scipy.special import erf


def softmax(x):
    found = np.exp(x - x.max(axis=-1, keepdims=True))
    return found / found.sum(axis=-1, keepdims=True)


def bert_weights(rng, *, blocks=2, width=24, wide=40, vocabulary=50):
    """Random weights of a BERT, by the names of Hugging Face."""

    def normal(*shape, scale=0.2):
        return rng.normal(scale=scale, size=shape).astype(np.float32)

    def norm(name):
        return {f"{name}.weight": 1 + normal(width), f"{name}.bias": normal(width)}

    def linear(name, outputs, inputs):
        return {f"{name}.weight": normal(outputs, inputs), f"{name}.bias": normal(outputs)}

    found = {
        "embeddings.word_embeddings.weight": normal(vocabulary, width),
        "embeddings.position_embeddings.weight": normal(16, width),
        "embeddings.token_type_embeddings.weight": normal(2, width),
        **norm("embeddings.LayerNorm"),
    }
    for number in range(blocks):
        name = f"encoder.layer.{number}"
        for part in ("query", "key", "value"):
            found |= linear(f"{name}.attention.self.{part}", width, width)
        found |= linear(f"{name}.attention.output.dense", width, width)
        found |= norm(f"{name}.attention.output.LayerNorm")
        found |= linear(f"{name}.intermediate.dense", wide, width)
        found |= linear(f"{name}.output.dense", width, wide)
        found |= norm(f"{name}.output.LayerNorm")
    return found


def bert_vector(weights, tokens, heads):
    """Mean of the last layer over the tokens of one text, which has no filling."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}

    def norm(x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        unit = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return unit * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][tokens]
    x = x + w["embeddings.position_embeddings.weight"][: len(tokens)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    number = 0
    while f"encoder.layer.{number}.output.dense.weight" in w:
        name = f"encoder.layer.{number}"
        query, key, value = (
            linear(x, f"{name}.attention.self.{part}") for part in ("query", "key", "value")
        )
        size = x.shape[1] // heads
        seen = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            scores = query[:, part] @ key[:, part].T / math.sqrt(size)
            seen.append(softmax(scores) @ value[:, part])
        attended = linear(np.concatenate(seen, axis=1), f"{name}.attention.output.dense")
        x = norm(x + attended, f"{name}.attention.output.LayerNorm")
        wide = linear(x, f"{name}.intermediate.dense")
        wide = wide * (1 + erf(wide / math.sqrt(2))) / 2
        x = norm(x + linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        number += 1
    return x.mean(axis=0)


def llama_logits(weights, tokens, *, heads, shared, base, epsilon):
    """Logits of a LLaMA whose rotary positions turn neighbours, as complex numbers."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}

    def norm(x, name):
        return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + epsilon) * w[f"{name}.weight"]

    def turned(x):
        pairs = x[:, 0::2] + 1j * x[:, 1::2]
        waves = base ** (-2 * np.arange(pairs.shape[1]) / x.shape[1])
        pairs = pairs * np.exp(1j * np.arange(len(x))[:, None] * waves)
        found = np.empty_like(x)
        found[:, 0::2], found[:, 1::2] = pairs.real, pairs.imag
        return found

    x = w["token_embd.weight"][tokens]
    size = x.shape[1] // heads
    hidden = np.triu(np.full((len(tokens), len(tokens)), -np.inf), 1)
    number = 0
    while f"blk.{number}.attn_q.weight" in w:
        name = f"blk.{number}"
        y = norm(x, f"{name}.attn_norm")
        query, key, value = (y @ w[f"{name}.attn_{part}.weight"].T for part in "qkv")
        seen = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            place = head * shared // heads
            other = slice(place * size, (place + 1) * size)
            scores = turned(query[:, part]) @ turned(key[:, other]).T / math.sqrt(size)
            seen.append(softmax(scores + hidden) @ value[:, other])
        x = x + np.concatenate(seen, axis=1) @ w[f"{name}.attn_output.weight"].T
        y = norm(x, f"{name}.ffn_norm")
        gate = y @ w[f"{name}.ffn_gate.weight"].T
        wide = gate / (1 + np.exp(-gate)) * (y @ w[f"{name}.ffn_up.weight"].T)
        x = x + wide @ w[f"{name}.ffn_down.weight"].T
        number += 1
    return norm(x, "output_norm") @ w["token_embd.weight"].T


def safetensors_of(tensors):
    """The bytes of a safetensors file."""
    header, values = {"__metadata__": {"format": "pt"}}, b""
    for name, array in tensors.items():
        kind = {"float32": "F32", "float16": "F16", "int64": "I64"}[array.dtype.name]
        end = len(values) + array.nbytes
        header[name] = {
            "dtype": kind,
            "shape": list(array.shape),
            "data_offsets": [len(values), end],
        }
        values += array.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + values


def gguf_of(facts, tensors):
    """The bytes of a GGUF file; tensors are (type, shape with rows first, bytes) by name."""

    def text(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def fact(value):
        match value:
            case str():
                return struct.pack("<I", 8) + text(value)
            case float():
                return struct.pack("<If", 6, value)
            case int():
                return struct.pack("<II", 4, value)
            case list() if isinstance(value[0], str):
                return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
            case _:
                return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)

    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(facts))
    for key, value in facts.items():
        head += text(key) + fact(value)
    body = b""
    for name, (kind, shape, content) in tensors.items():
        head += text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape[::-1])
        head += struct.pack("<IQ", kind, len(body))
        body += content + bytes(-len(content) % 32)
    return head + bytes(-len(head) % 32) + body


def torch_state_of(tensors, views=None):
    """The bytes of a state dictionary as PyTorch before 1.6 saved it, made without torch.

    Args:
        tensors: arrays by name; each gets a storage.
        views: shape and strides by name, where the tensor is not the storage in order.
    """
    rebuild = types.ModuleType("torch._utils")
    torch = types.ModuleType("torch")

    class FloatStorage:
        pass

    class LongStorage:
        pass

    def _rebuild_tensor_v2(*_):
        raise AssertionError("is never called")

    for made, module, home in (
        (FloatStorage, torch, "torch"),
        (LongStorage, torch, "torch"),
        (_rebuild_tensor_v2, rebuild, "torch._utils"),
    ):
        made.__module__, made.__qualname__ = home, made.__name__
        setattr(module, made.__name__, made)

    class Tensor:
        def __init__(self, key, array, view):
            self.key, self.array, self.view = key, array, view

        def __reduce__(self):
            shape, strides = self.view or (
                self.array.shape,
                tuple(step // self.array.itemsize for step in self.array.strides),
            )
            storage = Storage(self.key, self.array)
            return _rebuild_tensor_v2, (storage, 0, shape, strides, False, OrderedDict())

    class Storage:
        def __init__(self, key, array):
            self.key, self.array = key, array

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            if not isinstance(obj, Storage):
                return None
            kind = LongStorage if obj.array.dtype.kind == "i" else FloatStorage
            return "storage", kind, obj.key, "cpu", obj.array.size, None

    found = io.BytesIO()
    for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(value, found, 2)
    keys = {name: str(1000 + place) for place, name in enumerate(tensors)}
    state = OrderedDict(
        (name, Tensor(keys[name], array, (views or {}).get(name)))
        for name, array in tensors.items()
    )
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules |= {"torch": torch, "torch._utils": rebuild}
    try:
        Pickler(found, 2).dump(state)
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    pickle.dump(list(keys.values()), found, 2)
    for array in tensors.values():
        found.write(struct.pack("<q", array.size) + array.tobytes())
    return found.getvalue()


def efficientnet_weights(rng):
    """Random weights of a small EfficientNet: a stem, four blocks, a head, 7 classes."""
    found = {}

    def conv(name, norm, outputs, inputs, kernel):
        size = inputs * kernel * kernel
        shape = (outputs, inputs, kernel, kernel)
        found[f"{name}.weight"] = rng.normal(scale=2 / np.sqrt(size), size=shape)
        found[f"{norm}.weight"] = rng.uniform(0.5, 1.5, outputs)
        found[f"{norm}.bias"] = rng.normal(size=outputs)
        found[f"{norm}.running_mean"] = rng.normal(size=outputs)
        found[f"{norm}.running_var"] = rng.uniform(0.5, 1.5, outputs)

    conv("_conv_stem", "_bn0", 4, 3, 3)
    # Channels in, widened, out, and kernel; strides are those of the real network.
    sizes = [(4, 4, 3, 3), (3, 6, 5, 3), (5, 7, 5, 3), (5, 6, 6, 5)]
    for number, (inputs, wide, outputs, kernel) in enumerate(sizes):
        name = f"_blocks.{number}"
        if wide != inputs:
            conv(f"{name}._expand_conv", f"{name}._bn0", wide, inputs, 1)
        conv(f"{name}._depthwise_conv", f"{name}._bn1", wide, 1, kernel)
        conv(f"{name}._project_conv", f"{name}._bn2", outputs, wide, 1)
    conv("_conv_head", "_bn1", 8, 6, 1)
    found |= {"_fc.weight": rng.normal(size=(7, 8)), "_fc.bias": rng.normal(size=7)}
    return {name: value.astype(np.float32) for name, value in found.items()}


def efficientnet_classes(weights, image, strides):
    """Scores of the classes of one image, normalisations as they are."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}

    def conv(x, name, norm, stride=1):
        kernel = w[f"{name}.weight"]
        size, pads = kernel.shape[2], [(0, 0)]
        for length in x.shape[1:]:  # as TensorFlow defines SAME
            total = max((math.ceil(length / stride) - 1) * stride + size - length, 0)
            pads.append((total // 2, total - total // 2))
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, pads), (size, size), (1, 2))
        windows = windows[:, ::stride, ::stride]
        if kernel.shape[1] == 1 and len(kernel) == len(x):
            y = np.einsum("cyxij,cij->cyx", windows, kernel[:, 0])
        else:
            y = np.einsum("cyxij,ocij->oyx", windows, kernel)
        scale, bias, mean, variance = (
            w[f"{norm}.{each}"][:, None, None]
            for each in ("weight", "bias", "running_mean", "running_var")
        )
        return (y - mean) / np.sqrt(variance + 1e-3) * scale + bias

    def relu6(x):
        return np.clip(x, 0, 6)

    x = relu6(conv(image.astype(np.float64), "_conv_stem", "_bn0", 2))
    number = 0
    while f"_blocks.{number}._project_conv.weight" in w:
        name, y = f"_blocks.{number}", x
        if f"{name}._expand_conv.weight" in w:
            y = relu6(conv(y, f"{name}._expand_conv", f"{name}._bn0"))
        stride = strides.get(number, 1)
        y = relu6(conv(y, f"{name}._depthwise_conv", f"{name}._bn1", stride))
        y = conv(y, f"{name}._project_conv", f"{name}._bn2")
        x = x + y if x.shape == y.shape else y
        number += 1
    x = relu6(conv(x, "_conv_head", "_bn1"))
    return x.mean(axis=(1, 2)) @ w["_fc.weight"].T + w["_fc.bias"]
