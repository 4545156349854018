"""The script that packages an IP: its text, and its calls in a Tcl interpreter."""

import subprocess

import pytest
from flows_folder import BARE, CLOCKED, coprocessor, package, streaming, write

from hwdse import flows


def test_clock_and_reset_are_interfaces():
    script = flows.files(["vivado"], package(CLOCKED))["package_ip.tcl"]
    assert "bus $core clk clk xilinx.com:signal:clock_rtl:1.0\n" in script
    assert "parameter $core rst POLARITY ACTIVE_HIGH\n" in script
    assert "ASSOCIATED_BUSIF" not in script


def test_streams_belong_to_the_clock():
    script = flows.files(["vivado"], streaming())["package_ip.tcl"]
    assert (
        "bus $core s_axis {s_axis_tvalid s_axis_tready s_axis_tdata s_axis_tlast} "
        "xilinx.com:interface:axis_rtl:1.0\n" in script
    )
    assert "parameter $core aclk ASSOCIATED_BUSIF s_axis:m_axis\n" in script
    assert "parameter $core aresetn POLARITY ACTIVE_LOW\n" in script


def test_channels_of_one_bus_are_one_interface():
    script = flows.files(["vivado"], coprocessor())["package_ip.tcl"]
    declared = dict(
        line.removeprefix("bus $core ").split(" ", 1)
        for line in script.splitlines()
        if line.startswith("bus $core ")
    )
    assert set(declared) == {"s_axi", "m_axi", "irq", "aclk", "aresetn"}
    for name in ("s_axi", "m_axi"):
        ports, kind = declared[name].strip("{").split("} ")
        assert kind == "xilinx.com:interface:aximm_rtl:1.0"
        assert {f"{name}_{port}" for port in ("awaddr", "wstrb", "bresp", "arvalid", "rready")} <= {
            *ports.split()
        }
    assert declared["irq"] == "irq xilinx.com:signal:interrupt_rtl:1.0"
    assert "parameter $core aclk ASSOCIATED_BUSIF s_axi:m_axi\n" in script


def test_a_bare_unit_has_plain_ports():
    script = flows.files(["vivado"], package(BARE))["package_ip.tcl"]
    assert "\nbus $core" not in script


#: Vivado's commands, which only say that they were called.
_STAND_IN = """\
set argv {}
namespace eval ipx {}
foreach command {
  create_project add_files set_property get_files current_fileset update_compile_order
  ipx::package_project ipx::current_core ipx::get_bus_interfaces ipx::get_bus_parameters
  ipx::infer_bus_interface ipx::add_bus_parameter ipx::create_xgui_files ipx::update_checksums
  ipx::check_integrity ipx::save_core
} {
  proc $command {args} "puts \\"CALL $command \\$args\\"; return {}"
}
source package_ip.tcl
"""


@pytest.mark.long
@pytest.mark.parametrize(
    "make", [lambda: package(CLOCKED), lambda: package(BARE), streaming, coprocessor]
)
def test_the_script_runs_to_its_end(make, tmp_path):
    given = make()
    write(given, tmp_path, "vivado")
    (tmp_path / "run.tcl").write_text(_STAND_IN)
    # OpenSTA is a Tcl interpreter.
    run = subprocess.run(
        ["sta", "-no_splash", "-exit", "run.tcl"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    calls = [line.removeprefix("CALL ") for line in run.stdout.splitlines()]
    assert "Error" not in run.stdout + run.stderr
    assert calls[0] == "create_project -in_memory -part xc7a35tcpg236-1"
    added = next(call for call in calls if call.startswith("add_files -norecurse"))
    # OpenSTA does not say where a script lies: the folder is the working directory.
    assert added.translate({ord("{"): "", ord("}"): ""}).split()[2:] == [
        f"./{name}" for name in given.verilog
    ]
    assert calls[-1].startswith("ipx::save_core")
    inferred = [call for call in calls if call.startswith("ipx::infer_bus_interface")]
    signals = len(given.interrupts) + bool(given.clock) + bool(given.reset)
    assert len(inferred) == len(given.buses) + signals
