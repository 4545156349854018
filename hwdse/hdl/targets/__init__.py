"""What Verilog is made for: the delays that place registers, and which arithmetic suits it.

A target is a module of this folder that defines a `Target`; defining it is all that makes
`Target.parse` know it.
"""

from hwdse.hdl.targets.multiplier import RegisteredMultiplier
from hwdse.hdl.targets.target import Pins, Target
from hwdse.hdl.targets.timing import CellTiming
from hwdse.plugins import load_modules

__all__ = ["CELLS", "CellTiming", "Pins", "RegisteredMultiplier", "Target", "names", "target_of"]

load_modules(__name__, __path__)

#: Standard cells, the target of everything that names no other.
CELLS: Target = Target.parse("cells")


def names() -> tuple[str, ...]:
    """All targets, in alphabetical order."""
    return tuple(sorted(Target.choices))


def target_of(platform: object) -> Target:
    """The target that a component is elaborated for: that of the platform, else standard cells."""
    target = getattr(platform, "target", CELLS)
    assert isinstance(target, Target)
    return target
