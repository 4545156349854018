"""Design spaces: sweep, store, Pareto front, plot and report.

```python
from hwdse.explore import Space, sweep
result = sweep(Space.builtin(), "hwdse-out", jobs=2)
print(result.front[["design", "accuracy", "energy_pj"]])
```
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwdse.explore.front import pareto
    from hwdse.explore.plotting import plot
    from hwdse.explore.reporting import report
    from hwdse.explore.run import Sweep, sweep
    from hwdse.explore.space import Space
    from hwdse.explore.store import Store

__all__ = ["Space", "Store", "Sweep", "pareto", "plot", "report", "sweep"]

_MODULES = {
    "Space": "space",
    "Store": "store",
    "Sweep": "run",
    "pareto": "front",
    "plot": "plotting",
    "report": "reporting",
    "sweep": "run",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use, because worker processes need no Matplotlib and no Plotly."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
