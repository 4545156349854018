"""Targets of Verilog: delays for the placement of registers, and the preferred arithmetic.

Each module in this folder may define a subclass of `Target`. `Target.parse` finds every subclass
that is defined, without further registration.
"""

from hwdse.hdl.targets.multiplier import RegisteredMultiplier
from hwdse.hdl.targets.target import Pins, Target
from hwdse.hdl.targets.timing import CellTiming
from hwdse.plugins import load_modules

__all__ = ["CELLS", "CellTiming", "Pins", "RegisteredMultiplier", "Target", "names", "target_of"]

load_modules(__name__, __path__)

#: Standard cells: the default target.
CELLS: Target = Target.parse("cells")


def names() -> tuple[str, ...]:
    """Keywords of all targets, in alphabetical order."""
    return tuple(sorted(Target.choices))


def target_of(platform: object) -> Target:
    """The target of Amaranth's `platform` in `elaborate`; standard cells if it has no target."""
    target = getattr(platform, "target", CELLS)
    assert isinstance(target, Target)
    return target
