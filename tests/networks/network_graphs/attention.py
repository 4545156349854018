"""Transformer encoders, whose attention is written in three ways, and normalisation."""

import numpy as np

from network_graphs import NEWEST, graph

TOKENS, WIDTH, HEADS = 5, 12, 3
DEPTH = WIDTH // HEADS
SEQUENCE = (TOKENS, WIDTH)


def _projected(g, x, outputs=WIDTH):
    return g("Add", g("MatMul", x, g.weight(outputs, outputs)), g.weight(outputs))


def _heads(g, x, perm):
    return g("Transpose", g("Reshape", x, g.integers(0, TOKENS, HEADS, DEPTH)), perm=perm)


def _softmax(g, scores):
    """Over the last axis; before opset 13 an axis starts a matrix of all that follow."""
    return g("Softmax", scores, axis=3)


def _normalised(g, x):
    if g.opset >= 17:
        return g("LayerNormalization", x, g.weight(WIDTH), g.weight(WIDTH), axis=-1)
    centred = g("Sub", x, g.mean(x, [-1], keepdims=1))
    variance = g.mean(g("Pow", centred, g.constant(np.float32(2))), [-1], keepdims=1)
    deviation = g("Sqrt", g("Add", variance, g.constant(np.float32(1e-5))))
    return g("Add", g("Mul", g("Div", centred, deviation), g.weight(WIDTH)), g.weight(WIDTH))


def _encoder(g, x, attend):
    for _ in range(2):
        x = _normalised(g, g("Add", x, _projected(g, attend(x))))
        h = g("MatMul", x, g.weight(WIDTH, 20))
        h = g("Mul", h, g("Sigmoid", h))
        x = _normalised(g, g("Add", x, g("MatMul", h, g.weight(20, WIDTH))))
    return g.dense(g.mean(x, [1]), WIDTH)


@graph(SEQUENCE, 7, 11, 13, 17, NEWEST)
def transformer_of_matmul(g, x):
    def attend(x):
        q, v = (_heads(g, _projected(g, x), [0, 2, 1, 3]) for _ in range(2))
        k = _heads(g, _projected(g, x), [0, 2, 3, 1])
        scores = g("Mul", g("MatMul", q, k), g.constant(np.float32(DEPTH**-0.5)))
        found = g("MatMul", _softmax(g, scores), v)
        found = g("Transpose", found, perm=[0, 2, 1, 3])
        return g("Reshape", found, g.integers(0, TOKENS, WIDTH))

    return _encoder(g, x, attend)


@graph(SEQUENCE, 12, 13, 22, NEWEST)
def transformer_of_einsum(g, x):
    def attend(x):
        q, k, v = (
            g("Einsum", x, g.weight(WIDTH, HEADS, DEPTH), equation="bti,ihd->bhtd")
            for _ in range(3)
        )
        scores = g("Einsum", q, k, equation="bhqd, bhkd -> bhqk")
        found = g("Einsum", _softmax(g, scores), v, equation="...qk,...kd->...qd")
        return g("Einsum", found, g.weight(HEADS, DEPTH, WIDTH), equation="bhtd,hde->bte")

    return _encoder(g, x, attend)


@graph(SEQUENCE, 23, 24, NEWEST)
def transformer_of_attention(g, x):
    def attend(x):
        q, k, v = (_projected(g, x) for _ in range(3))
        return g("Attention", q, k, v, q_num_heads=HEADS, kv_num_heads=HEADS)

    return _encoder(g, x, attend)


@graph(SEQUENCE, 23, 25)
def attention_of_separate_heads(g, x):
    def attend(x):
        q, k, v = (_heads(g, _projected(g, x), [0, 2, 1, 3]) for _ in range(3))
        found = g("Attention", q, k, v, is_causal=1, scale=0.4)
        found = g("Transpose", found, perm=[0, 2, 1, 3])
        return g("Reshape", found, g.integers(0, TOKENS, WIDTH))

    return _encoder(g, x, attend)


@graph(SEQUENCE, 23, NEWEST)
def attention_that_shares_keys(g, x):
    """Grouped queries: one key for several heads of queries; masked and capped."""

    def attend(x):
        q = _projected(g, x)
        k, v = (g("MatMul", x, g.weight(WIDTH, DEPTH)) for _ in range(2))
        mask = g.weight(TOKENS, TOKENS)
        return g("Attention", q, k, v, mask, q_num_heads=HEADS, kv_num_heads=1, softcap=2.0)

    return _encoder(g, x, attend)


@graph(SEQUENCE, 23, 24, NEWEST)
def attention_with_a_past(g, x):
    """Keys and values of earlier tokens, with a mask of what may be seen and without."""

    def attend(x):
        q, k, v = (_heads(g, _projected(g, x), [0, 2, 1, 3]) for _ in range(3))
        seen = np.random.default_rng(0).random((TOKENS, 2 * TOKENS)) < 0.8
        mask = g.constant(seen) if g.opset < NEWEST else ""
        past_k, past_v = (_heads(g, _projected(g, x), [0, 2, 1, 3]) for _ in range(2))
        found, keys, _ = g.many(3, "Attention", q, k, v, mask, past_k, past_v)
        found = g("Add", found, g("Slice", keys, g.integers(0), g.integers(TOKENS), g.integers(2)))
        found = g("Transpose", found, perm=[0, 2, 1, 3])
        return g("Reshape", found, g.integers(0, TOKENS, WIDTH))

    return _encoder(g, x, attend)


@graph(SEQUENCE, 23, NEWEST)
def rotated_positions(g, x):
    """As recent language models: positions rotated, root mean squares normalised."""
    angles = np.outer(np.arange(TOKENS), 10.0 ** -np.arange(DEPTH // 2)).astype(np.float32)
    cosines, sines = g.constant(np.cos(angles)), g.constant(np.sin(angles))
    places = g("Expand", g.constant(np.arange(TOKENS)[np.newaxis]), _batch(g, x, TOKENS))

    def attend(x):
        x = g("RMSNormalization", x, g.weight(WIDTH), epsilon=1e-6)
        q, k = (
            g("RotaryEmbedding", _heads(g, _projected(g, x), [0, 2, 1, 3]), cosines, sines, places)
            for _ in range(2)
        )
        v = _heads(g, _projected(g, x), [0, 2, 1, 3])
        found = g("Transpose", g("Attention", q, k, v, is_causal=1), perm=[0, 2, 1, 3])
        return g("Reshape", found, g.integers(0, TOKENS, WIDTH))

    return _encoder(g, x, attend)


def _batch(g, x, *rest):
    count = g("Slice", g("Shape", x), g.integers(0), g.integers(1))
    return g("Concat", count, g.integers(*rest), axis=0)


@graph((3, 4, 5), 7, 11, 13)
def softmax_over_a_middle_axis(g, x):
    h = g("MatMul", x, g.weight(5, 5))
    found = [g(each, h, axis=2) for each in ("Softmax", "LogSoftmax", "Hardmax")]
    found += [g("Softmax", h, axis=1), g("LogSoftmax", h)]
    return g.dense(g("Flatten", g("Concat", *found, axis=1)), 5 * 60)


@graph((4, 6), 9, 14)
def image_patches(g, x):
    """A query that weights give, as pooling by attention."""
    keys = g("MatMul", x, g.weight(6, 8))
    scores = g("MatMul", g.weight(2, 8), g("Transpose", keys, perm=[0, 2, 1]))
    found = g("MatMul", g("Softmax", scores, axis=2), keys)
    return g.dense(g("Flatten", found), 16)
