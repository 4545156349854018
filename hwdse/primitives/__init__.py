"""Primitive logic blocks, structures built from primitives, and tables of their cost.

The hardware generators and the cost model both build on this package. A generator declares its
structure as primitives. The cost model adds up their area, energy and delay.
"""

from hwdse.primitives.fabric import Fabric, fabrics, load_fabric
from hwdse.primitives.laws import Adjustment, Law, LawTable
from hwdse.primitives.technology import (
    DEFAULT_TECHNOLOGY,
    Technology,
    load_technology,
    technologies,
)
from hwdse.primitives.timing import path_delay, path_parts

__all__ = [
    "DEFAULT_TECHNOLOGY",
    "Adjustment",
    "Fabric",
    "Law",
    "LawTable",
    "Technology",
    "fabrics",
    "load_fabric",
    "load_technology",
    "path_delay",
    "path_parts",
    "technologies",
]
