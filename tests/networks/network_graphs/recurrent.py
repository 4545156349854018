"""Recurrent layers, and text recognition, which stands on them."""

import numpy as np

from network_graphs import graph

STEPS, INPUTS, HIDDEN = 6, 5, 4
SEQUENCE = (STEPS, INPUTS)


def _time_first(g, x):
    return g("Transpose", x, perm=[1, 0, 2])


def _weights(g, gates, directions, inputs=INPUTS, hidden=HIDDEN):
    return [
        g.weight(directions, gates * hidden, inputs),
        g.weight(directions, gates * hidden, hidden),
        g.weight(directions, 2 * gates * hidden),
    ]


def _of_batch(g, x, tail, kind=np.float32):
    """Values of a batch, the same for each sample, at the second place of their shape."""
    first = g("Shape", x)
    if g.opset >= 10:
        count = g("Slice", first, g.integers(0), g.integers(1))
    else:
        count = g("Slice", first, starts=[0], ends=[1])
    shape = g(
        "Concat",
        *([g.integers(*tail[:1])] if len(tail) > 1 else []),
        count,
        *([g.integers(*tail[1:])] if len(tail) > 1 else []),
        axis=0,
    )
    return g("Expand", g.constant(np.ones(1, kind)), shape)


def _last(g, y):
    """All steps of all directions, as the features of a sample."""
    y = g("Transpose", y, perm=[2, 0, 1, 3])
    return g("Flatten", y)


@graph(SEQUENCE, 7, 14, 22)
def lstm(g, x):
    y = g("LSTM", _time_first(g, x), *_weights(g, 4, 1), hidden_size=HIDDEN)
    return g.dense(_last(g, y), STEPS * HIDDEN)


@graph(SEQUENCE, 7, 14)
def lstm_backwards(g, x):
    weights = _weights(g, 4, 1)[:2]
    _, h, c = g.many(
        3, "LSTM", _time_first(g, x), *weights, hidden_size=HIDDEN, direction="reverse"
    )
    state = g("Concat", h, c, axis=2)
    return g.dense(g.with_axes("Squeeze", state, [0], 13), 2 * HIDDEN)


def _lengths(g, x):
    """From each sample's values, a length of 1 to all steps."""
    size = g.mean(g("Abs", x), [1, 2])
    steps = g("Mul", size, g.constant(np.float32(4)))
    return g(
        "Cast", g("Clip", steps, g.constant(np.float32(1)), g.constant(np.float32(STEPS))), to=6
    )


@graph(SEQUENCE, 11, 14, 22)
def lstm_with_everything(g, x):
    """Both directions, lengths, initial states and peepholes."""
    h0 = g("Mul", _of_batch(g, x, (2, HIDDEN)), g.constant(np.float32(0.3)))
    c0 = g("Mul", _of_batch(g, x, (2, HIDDEN)), g.constant(np.float32(-0.4)))
    found = g.many(
        3,
        "LSTM",
        _time_first(g, x),
        *_weights(g, 4, 2),
        _lengths(g, x),
        h0,
        c0,
        g.weight(2, 3 * HIDDEN),
        hidden_size=HIDDEN,
        direction="bidirectional",
    )
    y, h, c = found
    state = g("Transpose", g("Concat", h, c, axis=2), perm=[1, 0, 2])
    both = g("Concat", _last(g, y), g("Flatten", state), axis=1)
    return g.dense(both, STEPS * 2 * HIDDEN + 4 * HIDDEN)


@graph(SEQUENCE, 7, 14)
def lstm_with_other_functions(g, x):
    attributes = {
        "activations": ["HardSigmoid", "Softsign", "ScaledTanh"],
        "activation_alpha": [0.3, 1.5],
        "activation_beta": [0.4, 0.7],
        "clip": 0.8,
        "input_forget": 1,
    }
    y = g("LSTM", _time_first(g, x), *_weights(g, 4, 1), hidden_size=HIDDEN, **attributes)
    return g.dense(_last(g, y), STEPS * HIDDEN)


@graph(SEQUENCE, 7, 14, 24)
def gru(g, x):
    y, h = g.many(2, "GRU", _time_first(g, x), *_weights(g, 3, 1), hidden_size=HIDDEN)
    both = g("Concat", _last(g, y), g.with_axes("Squeeze", h, [0], 13), axis=1)
    return g.dense(both, (STEPS + 1) * HIDDEN)


@graph(SEQUENCE, 11, 14)
def gru_as_cudnn_has_it(g, x):
    h0 = g("Mul", _of_batch(g, x, (2, HIDDEN)), g.constant(np.float32(0.3)))
    y = g(
        "GRU",
        _time_first(g, x),
        *_weights(g, 3, 2),
        _lengths(g, x),
        h0,
        hidden_size=HIDDEN,
        direction="bidirectional",
        linear_before_reset=1,
    )
    return g.dense(_last(g, y), STEPS * 2 * HIDDEN)


@graph(SEQUENCE, 7, 14)
def rnn(g, x):
    y = g(
        "RNN",
        _time_first(g, x),
        *_weights(g, 1, 2),
        hidden_size=HIDDEN,
        direction="bidirectional",
        activations=["LeakyRelu", "Elu"],
        activation_alpha=[0.2, 0.9],
        clip=1.5,
    )
    return g.dense(_last(g, y), STEPS * 2 * HIDDEN)


def _batch_first(transposed):
    def build(g, x):
        h0 = g("Mul", _of_batch(g, x, (2, HIDDEN)), g.constant(np.float32(0.3)))
        c0 = g("Mul", _of_batch(g, x, (2, HIDDEN)), g.constant(np.float32(0.1)))
        weights = _weights(g, 4, 2)
        attributes = {"hidden_size": HIDDEN, "direction": "bidirectional"}
        if transposed:
            found = g.many(3, "LSTM", _time_first(g, x), *weights, "", h0, c0, **attributes)
            y, h = g("Transpose", found[0], perm=[2, 0, 1, 3]), _time_first(g, found[1])
        else:
            starts = [_time_first(g, each) for each in (h0, c0)]
            y, h, _ = g.many(3, "LSTM", x, *weights, "", *starts, layout=1, **attributes)
        both = g("Concat", g("Flatten", y), g("Flatten", h), axis=1)
        return g.dense(both, (STEPS + 1) * 2 * HIDDEN)

    build.__name__ = "lstm_of_batches_first"
    return build


graph(SEQUENCE, 14, 22, runnable=_batch_first(transposed=True))(_batch_first(transposed=False))


@graph((1, 8, 16), 9, 11, 14)
def text_recognition(g, x):
    """A convolutional network, the image's columns as a sequence, classes of each column."""
    h = g("Relu", g.conv(x, 1, 6, (3, 3), pads=[1, 1, 1, 1]))
    h = g("MaxPool", h, kernel_shape=[2, 2], strides=[2, 2])
    h = g("Relu", g.conv(h, 6, 8, (4, 3), pads=[0, 1, 0, 1]))
    columns = g("Transpose", g.with_axes("Squeeze", h, [2], 13), perm=[2, 0, 1])
    for inputs in (8, 2 * HIDDEN):
        weights = _weights(g, 4, 2, inputs)
        y = g("LSTM", columns, *weights, hidden_size=HIDDEN, direction="bidirectional")
        y = g("Transpose", y, perm=[0, 2, 1, 3])
        columns = g("Reshape", y, g.integers(0, 0, 2 * HIDDEN))
    scores = g("Add", g("MatMul", columns, g.weight(2 * HIDDEN, 10)), g.weight(10))
    if g.opset >= 14:
        return g.mean(g("Softmax", scores, axis=2), [0])
    # One image after another: a matrix for the softmax that knows no single axis.
    rows = g("Reshape", g("Transpose", scores, perm=[1, 0, 2]), g.integers(-1, 10))
    found = g("Reshape", g("Softmax", rows, axis=1), g.integers(-1, 8, 10))
    return g.mean(found, [1])
