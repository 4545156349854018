"""The one number that many methods and scale policies take as an option."""

import math

from hwdse.spec.part import Part


def option(
    part: type[Part], options: tuple[str, ...], default: float, *, low: float, high: float
) -> float:
    """The number in the options, or the default.

    Args:
        part: the method or policy, for errors.
        options: texts after the keyword.
        default: the number without options.
        low: smallest number.
        high: largest number.

    Raises:
        SpecError: there are several options, or this one is no number in the range.
    """
    if not options:
        return default
    try:
        value = float(options[0])
    except ValueError:
        value = math.nan
    if len(options) > 1 or not low <= value <= high:
        raise part.bad_options(options)
    return value
