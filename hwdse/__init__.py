"""Design-space explorer for number formats, MAC units and matrix engines."""

from importlib import import_module
from types import ModuleType

from hwdse.spec import Design

__all__ = ["Design", "__version__"]

__version__ = "0.1.0"

_SUBPACKAGES = frozenset(
    {
        "characterize",
        "cost",
        "explore",
        "formats",
        "golden",
        "hdl",
        "kernels",
        "networks",
        "verify",
    }
)


def __getattr__(name: str) -> ModuleType:
    """Load a subpackage on first use, so that `import hwdse` alone is fast."""
    if name in _SUBPACKAGES:
        return import_module(f"hwdse.{name}")
    raise AttributeError(f"module 'hwdse' has no attribute {name!r}")
