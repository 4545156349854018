"""Random attributes and shapes of every lowered operator, against onnxruntime."""

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks_fakes import model_of, network_of, relative_difference, runtime_outputs
from onnx import helper

from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor

TOLERANCE = 1e-5
EXAMPLES = settings(max_examples=50)
SMALL = st.integers(1, 3)
SEEDS = st.integers(0, 2**32 - 1)


def check(operator, seed, shapes, outputs=1, opset=22, stored=(), **attributes):
    """One operator, of an input of the first shape and random weights of the others.

    An input whose shape is None is left out, unless `stored` gives its value, by place.
    """
    rng = np.random.default_rng(seed)
    values = {
        place: rng.normal(size=shape).astype(np.float32)
        for place, shape in enumerate(shapes)
        if shape is not None
    } | dict(stored)
    x = values.pop(0)
    inputs = [f"w{place}" if place in values else "" for place in range(1, max(values) + 1)]
    names = list("yzuv")[:outputs]
    nodes = [helper.make_node(operator, ["x", *inputs], names, **attributes)]
    for name in names[
        1:
    ]:  # the last output to be named is the first, and what the others add up to
        nodes += [
            helper.make_node("ReduceSum", [name], [f"{name}_sum"], keepdims=0),
            helper.make_node("Add", [nodes[-1].output[0], f"{name}_sum"], [f"{name}_all"]),
        ]
    model = model_of(
        nodes,
        {f"w{place}": value for place, value in values.items()},
        x.shape[1:],
        batch=x.shape[0],
        opset=opset,
    )
    model.graph.output[0].name = nodes[-1].output[0]
    (expected,) = runtime_outputs(model, x)
    assume(np.isfinite(expected).all())  # its Softplus overflows
    found = Executor(network_of(model, x.shape[1:]), FloatArithmetic()).outputs(x)
    assert relative_difference(found, expected, least=1.0) <= TOLERANCE


@EXAMPLES
@given(data=st.data(), seed=SEEDS, axes=SMALL, group=SMALL)
def test_conv(data, seed, axes, group):
    each = st.lists(SMALL, min_size=axes, max_size=axes)
    kernel, strides, dilations = data.draw(each), data.draw(each), data.draw(each)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    sizes = [span + data.draw(st.integers(0, 4)) for span in spans]
    mode = data.draw(st.sampled_from(["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    attributes = {"strides": strides, "dilations": dilations, "group": group, "auto_pad": mode}
    if mode == "NOTSET":
        pad = st.lists(st.integers(0, 3), min_size=2 * axes, max_size=2 * axes)
        attributes["pads"] = data.draw(pad)
    if mode.startswith("SAME"):  # onnxruntime refuses dilations beside it
        attributes["dilations"] = [1] * axes
    inputs, outputs, batch = data.draw(SMALL), data.draw(SMALL), data.draw(SMALL)
    bias = data.draw(st.sampled_from([None, (outputs * group,)]))
    shapes = [(batch, inputs * group, *sizes), (outputs * group, inputs, *kernel), bias]
    opset = data.draw(st.sampled_from([7, 11, 22]))
    check("Conv", seed, shapes, opset=opset, **attributes)


@EXAMPLES
@given(data=st.data(), seed=SEEDS, axes=SMALL, group=SMALL)
def test_conv_transpose(data, seed, axes, group):
    each = st.lists(SMALL, min_size=axes, max_size=axes)
    kernel, strides, dilations = data.draw(each), data.draw(each), data.draw(each)
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=axes, max_size=axes))
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    full = [(n - 1) * s + e for n, s, e in zip(sizes, strides, spans, strict=True)]
    extra = [data.draw(st.integers(0, step - 1)) for step in strides]
    attributes = {"strides": strides, "dilations": dilations, "group": group}
    form = data.draw(st.sampled_from(["pads", "shape", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    if form == "pads":
        pads = data.draw(st.lists(st.integers(0, 2), min_size=2 * axes, max_size=2 * axes))
        kept = [
            n + e - pads[k] - pads[k + axes]
            for k, (n, e) in enumerate(zip(full, extra, strict=True))
        ]
        assume(min(kept) >= 1)
        attributes |= {"pads": pads, "output_padding": extra}
    elif form == "shape":
        attributes["output_shape"] = [
            data.draw(st.integers(max(1, n - s + 1), n)) for n, s in zip(full, strides, strict=True)
        ]
        attributes["auto_pad"] = data.draw(st.sampled_from(["NOTSET", "SAME_UPPER", "SAME_LOWER"]))
    else:
        attributes["auto_pad"] = form
        # Where the kernel is shorter than its stride, "the same size" would be more than there is.
        assume(form == "VALID" or all(e >= s for e, s in zip(spans, strides, strict=True)))
    inputs, outputs, batch = data.draw(SMALL), data.draw(SMALL), data.draw(SMALL)
    bias = data.draw(st.sampled_from([None, (outputs * group,)]))
    shapes = [(batch, inputs * group, *sizes), (inputs * group, outputs, *kernel), bias]
    opset = data.draw(st.sampled_from([7, 11, 22]))
    check("ConvTranspose", seed, shapes, opset=opset, **attributes)


@EXAMPLES
@given(data=st.data(), seed=SEEDS)
def test_matmul(data, seed):
    inner = data.draw(SMALL)
    stack = data.draw(st.lists(SMALL, max_size=3))

    def part():
        """A stack that broadcasts with the whole one."""
        kept = stack[data.draw(st.integers(0, len(stack))) :]
        return [size if data.draw(st.booleans()) else 1 for size in kept]

    left, right = [*part(), data.draw(SMALL), inner], [*part(), inner, data.draw(SMALL)]
    if data.draw(st.booleans()):
        right = right[-2:-1]
    # A graph's input has two axes or more.
    left = [1] * (2 - len(left)) + left
    check("MatMul", seed, [left, right], opset=data.draw(st.sampled_from([7, 9, 13])))


@EXAMPLES
@given(data=st.data(), seed=SEEDS)
def test_einsum(data, seed):
    """Matrix products in any order of their axes."""
    has_result = data.draw(st.booleans())
    # onnxruntime knows no capital in a result that it must find itself.
    letters = data.draw(st.permutations("abcdefXYZ" if has_result else "abcdefghi"))
    sizes = dict(zip(letters, data.draw(st.lists(SMALL, min_size=9, max_size=9)), strict=True))
    counts = [data.draw(st.integers(0, 2)) for _ in range(4)]
    stack, rows, inner, columns = (
        letters[sum(counts[:k]) : sum(counts[: k + 1])] for k in range(4)
    )
    first = data.draw(st.permutations([*stack, *rows, *inner]))
    second = data.draw(st.permutations([*stack, *inner, *columns]))
    out = data.draw(st.permutations([*stack, *rows, *columns]))
    assume(len(first) >= 2 and second)
    hidden = data.draw(st.lists(SMALL, max_size=2))
    kept = [size if data.draw(st.booleans()) else 1 for size in hidden]
    dots = "..." if hidden else ""
    at = data.draw(st.integers(0, len(first)))
    term_a = "".join(first[:at]) + dots + "".join(first[at:])
    term_b = dots + "".join(second)
    shape_a = [*(sizes[x] for x in first[:at]), *hidden, *(sizes[x] for x in first[at:])]
    shape_b = [*kept, *(sizes[x] for x in second)]
    equation = f"{term_a}, {term_b} ->{dots}{''.join(out)}"
    if not has_result:
        # Then what both have is added up.
        equation = f"{term_a},{term_b}"
    check("Einsum", seed, [shape_a, shape_b], equation=equation, opset=12)


#: Functions, with the number of parameters that each takes (alpha, then beta).
ACTIVATIONS = {
    "Relu": 0,
    "Tanh": 0,
    "Sigmoid": 0,
    "Softsign": 0,
    "Softplus": 0,
    "LeakyRelu": 1,
    "ThresholdedRelu": 1,
    "Elu": 1,
    "HardSigmoid": 2,
    "ScaledTanh": 2,
    "Affine": 2,
}


@EXAMPLES
@given(data=st.data(), seed=SEEDS, operator=st.sampled_from(["RNN", "GRU", "LSTM"]))
def test_recurrent(data, seed, operator):
    gates, functions = {"RNN": (1, 1), "GRU": (3, 2), "LSTM": (4, 3)}[operator]
    direction = data.draw(st.sampled_from(["forward", "reverse", "bidirectional"]))
    directions = 2 if direction == "bidirectional" else 1
    steps, batch, inputs, hidden = (data.draw(st.integers(1, 4)) for _ in range(4))
    attributes = {"direction": direction, "hidden_size": hidden}
    if data.draw(st.booleans()):
        names = [data.draw(st.sampled_from(sorted(ACTIVATIONS))) for _ in range(functions)]
        names *= directions
        attributes["activations"] = names
        if any(ACTIVATIONS[name] for name in names):
            attributes["activation_alpha"] = [
                data.draw(st.sampled_from([0.25, 0.5, 1.25])) for name in names if ACTIVATIONS[name]
            ]
        if any(ACTIVATIONS[name] == 2 for name in names):
            attributes["activation_beta"] = [
                data.draw(st.sampled_from([0.25, 0.5, 0.75]))
                for name in names
                if ACTIVATIONS[name] == 2
            ]
    if data.draw(st.booleans()):
        attributes["clip"] = data.draw(st.sampled_from([0.25, 1.0]))
    if operator == "GRU":
        attributes["linear_before_reset"] = data.draw(st.integers(0, 1))
    if operator == "LSTM":
        attributes["input_forget"] = data.draw(st.integers(0, 1))
    optional = st.booleans()
    shapes = [
        (steps, batch, inputs),
        (directions, gates * hidden, inputs),
        (directions, gates * hidden, hidden),
        (directions, 2 * gates * hidden) if data.draw(optional) else None,
        None,
        (directions, batch, hidden) if data.draw(optional) else None,
    ]
    if operator == "LSTM":
        shapes.append((directions, batch, hidden) if data.draw(optional) else None)
        shapes.append((directions, 3 * hidden) if data.draw(optional) else None)
    stored = {}
    if data.draw(optional):
        each = st.lists(st.integers(1, steps), min_size=batch, max_size=batch)
        stored[4] = np.array(data.draw(each), np.int32)
    outputs = 3 if operator == "LSTM" else 2
    opset = data.draw(st.sampled_from([7, 14, 22]))
    # The sum of an output is taken over all its axes, which every opset can.
    check(operator, seed, shapes, outputs=outputs, stored=stored, opset=opset, **attributes)


@EXAMPLES
@given(data=st.data(), seed=SEEDS)
def test_attention(data, seed):
    opset = data.draw(st.sampled_from([23, 24, 25]))
    batch, queries, keys, depth, width = (data.draw(SMALL) for _ in range(5))
    shared, kv_heads = data.draw(SMALL), data.draw(SMALL)
    heads = shared * kv_heads
    attributes = {
        "is_causal": data.draw(st.integers(0, 1)),
        "softcap": data.draw(st.sampled_from([0.0, 1.5])),
    }
    if data.draw(st.booleans()):
        attributes["scale"] = 0.7
    if data.draw(st.booleans()):
        shapes = [
            (batch, queries, heads * depth),
            (batch, keys, kv_heads * depth),
            (batch, keys, kv_heads * width),
        ]
        attributes |= {"q_num_heads": heads, "kv_num_heads": kv_heads}
    else:
        shapes = [
            (batch, heads, queries, depth),
            (batch, kv_heads, keys, depth),
            (batch, kv_heads, keys, width),
        ]
    # onnxruntime lets one query see all keys after a past, where the standard counts from the past.
    is_plain = queries == keys or not attributes["is_causal"]
    stored = {}
    past = data.draw(st.integers(0, 2 if is_plain else 0))
    total = keys + past
    masks = [None, (queries, total), (1, 1, queries, total), (batch, heads, queries, total)]
    shapes.append(data.draw(st.sampled_from(masks)))
    if past:
        shapes += [(batch, kv_heads, past, depth), (batch, kv_heads, past, width)]
    outputs = 3 if past else 1
    if opset == 25 and data.draw(st.booleans()):
        attributes["left_window_size"] = data.draw(st.integers(0, 3))
        attributes["right_window_size"] = data.draw(st.integers(0, 3))
    if opset >= 24 and not past and data.draw(st.booleans()):
        each = st.lists(st.integers(queries, keys), min_size=batch, max_size=batch)
        assume(keys >= queries)
        shapes += [None] * (6 - len(shapes))
        stored[6] = np.array(data.draw(each), np.int64)
    if not stored and data.draw(st.booleans()):
        attributes["qk_matmul_output_mode"] = data.draw(st.integers(0, 3))
        outputs = 4
    check("Attention", seed, shapes, outputs=outputs, opset=opset, stored=stored, **attributes)


def test_relative_difference_sees_a_difference():
    a = np.array([1, 2], np.float32)
    assert relative_difference(a, a) == 0
    assert relative_difference(a, a * np.float32(1.1)) > 0.09
    assert math.isnan(relative_difference(a * np.float32("nan"), a))
