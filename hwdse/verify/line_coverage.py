"""Writes coverage of a run: lines and toggles as lcov for CI tools, functional coverage as JSON."""

import json
from collections.abc import Iterator
from pathlib import Path

from hwdse.errors import ToolError
from hwdse.verify.prepare import Covered
from hwdse.writing import writable_folder, write_file

#: Kinds of coverage points in Verilator's data: the start of the point's `page` value.
_LINES, _TOGGLES = "v_line", "v_toggle"


def write_coverage(folder: Path, data: Path, covered: Covered, own: Path) -> None:
    """Write `coverage.info` (lcov) and `functional.json` (classes of outputs and of steps).

    Args:
        folder: output folder.
        data: path of Verilator's `coverage.dat`.
        covered: what the vectors that were run reach.
        own: temporary folder with Verilog files. This folder is removed from the file names.

    Raises:
        ToolError: the simulation left no coverage data.
        OutputError: a file cannot be written.
    """
    if not data.exists():
        raise ToolError(f"the simulation left no {data.name}: Verilator built without coverage")
    functional = {
        "vectors": dict(covered.vectors),
        "outputs": dict(covered.outputs),
        "steps": dict(covered.steps),
        "unreached": list(covered.unreached),
    }
    writable_folder(folder)
    write_file(folder / "coverage.info", lcov(data).replace(f"SF:{own}/", "SF:"))
    write_file(folder / "functional.json", json.dumps(functional, indent=2) + "\n")


def lcov(data: Path) -> str:
    """Convert a `coverage.dat` to an lcov tracefile. Toggles become branches."""
    lines: dict[str, dict[int, int]] = {}
    branches: dict[str, list[tuple[int, str, int]]] = {}
    for point, count in _points(data):
        file, line, page = point.get("f", ""), int(point.get("l", 0)), point.get("page", "")
        if page.startswith(_TOGGLES):
            branches.setdefault(file, []).append((line, point.get("o", ""), count))
        elif page.startswith(_LINES) or page.startswith("v_branch"):
            known = lines.setdefault(file, {})
            known[line] = max(known.get(line, 0), count)
    return "".join(
        _record(file, lines.get(file, {}), branches.get(file, []))
        for file in sorted({*lines, *branches})
    )


def _points(data: Path) -> Iterator[tuple[dict[str, str], int]]:
    for text in data.read_text(encoding="utf-8", errors="replace").splitlines():
        if not text.startswith("C '"):
            continue
        body, _, count = text[3:].rpartition("' ")
        pairs = (part.partition("\x02") for part in body.split("\x01") if part)
        yield {key: value for key, _, value in pairs}, int(count)


def _record(file: str, lines: dict[int, int], branches: list[tuple[int, str, int]]) -> str:
    shown = ["TN:verilator", f"SF:{file}"]
    for number, (line, _, count) in enumerate(sorted(branches)):
        shown.append(f"BRDA:{line},0,{number},{count}")
    if branches:
        hit = sum(count > 0 for _, _, count in branches)
        shown += [f"BRF:{len(branches)}", f"BRH:{hit}"]
    shown += [f"DA:{line},{count}" for line, count in sorted(lines.items())]
    shown += [f"LF:{len(lines)}", f"LH:{sum(count > 0 for count in lines.values())}"]
    return "\n".join([*shown, "end_of_record", ""])
