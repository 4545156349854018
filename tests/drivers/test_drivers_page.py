"""The register table of docs/coprocessor.md is that of the hardware.

`python tests/drivers/test_drivers_page.py` rewrites it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from hwdse import Design, drivers
from hwdse.spec import Axi
from hwdse.spec.coprocessor_registers import ERRORS

PAGE = Path(__file__).parents[2] / "docs" / "coprocessor.md"
DESIGN = Design.parse("a=int8,acc=int:32,out=int8,unit=systolic,rows=8,cols=8,dataflow=os")


def register_lines() -> list[str]:
    lines = ["| offset | register | kind | bits | after reset | |", "|---|---|---|---|---|---|"]
    for register in Axi().registers(DESIGN):
        bits = "31..0" if register.bits == 32 else f"{register.bits - 1}..0"
        fields = "; ".join(
            f"`{part.name}` {_place(part.low, part.bits)}: {part.meaning}"
            for part in register.fields
        )
        meaning = register.meaning + (f": {fields}" if fields else "")
        value = f"{register.value:#x}" if register.name != "DESIGN" else "the design's"
        lines.append(
            f"| {register.offset:#04x} | {register.name} | {register.kind} | {bits} | {value} | "
            f"{meaning} |"
        )
    return lines


def _place(low: int, bits: int) -> str:
    return f"in bit {low}" if bits == 1 else f"in bits {low + bits - 1}..{low}"


def error_lines() -> list[str]:
    head = ["| error | | |", "|---|---|---|"]
    return head + [f"| {code} | `{name}` | {meaning} |" for name, (code, meaning) in ERRORS.items()]


def rewritten(text: str) -> str:
    for name, lines in (("registers", register_lines()), ("errors", error_lines())):
        text, count = re.subn(
            rf"(<!-- {name}[^>]*-->\n).*?(<!-- end of {name} -->)",
            lambda found, lines=lines: (
                f"{found[1]}{''.join(f'{x}{chr(10)}' for x in lines)}{found[2]}"
            ),
            text,
            flags=re.S,
        )
        assert count == 1
    return text


def test_the_page_has_the_registers_of_the_hardware() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert rewritten(text) == text, "run: python tests/drivers/test_drivers_page.py"


def test_the_examples_of_the_page_do_what_they_say(tmp_path: Path) -> None:
    """The C example compiles without a warning, the Python example writes what C would."""
    snippets = dict(re.findall(r"```(c|python)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S))
    texts = drivers.files(Axi(), DESIGN, "npu")
    for name, text in {**texts, "layer.c": snippets["c"]}.items():
        (tmp_path / name).write_text(text)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-fsyntax-only"]
    subprocess.run(["gcc", *flags, "layer.c"], cwd=tmp_path, check=True)

    table, written = Axi().registers(DESIGN), {}
    status = table["STATUS"].offset

    class Registers:
        def read32(self, offset: int) -> int:
            values = {r.offset: r.value for r in table} | {status: 2 * bool(written)}
            return values[offset]

        def write32(self, offset: int, value: int) -> None:
            written[offset] = value

    program = f"import os; os.chdir({str(tmp_path)!r})\n" + snippets["python"]
    before, folder = list(sys.path), Path.cwd()
    sys.path.insert(0, str(tmp_path))
    try:
        exec(program, {"bus": Registers()})
    finally:
        sys.path[:] = before
        os.chdir(folder)
        sys.modules.pop("coprocessor", None)
    sizes = dict(re.findall(r"\.(m|n|k|scale|shift|\w_stride) = (\d+)", snippets["c"]))
    assert len(sizes) == 8
    for name, value in sizes.items():
        assert written[table[name.upper()].offset] == int(value), name
    assert written[table["CONTROL"].offset] == 1


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
