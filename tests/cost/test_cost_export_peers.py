"""AccelForge and ZigZag, as PyPI has them, load our components and compute what we expect.

The tools compute energy, time and area of a matrix product. Memories cost nothing there, so the
numbers must be those of the component alone, in the tool's units.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from hwdse import Design
from hwdse.cost import export
from hwdse.cost.export import PricedDesign

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
M, N, K = 6, 5, 8
SPECS = ["a=int8,acc=int:32", "a=e4m3fn,acc=fp:fp32,unit=dot,lanes=4,stages=2"]

#: An environment variable: a Python from 3.12 on for AccelForge, with or without AccelForge.
PYTHON = "HWDSE_ACCELFORGE_PYTHON"


def component(spec: str, tool: str, folder: Path) -> tuple[PricedDesign, Path]:
    priced = PricedDesign.estimate(Design.parse(spec))
    (path,) = export.write(export.files([tool], [priced]), folder)
    return priced, path


def printed(python: str, script: str, *arguments: str, folder: Path) -> Any:
    """The JSON document in the last line that a script prints."""
    run = subprocess.run(
        [python, "-c", script, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        # Neither tool may see this checkout or the tests' settings.
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


ZIGZAG_WORKLOAD = f"""\
- id: 0
  operator_type: Gemm
  equation: O[b][k]+=W[k][c]*I[b][c]
  loop_dims: [B, K, C]
  loop_sizes: [{M}, {N}, {K}]
  operand_precision: {{I: 8, W: 8, O: 32, O_final: 32}}
"""
ZIGZAG_MAPPING = """\
- name: default
  memory_operand_links: {{O: O, W: I2, I: I1}}
  spatial_mapping: {{D1: ["C, {lanes}"]}}
"""
ZIGZAG = """
import json, sys
from zigzag.api import get_hardware_performance_zigzag
energy_pj, cycles, results = get_hardware_performance_zigzag(
    "workload.yaml", sys.argv[1], "mapping.yaml", opt="energy", dump_folder="out",
    loma_show_progress_bar=False,
)
layer = results[0][1][0][0]
array = layer.accelerator.operational_array
print(json.dumps({"energy_pj": energy_pj, "mac_energy_pj": layer.mac_energy, "cycles": cycles,
                  "macs": layer.layer.total_mac_count, "area_mm2": array.total_area}))
"""


@pytest.mark.long
@pytest.mark.parametrize("spec", SPECS)
def test_zigzag_computes_with_our_component(spec: str, tmp_path: Path) -> None:
    if find_spec("zigzag") is None:
        pytest.fail(
            "ZigZag is not installed: `make long` installs it; "
            f"by hand: pip install -r {REQUIREMENTS / 'long.txt'}"
        )
    priced, path = component(spec, "zigzag", tmp_path)
    (tmp_path / "workload.yaml").write_text(ZIGZAG_WORKLOAD)
    (tmp_path / "mapping.yaml").write_text(ZIGZAG_MAPPING.format(lanes=priced.lanes))
    result = printed(sys.executable, ZIGZAG, str(path), folder=tmp_path)
    energy_pj = M * N * K * priced.cost.energy_pj
    assert result["macs"] == M * N * K
    assert result["mac_energy_pj"] == pytest.approx(energy_pj, rel=1e-5)
    assert result["energy_pj"] == result["mac_energy_pj"]
    assert result["cycles"] == M * N * K / priced.lanes
    assert result["area_mm2"] == pytest.approx(priced.cost.area_um2 * 1e-6, rel=1e-5)


ACCELFORGE_SPEC = """\
config: {{component_models: ["{path}"]}}
arch:
  nodes:
  - !Memory
    name: MainMemory
    size: inf
    leak_power: 0
    area: 0
    tensors: {{keep: All}}
    actions:
    - {{name: read, energy: 0, throughput: inf}}
    - {{name: write, energy: 0, throughput: inf}}
  - !Compute
    name: MAC
    component_class: {name}
    n_parallel_instances: {lanes}
    extra_attributes_for_component_model: {attributes}
    actions: [{{name: compute}}]
workload:
  iteration_space_shape: {{m: 0 <= m < {M}, n: 0 <= n < {N}, k: 0 <= k < {K}}}
  bits_per_value: {{All: 8}}
  einsums:
  - name: Matmul
    tensor_accesses:
    - {{name: A, projection: [m, k]}}
    - {{name: B, projection: [k, n]}}
    - {{name: C, projection: [m, n], output: True}}
    renames: {{weight: B, input: A, output: C}}
mapping:
  nodes:
  - !Storage {{tensors: [A, B, C], component: MainMemory}}
  - !Temporal {{rank_variable: m, tile_shape: 1}}
  - !Temporal {{rank_variable: n, tile_shape: 1}}
  - !Temporal {{rank_variable: k, tile_shape: 1}}
  - !Compute {{einsum: Matmul, component: MAC}}
"""
ACCELFORGE = """
import json, sys
import accelforge
results = {}
for name in sys.argv[1:]:
    spec = accelforge.Spec.from_yaml(name)
    result = spec.evaluate_mapping()
    results[name] = {
        "energy_j": result.energy(),
        "mac_energy_j": result.energy(per_component=True)["MAC"],
        "latency_s": result.latency(),
        "area_m2": spec.calculate_component_costs().arch["MAC"].total_area,
    }
print(json.dumps(results))
"""


def _pythons() -> list[str]:
    """Pythons that may be new enough: the one that is named, or ours, the PATH's and pyenv's."""
    if given := os.environ.get(PYTHON):
        return [given]
    named = [shutil.which(f"python3.{minor}") for minor in (12, 13, 14)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    return [
        sys.executable,
        *filter(None, named),
        *map(str, sorted(pyenv.glob("3.1?.*/bin/python"))),
    ]


def _new_enough(python: str) -> bool:
    check = "import sys, ensurepip; sys.exit(sys.version_info < (3, 12))"
    try:
        run = subprocess.run([python, "-c", check], capture_output=True, check=False)
    except OSError:
        return False
    return run.returncode == 0


def _pinned(package: str) -> str:
    lines = (REQUIREMENTS / "peers.txt").read_text().splitlines()
    (version,) = [line.removeprefix(f"{package}==") for line in lines if line.startswith(package)]
    return version


def accelforge_python(folder: Path) -> str:
    """A Python that has the pinned AccelForge, in an environment of its own in `folder`.

    AccelForge needs Python 3.12, hwdse works with 3.11.
    """
    candidates = _pythons()
    base = next(filter(_new_enough, candidates), None)
    if base is None:
        pytest.fail(
            f"AccelForge needs Python 3.12 or later with venv, and there is {candidates}: install "
            "one (Debian 13: apt-get install python3-venv; elsewhere: pyenv install 3.12), and "
            f"name it in {PYTHON} if it is not on the PATH"
        )
    version = "from importlib.metadata import version; print(version('accelforge'))"
    has = subprocess.run([base, "-c", version], capture_output=True, text=True, check=False)
    if has.stdout.strip() == _pinned("accelforge"):
        return base
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r"]
    for command in ([base, "-m", "venv", str(folder)], [*pip, str(REQUIREMENTS / "peers.txt")]):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            pytest.fail(
                f"AccelForge cannot be installed: {(run.stderr or run.stdout).strip()[-500:]}\n"
                "It comes from PyPI. Without network, make an environment with Python 3.12 or "
                f"later and {REQUIREMENTS / 'peers.txt'}, and name its Python in {PYTHON}"
            )
    return pip[0]


@pytest.mark.long
def test_accelforge_computes_with_our_components(tmp_path: Path) -> None:
    # One test for all: the environment takes minutes to make.
    python = accelforge_python(tmp_path / "environment")
    attributes = {"none": "{}", "own": "{tech_node: 45e-9}", "other": "{tech_node: 22e-9}"}
    designs, names = [], []
    for spec in SPECS:
        priced, path = component(spec, "accelforge", tmp_path)
        designs.append(priced)
        names.append({node: f"{priced.name}.{node}.yaml" for node in attributes})
        for node, given in attributes.items():
            text = ACCELFORGE_SPEC.format(
                path=path, name=priced.name, lanes=priced.lanes, attributes=given, M=M, N=N, K=K
            )
            (tmp_path / names[-1][node]).write_text(text)
    files = [file for nodes in names for file in nodes.values()]
    results = printed(python, ACCELFORGE, *files, folder=tmp_path)
    for priced, nodes in zip(designs, names, strict=True):
        energy_j = M * N * K * priced.cost.energy_pj * 1e-12
        latency_s = M * N * K / priced.lanes * priced.cost.delay_ns * 1e-9
        for node in ("none", "own"):
            result = results[nodes[node]]
            assert result["mac_energy_j"] == pytest.approx(energy_j, rel=1e-5)
            assert result["energy_j"] == result["mac_energy_j"]
            assert result["latency_s"] == pytest.approx(latency_s, rel=1e-5)
            assert result["area_m2"] == pytest.approx(priced.cost.area_um2 * 1e-12, rel=1e-5)
        # Another node scales all of them; by how much is the other tool's business.
        own, other = results[nodes["own"]], results[nodes["other"]]
        assert all(0.1 * own[key] < other[key] < 0.7 * own[key] for key in own)
