"""Lowers recurrent layers: products of inputs and states with weights. Gates stay float32."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.networks.arithmetic import Arithmetic, Real
from hwdse.networks.lowered import Call, lowers, matrix

Function = Callable[[Real], Real]
#: A function (states, products of this step's inputs) -> next states. State 0 is the output.
Step = Callable[[tuple[Real, ...], Real], tuple[Real, ...]]

#: Activation functions by name: the default parameters (alpha, beta), and the function.
_FUNCTIONS: dict[str, tuple[tuple[float, ...], Callable[..., Real]]] = {
    "affine": ((1.0, 0.0), lambda x, alpha, beta: alpha * x + beta),
    "elu": ((1.0,), lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))),
    "hardsigmoid": ((0.2, 0.5), lambda x, alpha, beta: np.clip(alpha * x + beta, 0, 1)),
    "leakyrelu": ((0.01,), lambda x, alpha: np.where(x > 0, x, alpha * x)),
    "relu": ((), lambda x: np.maximum(x, 0)),
    "scaledtanh": ((1.0, 1.0), lambda x, alpha, beta: alpha * np.tanh(beta * x)),
    "sigmoid": ((), lambda x: 1 / (1 + np.exp(-x))),
    "softplus": ((), lambda x: np.logaddexp(0, x)),
    "softsign": ((), lambda x: x / (1 + np.abs(x))),
    "tanh": ((), np.tanh),
    "thresholdedrelu": ((1.0,), lambda x, alpha: np.where(x > alpha, x, 0)),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Direction:
    """One direction of a recurrent layer.

    Attributes:
        call: the operator.
        arithmetic: arithmetic for the products.
        index: index of this direction in the layer.
        weights: weights of the inputs, shape (gates * hidden, inputs).
        recurrence: weights of the states, shape (gates * hidden, hidden).
        bias: biases of inputs and states, shape (2, gates * hidden).
        peepholes: weights of input, output and forget gate, shape (3 * hidden,).
        functions: activation functions.
        limit: arguments of the gates' activation functions are clipped to +-limit.
    """

    call: Call
    arithmetic: Arithmetic
    index: int
    weights: Real
    recurrence: Real
    bias: Real
    peepholes: Real
    functions: tuple[Function, ...]
    limit: float

    @property
    def hidden(self) -> int:
        """Number of values in a state."""
        return int(self.recurrence.shape[1])

    def clipped(self) -> list[Function]:
        """The activation functions, with arguments clipped to +-`limit`."""
        return [_clipped(function, self.limit) for function in self.functions]

    def multiplier(self, part: str, weights: Real, constant: bool) -> Function:
        """A function that computes x @ weights.T in the arithmetic, with weights converted once."""
        site = self.call.site(f"{part}{self.index}", constant=constant)
        right = self.arithmetic.second(site, np.ascontiguousarray(weights.T)[np.newaxis])[0]

        def multiply(x: Real) -> Real:
            left = self.arithmetic.first(site, x.reshape(-1, x.shape[-1]))
            found = matrix.in_blocks(self.arithmetic, site, 0, left, right)
            return found.reshape(*x.shape[:-1], len(weights))

        return multiply

    def of_inputs(self) -> Function:
        """A function that multiplies inputs by the weights of the inputs."""
        return self.multiplier("W", self.weights, self.call.constant[1])

    def of_states(self, part: str = "R", gates: slice = slice(None)) -> Function:
        """A function that multiplies states by the weights of the states, for selected gates."""
        rows = self.recurrence.reshape(-1, self.hidden, self.hidden)[gates]
        return self.multiplier(part, rows.reshape(-1, self.hidden), self.call.constant[2])


@lowers("RNN")
def _rnn(arithmetic: Arithmetic, call: Call, *inputs: Any) -> tuple[Real, ...]:
    def step(one: Direction) -> Step:
        (activate,), recur = one.clipped(), one.of_states()
        bias = one.bias.sum(axis=0)
        return lambda states, x: (activate(x + recur(states[0]) + bias),)

    return _layer(arithmetic, call, inputs, gates=1, defaults=("tanh",), step=step)


@lowers("GRU")
def _gru(arithmetic: Arithmetic, call: Call, *inputs: Any) -> tuple[Real, ...]:
    def step(one: Direction) -> Step:
        gate, candidate = one.clipped()
        of_gates, of_new = one.of_states("Rzr", slice(0, 2)), one.of_states("Rh", slice(2, 3))
        bias_x, bias_h = one.bias
        n = one.hidden

        def next_states(states: tuple[Real, ...], x: Real) -> tuple[Real, ...]:
            (h,) = states
            x = x + bias_x
            gates = gate(x[..., : 2 * n] + of_gates(h) + bias_h[: 2 * n])
            update, reset = gates[..., :n], gates[..., n:]
            if call.get("linear_before_reset", 0):
                new = reset * (of_new(h) + bias_h[2 * n :])
            else:
                new = of_new(reset * h) + bias_h[2 * n :]
            return ((1 - update) * candidate(x[..., 2 * n :] + new) + update * h,)

        return next_states

    return _layer(arithmetic, call, inputs, gates=3, defaults=("sigmoid", "tanh"), step=step)


@lowers("LSTM")
def _lstm(arithmetic: Arithmetic, call: Call, *inputs: Any) -> tuple[Real, ...]:
    def step(one: Direction) -> Step:
        gate, candidate, _ = one.clipped()
        output = one.functions[2]
        recur, bias, n = one.of_states(), one.bias.sum(axis=0), one.hidden
        of_input, of_output, of_forget = one.peepholes.reshape(3, n)

        def next_states(states: tuple[Real, ...], x: Real) -> tuple[Real, ...]:
            h, c = states
            sums = x + recur(h) + bias
            i, o, f, g = (sums[..., k * n : (k + 1) * n] for k in range(4))
            i = gate(i + of_input * c)
            f = 1 - i if call.get("input_forget", 0) else gate(f + of_forget * c)
            c = f * c + i * candidate(g)
            return gate(o + of_output * c) * output(c), c

        return next_states

    defaults = ("sigmoid", "tanh", "tanh")
    return _layer(arithmetic, call, inputs, gates=4, defaults=defaults, step=step, states=2)


def _layer(
    arithmetic: Arithmetic,
    call: Call,
    inputs: tuple[Any, ...],
    *,
    gates: int,
    defaults: tuple[str, ...],
    step: Callable[[Direction], Step],
    states: int = 1,
) -> tuple[Real, ...]:
    """Run all directions of a layer. Returns the outputs of every step, then the final states."""
    given: list[Any] = [*inputs, *[None] * (8 - len(inputs))]
    x, weights, recurrence, bias, lengths, *rest = given
    starts, peepholes = rest[:states], rest[2]
    call.check_float32(x, weights, recurrence, bias, *starts, peepholes)
    directions, hidden = len(recurrence), recurrence.shape[2]
    functions = _functions(call, defaults * directions)
    outputs, ends = [], []
    for index in range(directions):
        one = Direction(
            call=call,
            arithmetic=arithmetic,
            index=index,
            weights=weights[index],
            recurrence=recurrence[index],
            bias=_given(bias, index, 2 * gates * hidden).reshape(2, gates * hidden),
            peepholes=_given(peepholes, index, 3 * hidden),
            functions=functions[index * len(defaults) : (index + 1) * len(defaults)],
            limit=call.get("clip", np.inf),
        )
        begin = tuple(_given(start, index, x.shape[1], hidden) for start in starts)
        backward = index == 1 or call.get("direction", "forward") == "reverse"
        every, last = _run(step(one), one.of_inputs()(x), begin, lengths, backward=backward)
        outputs.append(every)
        ends.append(last)
    finals = [np.stack([last[k] for last in ends]) for k in range(states)]
    return (np.stack(outputs, axis=1), *finals)


def _given(values: Real | None, index: int, *shape: int) -> Real:
    """An optional input of one direction, or zeros if the input is missing."""
    found: Real = np.zeros(shape, np.float32) if values is None else values[index]
    if found.shape != shape:
        raise ValueError(f"{found.shape} in place of {shape}")
    return found


def _run(
    step: Step,
    products: Real,
    states: tuple[Real, ...],
    lengths: npt.NDArray[np.int32] | None,
    *,
    backward: bool,
) -> tuple[Real, tuple[Real, ...]]:
    """Run every step of one direction.

    After the end of a sequence the states stay unchanged and the outputs are zero.
    """
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
    """The activation functions of all directions, with their parameters.

    The attributes `activation_alpha` and `activation_beta` are lists. Each function takes the next
    values from the lists, for the parameters that the function has.
    """
    given = call.get("activations", defaults)
    names = [name.decode() if isinstance(name, bytes) else name for name in given]
    parameters = [list(call.get(f"activation_{each}", [])) for each in ("alpha", "beta")]
    found = []
    for name in names:
        if name.lower() not in _FUNCTIONS:
            raise call.refused(f"activates by {name}, which cannot be evaluated")
        preset, function = _FUNCTIONS[name.lower()]
        chosen = [
            np.float32(some.pop(0) if some else default)
            for default, some in zip(preset, parameters, strict=False)
        ]
        found.append(_bound(function, chosen))
    return tuple(found)


def _bound(function: Callable[..., Real], parameters: list[np.float32]) -> Function:
    return lambda x: np.asarray(function(x, *parameters), np.float32)


def _clipped(function: Function, limit: float) -> Function:
    return lambda x: function(np.clip(x, -np.float32(limit), np.float32(limit)))
