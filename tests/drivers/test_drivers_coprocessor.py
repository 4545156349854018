"""C header and Python driver say and do the same, on hardware that is only made of registers."""

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hwdse import Design, drivers
from hwdse.drivers.coprocessor import as_json
from hwdse.golden.coprocessor import product
from hwdse.resources import resource
from hwdse.spec import Axi, Plain
from hwdse.spec.coprocessor_registers import ERRORS

STAGED = Design.parse("a=int8,acc=int:32,out=int8,unit=systolic,rows=3,cols=5,dataflow=os")
BARE = Design.parse("a=e4m3fn,acc=fp:bf16,unit=systolic,rows=2,cols=2,dataflow=os")
BASE = 0x1000
JOB = {
    **{"m": 3, "n": 4, "k": 1 << 31},
    **{"a": 0x1_2345_6780, "a_stride": 0x100, "w": 0xFEDC_BA98_7654_3210, "w_stride": 0x80},
    **{"r": 0x40, "r_stride": 0x20},
}
SCALING = {"bias": 0x1_0000_0008, "scales": 0x10, "scale": -3, "shift": 63}


def driver_module():
    spec = importlib.util.spec_from_file_location(
        "coprocessor_driver", resource("sims", "axi", "coprocessor.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


driver = driver_module()


class Registers:
    """Registers that know the constants, keep what is written, and end each job at once."""

    def __init__(self, table, finish=lambda registers: 0):
        self.values = {r.offset: r.value for r in table}
        self.table, self.finish, self.written = table, finish, []

    def read32(self, offset):
        return self.values[offset]

    def write32(self, offset, value):
        assert 0 <= value < 1 << 32
        self.written.append((offset, value))
        self.values[offset] = value
        if offset == self.table["CONTROL"].offset and value & 1:
            self.values[self.table["STATUS"].offset] = 2 | self.finish(self) << 8


@pytest.fixture(params=[STAGED, BARE], ids=["output stage", "none"])
def design(request) -> Design:
    return request.param


def compiled(header: str, program: str, folder: Path) -> str:
    """What a C program with the header prints."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    assert compiler, "a C compiler is needed"
    (folder / "cop.h").write_text(header)
    (folder / "main.c").write_text(program)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]
    command = [compiler, *flags, "main.c", "-o", "main"]
    subprocess.run(command, cwd=folder, check=True)
    return subprocess.run([folder / "main"], capture_output=True, text=True, check=True).stdout


def test_macros_of_the_header_are_those_of_the_table(design: Design, tmp_path: Path) -> None:
    table = Axi(width=64).registers(design)
    header = drivers.files(Axi(width=64), design, "cop")["cop.h"]
    names = re.findall(r"^#define (COP_\w+) ", header, re.M)
    lines = "".join(f'  printf("{name} %llu\\n", (unsigned long long){name});\n' for name in names)
    program = f'#include <stdio.h>\n#include "cop.h"\nint main(void) {{\n{lines}  return 0;\n}}\n'
    found = dict(line.split() for line in compiled(header, program, tmp_path).splitlines())
    expected = {f"COP_ERROR_{name.upper()}": code for name, (code, _) in ERRORS.items()}
    for register in table:
        expected[f"COP_{register.name}"] = register.offset
        if register.kind == "constant":
            expected[f"COP_{register.name}_VALUE"] = register.value
        for part in register.fields:
            expected[f"COP_{register.name}_{part.name.upper()}"] = part.mask
            if part.bits > 1:
                expected[f"COP_{register.name}_{part.name.upper()}_LSB"] = 1 << part.low
    array = Axi(width=64).array(design)
    expected |= {"COP_ROWS": array.rows, "COP_COLS": array.cols, "COP_WORD_BYTES": 8}
    expected |= {"COP_A_BYTES": 1, "COP_W_BYTES": 1, "COP_R_BYTES": 1 if design is STAGED else 2}
    assert {name: int(value) for name, value in found.items()} == expected


PROGRAM = """
#include <stdint.h>
#include <stdio.h>
static uint32_t status = 0, id;
static uint32_t read32(uintptr_t base, uint32_t offset);
static void write32(uintptr_t base, uint32_t offset, uint32_t value)
{{
    printf("%u %u\\n", (unsigned)(offset + base - {base}u), (unsigned)value);
}}
#define COP_READ32(base, offset) read32(base, offset)
#define COP_WRITE32(base, offset, value) write32(base, offset, (uint32_t)(value))
#include "cop.h"
static uint32_t read32(uintptr_t base, uint32_t offset)
{{
    (void)base;
    switch (offset) {{
{constants}
    case COP_STATUS: return status;
    case COP_CYCLES: return 77;
    default: return 0;
    }}
}}
int main(void)
{{
    struct cop_job job = {{ {job} }};
    id = COP_ID_VALUE + 1;
    if (cop_is_there({base}u)) return 1;
    id = COP_ID_VALUE;
    if (!cop_is_there({base}u)) return 2;
    cop_enable_interrupt({base}u, 1);
    if (cop_start({base}u, &job) != 0) return 3;
    status = COP_STATUS_BUSY;
    if (cop_start({base}u, &job) != -1) return 4;
    status = COP_STATUS_DONE | COP_ERROR_READ * COP_STATUS_ERROR_LSB;
    if (cop_wait({base}u) != COP_ERROR_READ) return 5;
    if (cop_cycles({base}u) != 77) return 6;
    cop_clear({base}u);
    return 0;
}}
"""


def test_both_drivers_write_the_same(design: Design, tmp_path: Path) -> None:
    table = Axi().registers(design)
    job = JOB | (SCALING if design is STAGED else {})
    constants = "\n".join(
        f"    case COP_{r.name}: return {'id' if r.name == 'ID' else f'COP_{r.name}_VALUE'};"
        for r in table
        if r.kind == "constant"
    )
    fields = ", ".join(f".{name} = {value}{'u' * (value > 0)}" for name, value in job.items())
    fields = fields.replace(f"{JOB['w']}u", f"{JOB['w']}ull")
    program = PROGRAM.format(base=BASE, constants=constants, job=fields)
    header = drivers.files(Axi(), design, "cop")["cop.h"]
    lines = compiled(header, program, tmp_path).splitlines()
    in_c = [tuple(map(int, line.split())) for line in lines]

    registers = Registers(table, finish=lambda _: ERRORS["read"][0])
    engine = driver.Coprocessor(registers, as_json(table))
    engine.enable_interrupt()
    engine.start(**job)
    with pytest.raises(driver.CoprocessorError, match=r"^read: memory answered a read"):
        engine.wait()
    engine.clear()
    # The order of settings does not matter; that of commands does.
    edges = (0, -1, -2)
    assert [in_c[k] for k in edges] == [registers.written[k] for k in edges]
    assert sorted(in_c) == sorted(registers.written)
    settings = {r.offset for r in table if r.kind == "setting"}
    assert {offset for offset, _ in in_c} == settings | {table["CONTROL"].offset}


def test_the_driver_reads_its_table_from_the_file(tmp_path: Path) -> None:
    texts = drivers.files(Axi(), STAGED, "cop")
    assert set(texts) == {"coprocessor.py", "cop_registers.json", "cop.h"}
    (tmp_path / "cop_registers.json").write_text(texts["cop_registers.json"])
    table = Axi().registers(STAGED)
    engine = driver.Coprocessor(Registers(table), tmp_path / "cop_registers.json")
    assert (engine.rows, engine.cols, engine.word) == (3, 5, 4)
    assert engine.registers == json.loads(texts["cop_registers.json"])["registers"]


def test_another_design_is_noticed() -> None:
    registers = Registers(Axi().registers(BARE))
    with pytest.raises(driver.CoprocessorError, match="register DESIGN reads 0x"):
        driver.Coprocessor(registers, as_json(Axi().registers(STAGED)))


def test_what_the_hardware_has_not_is_refused() -> None:
    table = Axi().registers(BARE)
    engine = driver.Coprocessor(Registers(table), as_json(table))
    with pytest.raises(driver.CoprocessorError, match="neither bias nor scale"):
        engine.start(**JOB, bias=0x40)
    table = Axi().registers(STAGED)
    registers = Registers(table)
    engine = driver.Coprocessor(registers, as_json(table))
    with pytest.raises(driver.CoprocessorError, match="0 to 63 are allowed"):
        engine.start(**JOB, shift=64)
    registers.values[table["STATUS"].offset] = 1
    with pytest.raises(driver.CoprocessorError, match="a job runs"):
        engine.start(**JOB)
    with pytest.raises(driver.CoprocessorError, match="has not ended: STATUS is 0x1"):
        engine.wait(polls=3)


class Memory(bytearray):
    def write(self, address, data):
        self[address : address + len(data)] = data

    def read(self, address, count):
        return self[address : address + count]


def computing(memory: Memory):
    """What the hardware does at the start of a job, by the golden model."""

    def finish(registers: Registers) -> int:
        values = {r.name: registers.values[r.offset] for r in registers.table}
        m, n, k = (values[name] for name in ("M", "N", "K"))

        def matrix(name: str, rows: int, count: int, kind: str) -> np.ndarray:
            at, stride = values[f"{name}_LOW"], values.get(f"{name}_STRIDE", 0)
            size = np.dtype(kind).itemsize
            lines = [memory.read(at + r * stride, count * size) for r in range(rows)]
            return np.array([np.frombuffer(bytes(line), kind) for line in lines])

        bias = matrix("BIAS", 1, n, "<i4")[0].astype(object) if values["OPTIONS"] & 1 else 0
        scales = matrix("SCALES", 1, n, "<i4")[0].astype(object)
        results = product(
            Axi(),
            STAGED,
            matrix("A", m, k, "u1"),
            matrix("W", n, k, "u1"),
            bias,
            scales if values["OPTIONS"] & 2 else values["SCALE"],
            values["SHIFT"],
        )
        for row, line in enumerate(results):
            memory.write(values["R_LOW"] + row * values["R_STRIDE"], bytes(line.tolist()))
        return 0

    return finish


def test_matmul_packs_and_unpacks_what_the_hardware_takes() -> None:
    memory, table = Memory(4096), Axi().registers(STAGED)
    engine = driver.Coprocessor(Registers(table, computing(memory)), as_json(table))
    rng = np.random.default_rng(0)
    a, w = rng.integers(-128, 128, (5, 7)), rng.integers(-128, 128, (6, 7))
    bias, scales = rng.integers(-1000, 1000, 6), rng.integers(-20, 20, 6)
    found = engine.matmul(
        *(memory, a.tolist(), w.tolist()),
        **{"base": 0x20, "bias": bias.tolist(), "scales": scales.tolist(), "shift": 11},
    )
    rounded = np.round((a @ w.T + bias) * scales / (1 << 11)).astype(int)
    assert np.array_equal(found, np.clip(rounded, -128, 127) & 0xFF)


def test_other_buses_have_no_software() -> None:
    assert drivers.files(Plain(), BARE, "x") == {}
