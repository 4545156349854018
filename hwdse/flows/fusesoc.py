"""FuseSoC and Edalize: a core file with the targets `default`, `lint` and `sim`."""

from hwdse.flows import flow
from hwdse.flows.package import Package


@flow("fusesoc")
def files(package: Package) -> dict[str, str]:
    """The core file.

    Target `lint` runs Verilator with all warnings. Target `sim` runs the bench with its vectors.
    """
    top = package.top
    own = ["filelist.f", "run_bench.py", *package.bench, *package.beside]
    rtl = "".join(f"      - {name}\n" for name in package.verilog)
    # The bench looks for its files in the current folder. Without `copyto`, FuseSoC would put the
    # files into different folders.
    bench = "".join(
        f"      - {name}: {{copyto: {name}}}\n" for name in dict.fromkeys([*own, *package.verilog])
    )
    module, vectors = package.bench
    return {
        f"{top}.core": f"""CAPI=2:
# fusesoc --cores-root . run --target lint hwdse:units:{top}
name: hwdse:units:{top}:{package.version}
description: "{package.spec}"

filesets:
  rtl:
    files:
{rtl}    file_type: verilogSource
  tb:
    files:
{bench}    file_type: user

scripts:
  bench:
    cmd: [python3, run_bench.py, --top, "{top}", --files, filelist.f, --bench, {module}, \
--vectors, {vectors}]

targets:
  default: &default
    filesets: [rtl]
    toplevel: "{top}"

  lint:
    <<: *default
    description: Verilator with all warnings
    flow: lint
    flow_options:
      tool: verilator
      mode: lint-only
      verilator_options: [-Wall]

  # Needs: pip install {" ".join(package.needs)}. The bench builds its simulation itself.
  sim:
    <<: *default
    description: The bench with its vectors
    filesets: [rtl, tb]
    flow: lint
    flow_options:
      tool: verilator
      mode: lint-only
    hooks:
      post_build: [bench]
"""
    }
