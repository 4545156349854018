"""A user's own Verilog against the golden model: right, wrong, and what does not fit."""

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from hwdse import Design
from hwdse.cli import main
from hwdse.errors import SpecError, VerificationError
from hwdse.verify import check
from hwdse.verify.user_verilog import module_ports

INT8 = Design.parse("a=int8,acc=int:32")
MINE = """\
// A module that another one holds.
module half #(parameter W = 16) (input signed [W-1:0] x, output signed [31:0] y);
  assign y = {{(32 - W){x[W-1]}}, x};
endmodule
module mine (input logic clk, input rst, input i_valid, input i_first, input signed [7:0] x,
    input signed [7:0] i_b, output logic o_valid, output logic [31:0] o);
  wire signed [15:0] product = x * i_b;
  wire signed [31:0] wide;
  half unit(.x(product), .y(wide));
  always_ff @(posedge clk) begin
    o_valid <= i_valid & ~rst;
    if (rst) o <= 0;
    else if (i_valid) o <= (i_first ? 0 : o) + wide;
  end
endmodule
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.sv"
    path.write_text(MINE)
    return path


def test_a_right_unit_passes_and_leaves_coverage(mine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "coverage"
    certificate = check(INT8, mine, ports={"i_a": "x"}, level="quick", coverage=folder)
    assert certificate.total > 3000
    info = (folder / "coverage.info").read_text()
    assert f"SF:{mine}" in info
    assert "\nDA:" in info
    assert "\nBRDA:" in info
    assert info.count("end_of_record") == info.count("SF:")
    functional = json.loads((folder / "functional.json").read_text())
    assert functional["vectors"] == dict(certificate.vectors)


def test_a_wrong_unit_is_shown_decoded(mine: Path, hwdse_check) -> None:
    mine.write_text(MINE.replace("x * i_b;", "x * i_b + (x == 8'sd3 ? 16'sd1 : 16'sd0);"))
    with pytest.raises(VerificationError, match=r"a=0x3 \(3\) b=.*ulp apart"):
        check(INT8, [mine], ports={"i_a": "x"}, level="quick")
    with pytest.raises(pytest.fail.Exception, match="mismatches"):
        hwdse_check(str(INT8), mine, ports={"i_a": "x"}, level="quick")


@pytest.mark.parametrize(
    ("change", "options", "reason"),
    [
        ((), {}, "module mine has no port i_a .*--port i_a=NAME"),
        ((), {"top": "other"}, "cannot read module other"),
        ((), {"ports": {"i_q": "x"}}, "the design has no port i_q"),
        (("[7:0] x", "[6:0] x"), {"ports": {"i_a": "x"}}, "has 7 bits: 8 are needed"),
        (("input rst", "output rst"), {"ports": {"i_a": "x"}}, "an output: an input is needed"),
        (("input rst", "input en, input rst"), {"ports": {"i_a": "x"}}, "input en of module mine"),
        (("endmodule", "endmod"), {"ports": {"i_a": "x"}, "top": "mine"}, "cannot read module"),
        (("module", "mod"), {}, "holds no module"),
        (("half unit(.x(product), .y(wide));", "assign wide = 0;"), {}, "name one with --top"),
    ],
)
def test_what_does_not_fit_is_said(change, options, reason: str, mine: Path) -> None:
    mine.write_text(MINE.replace(*change) if change else MINE)
    with pytest.raises(SpecError, match=reason):
        check(INT8, mine, level="quick", **options)


def test_ports_as_verilator_sees_them(mine: Path) -> None:
    found = module_ports([mine], "mine")
    assert list(found) == ["clk", "rst", "i_valid", "i_first", "x", "i_b", "o_valid", "o"]
    assert found["x"] == ("input", 8)
    assert found["o"] == ("output", 32)


SLOW_MUL = """\
module slow(input clk, input [3:0] i_a, input [3:0] i_b, output reg [7:0] o);
  reg [3:0] a, b;
  always @(posedge clk) begin
    {a, b} <= {i_a, i_b};
    o <= {{4{a[3]}}, a} * {{4{b[3]}}, b};
  end
endmodule
"""


@pytest.mark.long
def test_level_exhaustive_tries_every_result_of_a_user_unit(tmp_path: Path) -> None:
    design, file = Design.parse("a=int4,out=int8,unit=mul"), tmp_path / "slow.v"
    file.write_text(SLOW_MUL)
    certificate = check(design, file, latency=2, level="exhaustive")
    assert certificate.vectors["exhaustive_results"] == 256
    with pytest.raises(VerificationError, match="mismatches"):
        check(design, file, latency=1, level="quick")


def test_junit_and_exit_codes(mine: Path, tmp_path: Path) -> None:
    mine.write_text(MINE.replace("x * i_b;", "x - i_b;"))
    report = tmp_path / "r.xml"
    words = ["verify", str(INT8), "--verilog", str(mine), "--port", "i_a=x", "--level", "quick"]
    assert main([*words, "--junit", str(report)]) == 1
    suite = ElementTree.parse(report).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    (failure,) = suite.iter("failure")
    assert "mismatches in" in failure.get("message", "")


@pytest.mark.long
def test_the_commands_of_the_documentation(tmp_path: Path, monkeypatch) -> None:
    """What docs/ci.md tells to copy does what it says."""
    text = (Path(__file__).parents[2] / "docs" / "ci.md").read_text()
    workflow = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.S)[1])
    steps = workflow["jobs"]["verify"]["steps"]
    (command,) = (s["run"] for s in steps if s.get("run", "").startswith("hwdse"))
    monkeypatch.chdir(tmp_path)
    Path("mine.v").write_text(
        MINE.replace("[7:0] x,", "[7:0] i_a,").replace("x * i_b", "i_a * i_b")
    )
    assert main(command.split()[1:]) == 0
    (upload,) = (s for s in steps if "upload-artifact" in s.get("uses", ""))
    for kept in upload["with"]["path"].split():
        assert Path(kept).exists(), kept
    (python,) = re.findall(r"```python\n(.*?)```", text, re.S)
    Path("test_mine.py").write_text(python)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_mine.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
