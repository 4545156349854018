"""Lowers Einsum if the equation is a matrix product."""

import math
import re

import numpy as np

from hwdse.networks.arithmetic import Arithmetic, Real
from hwdse.networks.lowered import Call, lowers, matrix

_TERM = re.compile(r"[A-Za-z]*(?:\.\.\.)?[A-Za-z]*")
_FREE = "0123456789"
"""Labels for the axes that an ellipsis replaces."""


@lowers("Einsum")
def _einsum(arithmetic: Arithmetic, call: Call, *operands: Real) -> tuple[Real]:
    terms, out = _labels(call, operands)
    if len(operands) == 1:  # only moves and adds, without a product
        return (np.asarray(np.einsum(call.attributes["equation"], *operands)),)
    if len(operands) != 2:
        raise call.refused(f"multiplies {len(operands)} operands: at most 2 can be replaced")
    call.check_float32(*operands)
    first, second = terms
    both = set(first) & set(second)
    for term in terms:
        alone = set(term) - both - set(out)
        if len(set(term)) != len(term) or alone:
            raise call.refused(
                f"computes {call.attributes['equation']!r}, which is no matrix product"
            )
    stack = [label for label in out if label in both]
    inner = [label for label in first if label in both and label not in out]
    if not inner:  # no sum: an elementwise product, like Mul
        return (np.asarray(np.einsum(call.attributes["equation"], *operands)),)
    rows = [label for label in first if label not in both]
    columns = [label for label in second if label not in both]
    sizes: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        for label, size in zip(term, operand.shape, strict=True):
            sizes[label] = max(sizes.get(label, 1), size)
    a = _arranged(operands[0], first, (stack, rows, inner), sizes)
    b = _arranged(operands[1], second, (stack, inner, columns), sizes)
    found = matrix.product(arithmetic, call, a, b)
    found = found.reshape([sizes[label] for label in (*stack, *rows, *columns)])
    order = [*stack, *rows, *columns]
    return (np.asarray(found.transpose([order.index(label) for label in out]), order="C"),)


def _arranged(
    x: Real, term: str, parts: tuple[list[str], list[str], list[str]], sizes: dict[str, int]
) -> Real:
    """Reshape an operand to a stack of matrices.

    Args:
        x: the operand.
        term: the labels of the operand's axes.
        parts: the labels of stack, rows and columns. Rows and columns become one axis each. The
            labels of the stack stay separate axes.
        sizes: size of each label.
    """
    stack, rows, columns = parts
    x = np.broadcast_to(x, [sizes[label] for label in term])
    x = x.transpose([term.index(label) for label in (*stack, *rows, *columns)])
    shape = [sizes[label] for label in stack]
    return x.reshape(
        *shape, *(math.prod(sizes[label] for label in part) for part in (rows, columns))
    )


def _labels(call: Call, operands: tuple[Real, ...]) -> tuple[list[str], str]:
    """Labels of the axes of each operand and of the result. Digits replace an ellipsis."""
    equation = call.attributes["equation"].replace(" ", "")
    left, arrow, out = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(operands) or not all(_TERM.fullmatch(term) for term in (*terms, out)):
        raise call.refused(f"has the equation {equation!r}, which cannot be read")
    if not arrow:
        once = sorted(x for x in set(left) - set(",.") if left.count(x) == 1)
        out = ("..." if "..." in left else "") + "".join(once)
    hidden = [
        operand.ndim - len(term.replace("...", ""))
        for term, operand in zip(terms, operands, strict=True)
    ]
    most = max(
        (count for term, count in zip(terms, hidden, strict=True) if "..." in term), default=0
    )
    if most > len(_FREE) or any(
        count < 0 or (count and "..." not in term)
        for term, count in zip(terms, hidden, strict=True)
    ):
        raise call.refused(f"has the equation {equation!r}, which does not fit its operands")
    axes = _FREE[:most]
    named = [
        term.replace("...", axes[most - count :]) for term, count in zip(terms, hidden, strict=True)
    ]
    return named, out.replace("...", axes)
