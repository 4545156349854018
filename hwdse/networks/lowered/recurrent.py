"""Recurrent layers: the products of inputs and of states with weights; the gates are float32."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse.networks.arithmetic import Arithmetic, Real
from hwdse.networks.lowered import Call, lowers, matrix

Function = Callable[[Real], Real]
#: (states so far, products of this step's inputs) -> next states; the first is the output.
Step = Callable[[tuple[Real, ...], Real], tuple[Real, ...]]

#: For each activation function its default alpha and beta, and itself.
_FUNCTIONS: dict[str, tuple[float, float, Callable[[Real, float, float], Real]]] = {
    "affine": (1.0, 0.0, lambda x, a, b: a * x + b),
    "elu": (1.0, 0.0, lambda x, a, b: np.where(x > 0, x, a * np.expm1(np.minimum(x, 0)))),
    "hardsigmoid": (0.2, 0.5, lambda x, a, b: np.clip(a * x + b, 0, 1)),
    "leakyrelu": (0.01, 0.0, lambda x, a, b: np.where(x > 0, x, a * x)),
    "relu": (0.0, 0.0, lambda x, a, b: np.maximum(x, 0)),
    "scaledtanh": (1.0, 1.0, lambda x, a, b: a * np.tanh(b * x)),
    "sigmoid": (0.0, 0.0, lambda x, a, b: 1 / (1 + np.exp(-x))),
    "softplus": (0.0, 0.0, lambda x, a, b: np.logaddexp(0, x)),
    "softsign": (0.0, 0.0, lambda x, a, b: x / (1 + np.abs(x))),
    "tanh": (0.0, 0.0, lambda x, a, b: np.tanh(x)),
    "thresholdedrelu": (1.0, 0.0, lambda x, a, b: np.where(x > a, x, 0)),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Direction:
    """One direction of a layer.

    Attributes:
        call: the operator.
        arithmetic: of its products.
        index: its place among the layer's directions.
        weights: of inputs (gates * hidden, inputs).
        recurrence: weights of states (gates * hidden, hidden).
        bias: both biases (2, gates * hidden).
        peepholes: (gates * hidden,) or None.
        functions: its activation functions.
    """

    call: Call
    arithmetic: Arithmetic
    index: int
    weights: Real
    recurrence: Real
    bias: Real
    peepholes: Real | None
    functions: tuple[Function, ...]

    @property
    def hidden(self) -> int:
        """Size of a state."""
        return self.recurrence.shape[1]

    def multiplier(self, part: str, weights: Real, constant: bool) -> Function:
        """X to x @ weights.T in the design's arithmetic; the weights are converted once."""
        site = self.call.site(f"{part}{self.index}", constant=constant)
        right = self.arithmetic.second(site, np.ascontiguousarray(weights.T)[np.newaxis])[0]

        def multiply(x: Real) -> Real:
            left = self.arithmetic.first(site, x.reshape(-1, x.shape[-1]))
            found = matrix.in_blocks(self.arithmetic, site, 0, left, right)
            return found.reshape(*x.shape[:-1], len(weights))

        return multiply

    def of_inputs(self) -> Function:
        """Products with the weights of inputs."""
        return self.multiplier("W", self.weights, self.call.constant[1])

    def of_states(self, part: str = "R", gates: slice = slice(None)) -> Function:
        """Products with the weights of states, of some gates."""
        rows = self.recurrence.reshape(-1, self.hidden, self.hidden)[gates]
        return self.multiplier(part, rows.reshape(-1, self.hidden), self.call.constant[2])


@lowers("RNN")
def _rnn(arithmetic: Arithmetic, call: Call, *inputs: Real | None) -> tuple[Real, ...]:
    def step(one: Direction) -> Step:
        (activate,), recur = one.functions, one.of_states()
        bias = one.bias.sum(axis=0)
        return lambda states, x: (activate(x + recur(states[0]) + bias),)

    return _layer(arithmetic, call, inputs, gates=1, defaults=("tanh",), step=step)


@lowers("GRU")
def _gru(arithmetic: Arithmetic, call: Call, *inputs: Real | None) -> tuple[Real, ...]:
    def step(one: Direction) -> Step:
        activate, activate_new = one.functions
        of_gates, of_new = one.of_states("Rzr", slice(0, 2)), one.of_states("Rh", slice(2, 3))
        bias_x, bias_h = one.bias
        n = one.hidden

        def next_states(states: tuple[Real, ...], x: Real) -> tuple[Real, ...]:
            (h,) = states
            x = x + bias_x
            gates = activate(x[..., : 2 * n] + of_gates(h) + bias_h[: 2 * n])
            update, reset = gates[..., :n], gates[..., n:]
            if call.get("linear_before_reset", 0):
                new = activate_new(x[..., 2 * n :] + reset * (of_new(h) + bias_h[2 * n :]))
            else:
                new = activate_new(x[..., 2 * n :] + of_new(reset * h) + bias_h[2 * n :])
            return ((1 - update) * new + update * h,)

        return next_states

    return _layer(arithmetic, call, inputs, gates=3, defaults=("sigmoid", "tanh"), step=step)


@lowers("LSTM")
def _lstm(arithmetic: Arithmetic, call: Call, *inputs: Real | None) -> tuple[Real, ...]:
    def step(one: Direction) -> Step:
        gate, candidate, output = one.functions
        recur, bias, n = one.of_states(), one.bias.sum(axis=0), one.hidden
        peep = (
            np.zeros((3, n), np.float32) if one.peepholes is None else one.peepholes.reshape(3, n)
        )

        def next_states(states: tuple[Real, ...], x: Real) -> tuple[Real, ...]:
            h, c = states
            sums = x + recur(h) + bias
            i, o, f, g = (sums[..., k * n : (k + 1) * n] for k in range(4))
            i = gate(i + peep[0] * c)
            f = 1 - i if call.get("input_forget", 0) else gate(f + peep[2] * c)
            c = f * c + i * candidate(g)
            return gate(o + peep[1] * c) * output(c), c

        return next_states

    defaults = ("sigmoid", "tanh", "tanh")
    return _layer(arithmetic, call, inputs, gates=4, defaults=defaults, step=step, states=2)


def _layer(
    arithmetic: Arithmetic,
    call: Call,
    inputs: tuple[Real | None, ...],
    *,
    gates: int,
    defaults: tuple[str, ...],
    step: Callable[[Direction], Step],
    states: int = 1,
) -> tuple[Real, ...]:
    """All directions of a layer: outputs of every step, then the last of each state."""
    x, weights, recurrence, bias, lengths, *rest = (*inputs, *[None] * (8 - len(inputs)))
    assert x is not None and weights is not None and recurrence is not None
    call.check_float32(x, weights, recurrence)
    starts, peepholes = rest[:states], rest[2]
    batch_first = bool(call.get("layout", 0))
    if batch_first:
        x = x.swapaxes(0, 1)
        starts = [None if start is None else start.swapaxes(0, 1) for start in starts]
    directions, hidden = len(recurrence), recurrence.shape[2]
    functions = _functions(call, defaults * directions)
    mode = call.get("direction", "forward")
    outputs, finals = [], []
    for index in range(directions):
        one = Direction(
            call=call,
            arithmetic=arithmetic,
            index=index,
            weights=weights[index],
            recurrence=recurrence[index],
            bias=(
                np.zeros((2, gates * hidden), np.float32)
                if bias is None
                else bias[index].reshape(2, gates * hidden)
            ),
            peepholes=None if peepholes is None else peepholes[index],
            functions=functions[index * len(defaults) : (index + 1) * len(defaults)],
        )
        begin = tuple(
            np.zeros((x.shape[1], hidden), np.float32) if start is None else start[index]
            for start in starts
        )
        clip = call.get("clip", None)
        if clip is not None:
            raise call.refused("clips its gates, which cannot be evaluated")
        backward = mode == "reverse" or index == 1
        every, last = _run(step(one), one.of_inputs()(x), begin, lengths, backward=backward)
        outputs.append(every)
        finals.append(last)
    y = np.stack(outputs, axis=1)
    ends = [np.stack([last[k] for last in finals]) for k in range(states)]
    if batch_first:
        y, ends = y.transpose(2, 0, 1, 3), [end.swapaxes(0, 1) for end in ends]
    return tuple(np.asarray(value, np.float32) for value in (y, *ends))


def _run(
    step: Step,
    products: Real,
    states: tuple[Real, ...],
    lengths: npt.NDArray[np.int32] | None,
    *,
    backward: bool,
) -> tuple[Real, tuple[Real, ...]]:
    """Every step of one direction; a sequence that has ended keeps its states and gives zeros."""
    every = np.zeros((*products.shape[:2], states[0].shape[-1]), np.float32)
    for t in range(len(products))[:: -1 if backward else 1]:
        after = step(states, products[t])
        if lengths is None:
            states = tuple(np.asarray(state, np.float32) for state in after)
            every[t] = states[0]
            continue
        running = (t < np.asarray(lengths))[:, np.newaxis]
        states = tuple(
            np.where(running, new, old).astype(np.float32)
            for new, old in zip(after, states, strict=True)
        )
        every[t] = np.where(running, states[0], 0)
    return every, states


def _functions(call: Call, defaults: tuple[str, ...]) -> tuple[Function, ...]:
    named = [
        name.decode() if isinstance(name, bytes) else name
        for name in call.get("activations", list(defaults))
    ]
    alphas, betas = list(call.get("activation_alpha", [])), list(call.get("activation_beta", []))
    found = []
    for name in named:
        if name.lower() not in _FUNCTIONS:
            raise call.refused(f"activates by {name}, which cannot be evaluated")
        alpha, beta, function = _FUNCTIONS[name.lower()]
        # Only functions that have a parameter take one of those given.
        if alpha and alphas:
            alpha = alphas.pop(0)
        if name.lower() in ("affine", "hardsigmoid", "scaledtanh") and betas:
            beta = betas.pop(0)
        found.append(_bound(function, alpha, beta))
    return tuple(found)


def _bound(function: Callable[[Real, float, float], Real], alpha: float, beta: float) -> Function:
    return lambda x: np.asarray(function(x, np.float32(alpha), np.float32(beta)), np.float32)
