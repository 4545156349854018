"""Primitive logic blocks, structures built from primitives, and technology tables of their cost.

The hardware generators and the cost model both build on this package. A generator declares its
structure as primitives, and uses primitive delays to place pipeline registers. The cost model adds
up the area, energy and delay of the primitives.
"""

from hwdse.primitives.technology import Law, Technology, load_technology, technologies
from hwdse.primitives.timing import path_delay

__all__ = ["Law", "Technology", "load_technology", "path_delay", "technologies"]
