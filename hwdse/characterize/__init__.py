"""Figures of merit of number formats: range, precision, relative error, SQNR, and pictures.

```python
from hwdse import characterize, formats
f = formats.get("posit8_0")
characterize.dynamic_range(f).decibels
characterize.sqnr(f, characterize.distribution("normal")).decibels
```
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hwdse.characterize.dynamic_range import DynamicRange, dynamic_range
from hwdse.characterize.relative_error import RelativeError, relative_error

if TYPE_CHECKING:
    from hwdse.characterize.distributions import DISTRIBUTIONS, Distribution, distribution
    from hwdse.characterize.pictures import picture, picture_kind
    from hwdse.characterize.signal_to_noise import Sqnr, block_sqnr, sqnr

__all__ = [
    "DISTRIBUTIONS",
    "Distribution",
    "DynamicRange",
    "RelativeError",
    "Sqnr",
    "block_sqnr",
    "distribution",
    "dynamic_range",
    "picture",
    "picture_kind",
    "relative_error",
    "sqnr",
]

_MODULES = {
    "DISTRIBUTIONS": "distributions",
    "Distribution": "distributions",
    "Sqnr": "signal_to_noise",
    "block_sqnr": "signal_to_noise",
    "distribution": "distributions",
    "picture": "pictures",
    "picture_kind": "pictures",
    "sqnr": "signal_to_noise",
}


def __getattr__(name: str) -> Any:
    """Load a name on first use, so that a list of formats needs neither SciPy nor Matplotlib."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
