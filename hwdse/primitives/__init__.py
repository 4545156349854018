"""Primitive logic blocks, structures built from primitives, and technology tables of their cost.

The hardware generators and the cost model both build on this package. A generator declares its
structure as primitives. The cost model adds up their area, energy and delay.
"""

from hwdse.primitives.technology import Adjustment, Law, Technology, load_technology, technologies
from hwdse.primitives.timing import path_delay, path_parts

__all__ = [
    "Adjustment",
    "Law",
    "Technology",
    "load_technology",
    "path_delay",
    "path_parts",
    "technologies",
]
