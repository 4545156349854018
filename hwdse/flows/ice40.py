"""Lattice iCE40: a Makefile for Yosys, nextpnr and icepack."""

from hwdse.flows import flow
from hwdse.flows.open_fpga import Toolchain, makefile
from hwdse.flows.package import Package

_ICE40 = Toolchain(
    name="ice40",
    part="Lattice iCE40 HX8K",
    device="--hx8k --package ct256",
    options="--pcf-allow-unconstrained --asc",
    routed="asc",
    packer="icepack",
)


@flow("ice40")
def files(package: Package) -> dict[str, str]:
    """`Makefile.ice40` and the wrapper module."""
    return makefile(package, _ICE40)
