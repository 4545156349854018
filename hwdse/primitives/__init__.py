"""Primitive blocks of logic, structures made of them, and what they cost in a technology.

Below generators and cost model: generators declare what they are made of and place pipeline
registers by delay, the cost model adds up areas, energies and delays.
"""

from hwdse.primitives.technology import Law, Technology, load_technology, technologies
from hwdse.primitives.timing import path_delay

__all__ = ["Law", "Technology", "load_technology", "path_delay", "technologies"]
