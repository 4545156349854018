"""Design-space explorer for number formats, MAC units and matrix engines."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    """Load a subpackage or `Design` on first use, so that `import hwdse` alone is fast.

    Every pytest run on a machine with hwdse imports it, for the plugin.
    """
    if name == "Design":
        return import_module("hwdse.spec").Design
    if name in _SUBPACKAGES:
        return import_module(f"hwdse.{name}")
    raise AttributeError(f"module 'hwdse' has no attribute {name!r}")
