"""The page about machines: its code runs, and the tables of the models' READMEs hold."""

import re
from pathlib import Path

import pytest

from hwdse.cost.memory import load_memory, memories
from hwdse.cost.system import load_machine, machines

ROOT = Path(__file__).parents[3]


def test_the_code_of_the_page_runs(capsys):
    page = (ROOT / "docs" / "system.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "docs/system.md", "exec"), {})
    int8, e4m3 = capsys.readouterr().out.splitlines()
    assert float(int8.split()[1]) < float(e4m3.split()[1])


def test_the_readmes_list_every_memory_and_machine():
    for folder, names in (("memory", memories()), ("machine", machines())):
        text = (ROOT / "models" / folder / "README.md").read_text(encoding="utf-8")
        assert all(f"| `{name}` |" in text for name in names)


@pytest.mark.parametrize("name", [n for n in memories() if not n.startswith(("sram", "pcm"))])
def test_the_readme_has_the_figures_of_off_chip_memories(name):
    text = (ROOT / "models" / "memory" / "README.md").read_text(encoding="utf-8")
    (cell,) = re.findall(rf"^\| `{name}` \| ([0-9.]+)", text, re.MULTILINE)
    digits = len(cell.partition(".")[2])
    assert float(cell) == round(load_memory(name).read_pj_per_bit(1), digits)


@pytest.mark.parametrize("name", machines())
def test_the_readme_has_the_figures_of_machines(name):
    text = (ROOT / "models" / "machine" / "README.md").read_text(encoding="utf-8")
    machine = load_machine(name)
    (row,) = re.findall(rf"^\| `{name}` \|.*$", text, re.MULTILINE)
    assert f"{machine.rows} x {machine.columns}" in row
    size = machine.sram.bytes >> 10
    assert (f"{size} KiB" if size < 1024 else f"{size >> 10} MiB") in row
    assert f"`{machine.sram.memory.name}`" in row
    assert f"`{machine.dram.memory.name}`, {machine.dram.gb_per_s:g} GB/s" in row
