"""Writes what synthesis needs of a cell library as one Liberty text.

Yosys and ABC read areas, functions and delays. Energies, leakage, latches and cells without a
function are left out, and several files become one. So Yosys reads 4 MB in place of 45 MB for
ASAP7.
"""

from collections.abc import Iterator

from hwdse.cost.liberty.library import FALL, RISE, Arc, Cell, Library, LookupTable, Pin

_SENSES = {"positive": "positive_unate", "negative": "negative_unate", "either": "non_unate"}


def mapping_text(library: Library) -> str:
    """Return a Liberty text in ps and fF with all that synthesis needs of a library."""
    lines = [
        "library (cells) {",
        "delay_model : table_lookup;",
        'time_unit : "1ps";',
        'voltage_unit : "1V";',
        "capacitive_load_unit (1, ff);",
        f"nom_voltage : {library.voltage:g};",
    ]
    cells = [cell for cell in library.cells.values() if cell.outputs and cell.area_um2 > 0]
    for shape in sorted({shape for cell in cells for shape in _shapes(cell)}):
        lines += _template(shape)
    for cell in cells:
        lines += _cell(cell)
    return "\n".join([*lines, "}", ""])


def _shapes(cell: Cell) -> Iterator[tuple[int, int]]:
    """Sizes of the tables of a cell."""
    for pin in cell.pins.values():
        for arc in pin.arcs:
            for table in (*arc.delay.values(), *arc.slew.values()):
                yield len(table.slews_ps), len(table.loads_ff)


def _template(shape: tuple[int, int]) -> Iterator[str]:
    # ABC ends without a word if a template has other sizes than the tables that name it.
    yield f"lu_table_template (delay_{shape[0]}_{shape[1]}) {{"
    yield "variable_1 : input_net_transition;"
    yield "variable_2 : total_output_net_capacitance;"
    for number, size in enumerate(shape, 1):
        yield f'index_{number} ("{", ".join(map(str, range(1, size + 1)))}");'
    yield "}"


def _cell(cell: Cell) -> Iterator[str]:
    yield f"cell ({cell.name}) {{"
    yield f"area : {cell.area_um2!r};"
    stored = cell.flip_flop
    if stored is not None:
        sign = "" if stored.rising else "!"
        yield f"ff ({stored.state[0]}, {stored.state[1]}) {{"
        yield f'clocked_on : "{sign}{stored.clock}";'
        yield f'next_state : "{stored.next_state}";'
        for name, function in stored.asynchronous.items():
            yield f'{name} : "{function}";'
        yield "}"
    for pin in cell.pins.values():
        yield from _pin(pin)
    yield "}"


def _pin(pin: Pin) -> Iterator[str]:
    yield f"pin ({pin.name}) {{"
    yield f"direction : {pin.direction};"
    yield f"capacitance : {pin.capacitance_ff:.6g};"
    if pin.function:
        yield f'function : "{pin.function}";'
    if pin.limit_ff:
        yield f"max_capacitance : {pin.limit_ff:.6g};"
    for arc in pin.arcs:
        yield from _arc(arc)
    yield "}"


def _arc(arc: Arc) -> Iterator[str]:
    yield "timing () {"
    yield f'related_pin : "{arc.related}";'
    yield f"timing_sense : {_SENSES[arc.sense]};"
    names = (("cell_rise", "rise_transition"), ("cell_fall", "fall_transition"))
    for edge in (RISE, FALL):
        for name, tables in zip(names[edge], (arc.delay, arc.slew), strict=True):
            if edge in tables:
                yield from _table(name, tables[edge])
    yield "}"


def _table(name: str, table: LookupTable) -> Iterator[str]:
    yield f"{name} (delay_{len(table.slews_ps)}_{len(table.loads_ff)}) {{"
    for number, axis in ((1, table.slews_ps), (2, table.loads_ff)):
        yield f'index_{number} ("{", ".join(f"{value:.6g}" for value in axis)}");'
    rows = ", ".join(f'"{", ".join(f"{value:.6g}" for value in row)}"' for row in table.values)
    yield f"values ({rows});"
    yield "}"
