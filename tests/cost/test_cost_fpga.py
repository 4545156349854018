"""The open FPGA flow: tools that must reach their end."""

import json
import sys

import pytest

from hwdse import Design
from hwdse.cli import main
from hwdse.cost import fpga
from hwdse.errors import ToolError


def test_a_tool_that_ends_early_is_a_failure(tmp_path):
    quiet = [sys.executable, "-c", "print('Executing pass'); print('and no more')"]
    with pytest.raises(ToolError, match="did not finish: and no more"):
        fpga._run(quiet, tmp_path, "End of script")
    failing = [
        sys.executable,
        "-c",
        "print('ERROR: no such cell'); print('End of script')\nexit(1)",
    ]
    with pytest.raises(ToolError, match="did not finish: ERROR: no such cell"):
        fpga._run(failing, tmp_path, "End of script")


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
