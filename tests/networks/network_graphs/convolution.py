"""Convolutional networks, and the operators that stand around convolutions."""

import numpy as np

from network_graphs import NEWEST, graph

IMAGE = (3, 12, 10)


@graph(IMAGE, 7, 11, 15, 26)
def depthwise_convolutions(g, x):
    h = g("Relu", g.conv(x, 3, 8, (3, 3), strides=[2, 2], pads=[1, 1, 1, 1]))
    h = g("Relu", g.conv(h, 8, 8, (3, 3), group=8, pads=[1, 1, 1, 1]))
    return g.classes(g.conv(h, 8, 16, (1, 1)), 16)


@graph(IMAGE, 8, 13, 25)
def dilated_convolutions(g, x):
    h = g("Relu", g.conv(x, 3, 6, (3, 2), dilations=[2, 3], pads=[2, 0, 1, 3]))
    return g.classes(g.conv(h, 6, 8, (3, 3), dilations=[1, 2], strides=[1, 2]), 8)


@graph(IMAGE, 7, 12, 18)
def padding_as_tensorflow_has_it(g, x):
    h = g.conv(x, 3, 6, (3, 3), auto_pad="SAME_UPPER", strides=[2, 2])
    h = g("MaxPool", h, kernel_shape=[3, 2], strides=[2, 1], auto_pad="SAME_LOWER")
    h = g.conv(h, 6, 6, (2, 3), auto_pad="SAME_LOWER", dilations=[1, 1])
    h = g("AveragePool", h, kernel_shape=[2, 2], auto_pad="SAME_UPPER")
    return g.classes(g.conv(h, 6, 8, (2, 2), auto_pad="VALID"), 8)


@graph((4, 30), 9, 16)
def convolutions_of_one_axis(g, x):
    h = g("Relu", g.conv(x, 4, 8, (5,), strides=[2], pads=[2, 2], group=2))
    return g.classes(g.conv(h, 8, 8, (3,), dilations=[2]), 8)


@graph((2, 5, 6, 7), 11, 24)
def convolutions_of_three_axes(g, x):
    h = g("Relu", g.conv(x, 2, 6, (3, 2, 3), pads=[1, 0, 1, 1, 1, 1]))
    h = g("MaxPool", h, kernel_shape=[2, 2, 2], strides=[2, 2, 2], ceil_mode=1)
    return g.classes(g.conv(h, 6, 8, (2, 2, 2), strides=[1, 2, 1]), 8)


@graph((4, 6, 6), 10, 21)
def channels_shuffled_between_groups(g, x):
    h = g.conv(x, 4, 12, (3, 3), group=2, pads=[1, 1, 1, 1])
    h = g("Reshape", h, g.integers(0, 2, 6, 6, 6))
    h = g("Transpose", h, perm=[0, 2, 1, 3, 4])
    h = g("Reshape", h, g.integers(0, 12, 6, 6))
    return g.classes(g.conv(h, 12, 12, (3, 3), group=3), 12)


def _normalised(g, x, channels):
    statistics = [
        g.weight(channels),
        g.weight(channels),
        g.weight(channels),
        g.constant(np.linspace(0.5, 2.0, channels, dtype=np.float32)),
    ]
    return g("BatchNormalization", x, *statistics, epsilon=1e-3)


@graph((3, 8, 8), 7, 9, 13, 14, 15, NEWEST)
def residual_with_batch_normalisation(g, x):
    h = g("Relu", _normalised(g, g.conv(x, 3, 8, (3, 3), pads=[1, 1, 1, 1]), 8))
    for _ in range(2):
        inner = g("Relu", _normalised(g, g.conv(h, 8, 8, (3, 3), pads=[1, 1, 1, 1]), 8))
        inner = _normalised(g, g.conv(inner, 8, 8, (3, 3), pads=[1, 1, 1, 1]), 8)
        h = g("Relu", g("Add", h, inner))
    return g.classes(h, 8)


@graph(IMAGE, 7, 13, 22)
def local_response_normalisation(g, x):
    h = g("Relu", g.conv(x, 3, 12, (3, 3)))
    h = g("LRN", h, size=5, alpha=0.5, beta=0.75, bias=2.0)
    h = g("MaxPool", h, kernel_shape=[3, 3], strides=[2, 2])
    return g.classes(g("LRN", g.conv(h, 12, 12, (2, 2), group=2), size=3, alpha=0.3), 12)


@graph(IMAGE, 11, 18, 21)
def power_pooling(g, x):
    h = g.conv(x, 3, 6, (2, 2))
    ceil = {"ceil_mode": 1} if g.opset >= 18 else {}
    h = g("LpPool", h, kernel_shape=[3, 2], strides=[2, 2], p=3, pads=[1, 0, 1, 1], **ceil)
    return g.dense(g("Flatten", g("GlobalLpPool", h, p=2)), 6)


@graph(IMAGE, 10, 19)
def average_pooling(g, x):
    h = g.conv(x, 3, 6, (1, 1))
    attributes = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1}
    both = [g("AveragePool", h, count_include_pad=each, **attributes) for each in (0, 1)]
    pooled = g("MaxPool", h, **attributes)
    return g.classes(g("Concat", *both, pooled, axis=1), 18)


@graph((4, 6, 5), 21, NEWEST)
def group_and_instance_normalisation(g, x):
    h = g.conv(x, 4, 8, (3, 3))
    h = g("GroupNormalization", h, g.weight(8), g.weight(8), num_groups=4)
    h = g("InstanceNormalization", g.conv(h, 8, 8, (1, 1)), g.weight(8), g.weight(8))
    return g.classes(g("Relu", h), 8)


@graph((4, 6, 5), 9, 13)
def mean_and_variance_normalisation(g, x):
    return g.classes(g("Abs", g("MeanVarianceNormalization", g.conv(x, 4, 6, (2, 2)))), 6)


@graph((3, 6, 6), 7, 13, 20, 26, 27)
def squeeze_and_excitation(g, x):
    h = g("Relu", g.conv(x, 3, 8, (3, 3)))
    gate = g("Relu", g.conv(g("GlobalAveragePool", h), 8, 4, (1, 1)))
    gate = g("HardSigmoid", g.conv(gate, 4, 8, (1, 1)))
    return g.classes(g("Mul", h, gate), 8)


@graph((3, 8, 8), 7, 9, 13, 19)
def encoder_and_decoder(g, x):
    down = g("Relu", g.conv(x, 3, 6, (3, 3), strides=[2, 2], pads=[1, 1, 1, 1]))
    up = g("ConvTranspose", down, g.weight(6, 4, 2, 2), g.weight(4), strides=[2, 2])
    if g.opset == 7:
        resized = g("Upsample", down, scales=[1.0, 1.0, 2.0, 2.0], mode="nearest")
    elif g.opset == 9:
        resized = g("Upsample", down, g.constant([1, 1, 2, 2]), mode="linear")
    else:
        scales = g.constant([1, 1, 2, 2])
        resized = g(
            "Resize", down, "", scales, mode="cubic", coordinate_transformation_mode="asymmetric"
        )
    return g.classes(g.conv(g("Concat", up, resized, x, axis=1), 13, 8, (3, 3)), 8)


@graph((2, 4, 5), 7, 11, 25)
def transposed_convolution(g, x):
    h = g(
        "ConvTranspose",
        x,
        g.weight(2, 6, 3, 3),
        g.weight(6),
        strides=[2, 3],
        pads=[1, 0, 2, 1],
        output_padding=[1, 2],
    )
    return g.classes(g("Abs", h), 6)


@graph((4, 4, 5), 7, 11, 22)
def transposed_convolution_of_groups(g, x):
    h = g("ConvTranspose", x, g.weight(4, 3, 2, 3), g.weight(6), group=2, dilations=[3, 2])
    h = g("ConvTranspose", h, g.weight(6, 1, 3, 3), group=6, strides=[2, 2], pads=[1, 1, 1, 1])
    return g.classes(g("Abs", h), 6)


@graph((2, 4, 5), 9, 13)
def transposed_convolution_to_a_shape(g, x):
    h = g("ConvTranspose", x, g.weight(2, 4, 3, 4), strides=[2, 2], output_shape=[8, 11])
    h = g("ConvTranspose", h, g.weight(4, 4, 3, 2), strides=[2, 1], auto_pad="SAME_UPPER")
    h = g("ConvTranspose", h, g.weight(4, 4, 3, 2), strides=[1, 2], auto_pad="SAME_LOWER")
    return g.classes(g("Abs", h), 4)


@graph((3, 9), 8, 18)
def transposed_convolution_of_one_axis(g, x):
    h = g("ConvTranspose", x, g.weight(3, 4, 4), g.weight(4), strides=[3], auto_pad="VALID")
    return g.classes(g("Abs", h), 4)


@graph((2, 3, 4, 3), 11)
def transposed_convolution_of_three_axes(g, x):
    h = g("ConvTranspose", x, g.weight(2, 4, 2, 2, 3), strides=[2, 1, 2], pads=[0, 1, 1, 1, 0, 0])
    return g.classes(g("Abs", h), 4)


@graph((4, 6, 6), 9, 18)
def standardised_convolution_weights(g, x):
    """Weights that the file computes from others."""
    w = g.weight(8, 4, 3, 3)
    centred = g("Sub", w, g.mean(w, [1, 2, 3], keepdims=1))
    deviation = g("Sqrt", g.mean(g("Mul", centred, centred), [1, 2, 3], keepdims=1))
    return g.classes(g("Conv", x, g("Div", centred, deviation), g.weight(8)), 8)


@graph((3, 6, 6), 9, 17)
def convolution_weights_computed_from_activations(g, x):
    code = g.mean(g("Flatten", x), [0], keepdims=1)
    weights = g("Tanh", g.dense(code, 108, 5 * 3 * 2 * 2))
    h = g("Conv", x, g("Reshape", weights, g.integers(5, 3, 2, 2)), g.weight(5))
    return g.classes(h, 5)


@graph((3, 6, 6), 11, 13)
def pixels_rearranged(g, x):
    h = g.conv(x, 3, 8, (3, 3), pads=[1, 1, 1, 1])
    h = g("DepthToSpace", h, blocksize=2, mode="CRD")
    h = g(
        "SpaceToDepth", g("Pad", h, g.integers(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect"), blocksize=2
    )
    h = g("Clip", h, g.constant(np.float32(-1)), g.constant(np.float32(1)))
    return g.classes(g.conv(h, 8, 8, (2, 2)), 8)


@graph((4, 6, 6), 18)
def blocks_of_columns(g, x):
    """A convolution written as its columns, its product and their fold."""
    columns = g("Reshape", g.conv(x, 4, 8, (2, 2), strides=[2, 2]), g.integers(0, 8, 9))
    folded = g("Col2Im", columns, g.integers(4, 4), g.integers(2, 2))
    return g.classes(g.conv(folded, 2, 6, (2, 2)), 6)


@graph((3, 7, 7), 16, 20)
def sampled_on_a_grid(g, x):
    h = g.conv(x, 3, 6, (2, 2))
    steps = np.stack(np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-0.9, 0.8, 4)), -1)
    grid = g("Expand", g.constant(steps[np.newaxis].astype(np.float32)), _batch(g, x, 4, 5, 2))
    mode = "bilinear" if g.opset < 20 else "linear"
    return g.classes(g("GridSample", h, grid, mode=mode), 6)


def _batch(g, x, *rest):
    count = g("Slice", g("Shape", x), g.integers(0), g.integers(1))
    return g("Concat", count, g.integers(*rest), axis=0)
