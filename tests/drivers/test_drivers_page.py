"""The register table of docs/coprocessor.md is that of the hardware.

`python tests/drivers/test_drivers_page.py` rewrites it.
"""

import re
from pathlib import Path

from hwdse import Design
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


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
