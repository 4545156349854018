"""Vivado: a script that packages the unit as an IP, and timing constraints for the unit."""

from hwdse.flows import flow
from hwdse.flows.package import Package


@flow("vivado")
def files(package: Package) -> dict[str, str]:
    """`package_ip.tcl` and an XDC file with constraints for the unit alone.

    The script writes the IP to the folder `ip/`.
    """
    return {
        "package_ip.tcl": _script(package),
        f"{package.top}.xdc": (
            "# For the unit alone (out of context). A project with the IP sets the clock.\n"
            f"{package.constraints}"
        ),
    }


def _script(package: Package) -> str:
    sources = "".join(f'  "$folder/{name}" \\\n' for name in package.verilog)
    version = ".".join(package.version.split(".")[:2])  # Vivado takes major and minor only
    return f"""# Packages {package.top} as an IP in ip/:
#   vivado -mode batch -source package_ip.tcl [-tclargs PART]
set folder [file dirname [file normalize [info script]]]
set part [expr {{[llength $argv] > 0 ? [lindex $argv 0] : "xc7a35tcpg236-1"}}]

create_project -in_memory -part $part
add_files -norecurse [list \\
{sources}]
add_files -fileset constrs_1 -norecurse "$folder/{package.top}.xdc"
set_property USED_IN {{synthesis implementation out_of_context}} \\
  [get_files "$folder/{package.top}.xdc"]
set_property top {package.top} [current_fileset]
update_compile_order -fileset sources_1

ipx::package_project -root_dir "$folder/ip" -vendor hwdse -library units \\
  -taxonomy /UserIP -import_files -set_current true -force
set core [ipx::current_core]
set_property name {package.top} $core
set_property version {version} $core
set_property display_name {package.top} $core
set_property description {{{package.spec}}} $core

# A bus interface, unless packaging found it already.
proc bus {{core name ports definition}} {{
  if {{[llength [ipx::get_bus_interfaces $name -of_objects $core]] == 0}} {{
    ipx::infer_bus_interface $ports $definition $core
  }}
}}

proc parameter {{core bus name value}} {{
  set interface [ipx::get_bus_interfaces $bus -of_objects $core]
  set found [ipx::get_bus_parameters $name -of_objects $interface]
  if {{[llength $found] == 0}} {{
    set found [ipx::add_bus_parameter $name $interface]
  }}
  set_property value $value $found
}}

{"".join(_interfaces(package))}
ipx::create_xgui_files $core
ipx::update_checksums $core
ipx::check_integrity $core
ipx::save_core $core
"""


def _interfaces(package: Package) -> list[str]:
    """Tcl that declares buses, interrupts, clock and reset as interfaces of the IP."""
    lines = []
    for name, (kind, ports) in package.buses.items():
        names = " ".join(port.name for port in ports)
        lines.append(f"bus $core {name} {{{names}}} xilinx.com:interface:{kind}_rtl:1.0\n")
    lines += [
        f"bus $core {name} {name} xilinx.com:signal:interrupt_rtl:1.0\n"
        for name in package.interrupts
    ]
    clock, reset = package.clock, package.reset
    if reset:
        polarity = "ACTIVE_LOW" if package.interface.reset_low else "ACTIVE_HIGH"
        lines.append(f"bus $core {reset} {reset} xilinx.com:signal:reset_rtl:1.0\n")
        lines.append(f"parameter $core {reset} POLARITY {polarity}\n")
    if clock:
        lines.append(f"bus $core {clock} {clock} xilinx.com:signal:clock_rtl:1.0\n")
        if package.buses:
            buses = ":".join(package.buses)
            lines.append(f"parameter $core {clock} ASSOCIATED_BUSIF {buses}\n")
        if reset:
            lines.append(f"parameter $core {clock} ASSOCIATED_RESET {reset}\n")
    return lines or ["# Combinational: plain ports, no interface.\n"]
