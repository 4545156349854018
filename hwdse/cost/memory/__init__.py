"""Energy of memories and wires, from published figures.

Each memory is a TOML file in models/memory/ with the source of its figures, and each kind of wire
is one in models/wire/. The key `model` of a memory names its law, a subclass of `MemoryModel`.
"""

from hwdse.cost.memory.contents import Contents
from hwdse.cost.memory.model import MemoryModel, Published, load_memory, memories
from hwdse.cost.memory.wire import Wire, load_wire, wires
from hwdse.plugins import load_modules

load_modules(__name__, __path__)

__all__ = [
    "Contents",
    "MemoryModel",
    "Published",
    "Wire",
    "load_memory",
    "load_wire",
    "memories",
    "wires",
]
