"""Lattice ECP5: a Makefile for Yosys, nextpnr and ecppack."""

from hwdse.flows import flow
from hwdse.flows.open_fpga import Toolchain, makefile
from hwdse.flows.package import Package

_ECP5 = Toolchain(
    name="ecp5",
    part="Lattice ECP5 LFE5U-85F-6",
    device="--85k --package CABGA756 --speed 6",
    options="--lpf-allow-unconstrained --textcfg",
    routed="config",
    packer="ecppack",
)


@flow("ecp5")
def files(package: Package) -> dict[str, str]:
    """`Makefile.ecp5` and the wrapper module."""
    return makefile(package, _ECP5)
