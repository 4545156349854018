"""The open FPGA flow."""

import json

import pytest

from hwdse import Design
from hwdse.cli import main
from hwdse.cost import fpga
from hwdse.errors import ToolError


def test_unknown_family():
    with pytest.raises(ToolError, match="unknown FPGA family 'virtex': known are ecp5"):
        fpga.place_and_route(Design.parse("a=int8,acc=int:32"), "virtex")


@pytest.mark.long
def test_designs_are_placed_and_routed(capsys):
    specs = ["a=int8,acc=int:32", "a=int8,acc=int:32,stages=2", "a=e4m3fn,out=e4m3fn,unit=mul"]
    assert main(["cost", *specs, "--fpga", "ecp5", "--json"]) == 0
    plain, pipelined, bare = (
        design["fpga"] for design in json.loads(capsys.readouterr().out)["designs"]
    )
    assert plain["multipliers"] == pipelined["multipliers"] == 1
    assert plain["luts"] == 64
    assert plain["flip_flops"] == 33
    assert pipelined["flip_flops"] > plain["flip_flops"]
    assert pipelined["fmax_mhz"] > plain["fmax_mhz"] > 50
    assert bare["flip_flops"] == 0
