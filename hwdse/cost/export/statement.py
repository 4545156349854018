"""What every exported file says about its numbers, and how the numbers are written."""

import textwrap
from collections.abc import Iterator

import hwdse
from hwdse.cost.export.priced import PricedDesign
from hwdse.text import printable

_WIDTH = 96


def figure(value: float) -> str:
    """A number with six significant digits, as text that YAML and Python read as a float.

    Cost estimates are not known to more digits. YAML 1.1 reads a number without a point as an
    integer or, if it has an exponent, as text. So the text always has a point.

    Args:
        value: a finite number.
    """
    mantissa, exponent, power = f"{value:.6g}".partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}{exponent}{power}"


def statement(priced: PricedDesign, tool: str, usage: str) -> str:
    """Comment lines that begin with `#`: where the numbers come from, and how the tool uses them.

    The lines state spec, technology, method, clock, units and error bars. A file name in the spec
    or a word from the technology table cannot end a comment line.

    Args:
        priced: the design with its cost.
        tool: name of the tool.
        usage: how the file is used. Paragraphs are wrapped; indented lines stay as they are.
    """
    paragraphs = [*_facts(priced, tool), "", *usage.strip("\n").split("\n")]
    lines = [line for paragraph in paragraphs for line in _wrapped(printable(paragraph))]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _wrapped(paragraph: str) -> list[str]:
    """Lines of a paragraph. Indented lines stay whole: a spec can be copied from its line."""
    if paragraph.startswith(" ") or not paragraph:
        return [paragraph]
    return textwrap.wrap(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _facts(priced: PricedDesign, tool: str) -> Iterator[str]:
    cost, table = priced.cost, priced.technology
    yield f"A component for {tool}, written by hwdse {hwdse.__version__}."
    yield ""
    yield f"  spec: {priced.design}"
    yield (
        f"  technology: {table.name}, {table.node_nm:g} nm, {table.voltage:g} V, "
        f"{table.library}, {table.corner}"
    )
    yield f"  method: {cost.method}"
    yield f"  energy: {figure(cost.energy_pj)} pJ per MAC, {_margin(cost.energy_error)}"
    yield f"  area: {figure(cost.area_um2)} um2, {_margin(cost.area_error)}"
    yield f"  shortest clock period: {figure(cost.delay_ns)} ns, {_margin(cost.delay_error)}"
    yield f"  MACs per cycle: {priced.lanes}"
    yield f"  latency: {priced.design.unit.latency} cycles"
    yield ""
    yield (
        "Error bars hold for 90 % of such designs. The energy is for normally distributed "
        "operands, glitches included, and leakage at the shortest clock period. Memories outside "
        "the unit are not included."
    )
    yield ""
    yield "How the technology table was measured:"
    for quantity, words in table.method.items():
        yield f"{quantity}: {words}."
    yield ""
    yield "Blocks of the whole unit:"
    for block in cost.breakdown:
        yield (
            f"  {block.name}: {figure(block.area_um2)} um2, {figure(block.energy_pj)} pJ per MAC, "
            f"{figure(block.delay_ns)} ns"
        )
    if priced.lanes > 1:
        yield ""
        yield (
            f"The component is one of the unit's {priced.lanes} lanes, with one MAC per cycle and "
            f"1/{priced.lanes} of the area. {priced.lanes} components side by side are the unit."
        )


def _margin(error: float | None) -> str:
    return "error bar not measured" if error is None else f"+-{100 * error:.0f} %"
