"""A measure of another package; importable by worker processes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from explore_fakes import FakeEvaluator

from hwdse.errors import HwdseError
from hwdse.explore.columns import Column
from hwdse.spec import Design


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Bits of the ports of a unit, and codes of its first operand. Logs each measurement."""

    name: str = "ports"
    columns: tuple[Column, ...] = (
        Column(name="port_bits", title="Bits of all ports", unit="bits"),
        Column(name="codes", title="Codes", unit="", maximize=True, is_cost=False),
    )
    log: Path | None = None
    broken: str = ""

    def identity(self, design: Design) -> str:
        return str(design.interface)

    def __call__(self, design: Design) -> Mapping[str, float | None]:
        if self.log is not None:
            with self.log.open("a") as log:
                log.write(f"{design}\n")
        if self.broken and self.broken in str(design):
            raise HwdseError("no ports today")
        bits = sum(part.width for stream in design.interface.streams for part in stream.fields)
        return {"port_bits": bits, "codes": None if design.a.bits > 7 else 1 << design.a.bits}


PORTS = Ports()


@dataclass(frozen=True, kw_only=True)
class Elsewhere(FakeEvaluator):
    """The fake evaluator for another clock: other keys."""

    prefix: str = field(default="elsewhere ")

    def key(self, design: Design) -> str:
        return self.prefix + super().key(design)
