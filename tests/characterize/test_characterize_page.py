"""docs/formats.md names everything there is, and its tables hold."""

import re
from pathlib import Path

import pytest

from hwdse import formats
from hwdse.characterize import block_sqnr, distribution, dynamic_range, sqnr
from hwdse.characterize.signal_to_noise import CLOSED_FORM_BITS
from hwdse.characterize.values import number_text
from hwdse.formats import OVERFLOWS, ROUNDINGS, Format, Quantizer, ScaleRule

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"
TEXT = PAGE.read_text(encoding="utf-8")
ELEMENT_HEAD = ("name", "bits", "max", "smallest positive", "range dB", "SQNR dB", "family")
BLOCK_HEAD = ("name", "bits a value", "element", "block", "scale", "rule", "SQNR dB")


def element_sqnr(name):
    f = formats.parse(name)
    return f"{sqnr(f, distribution('normal')).decibels:.1f}" if f.signed else "–"


def element_row(name, ratio):
    f = formats.parse(name)
    extent = dynamic_range(f)
    return (
        f"`{name}`",
        str(f.bits),
        number_text(f.max),
        number_text(f.min_subnormal),
        f"{extent.decibels:.1f}",
        ratio,
        f.family,
    )


def block_row(name):
    q = formats.get(name)
    ratio = f"{block_sqnr(q, distribution('normal')).decibels:.1f}"
    rule = getattr(q, "rule", "–")
    bits = f"{q.bits_per_element:.4g}"
    return (f"`{name}`", bits, q.element.name, str(q.block), str(q.scale), rule, ratio)


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


@pytest.mark.parametrize("name", formats.names())
def test_row_of_every_element_format(name):
    # The SQNR of wide formats takes a second each: any is believed.
    wide = formats.parse(name).bits > CLOSED_FORM_BITS
    cells = map(re.escape, element_row(name, "ratio" if wide else element_sqnr(name)))
    row = " \\| ".join(r"\d+\.\d" if cell == "ratio" else cell for cell in cells)
    assert re.search(rf"^\| {row} \|$", TEXT, flags=re.MULTILINE)


@pytest.mark.parametrize("name", formats.block_names())
def test_row_of_every_block_format(name):
    assert "| " + " | ".join(block_row(name)) + " |\n" in TEXT


def test_no_row_is_left_over():
    named = re.findall(r"^\| `([a-z0-9_]+)` \| [0-9.]+ \|", TEXT, flags=re.MULTILINE)
    assert sorted(named) == sorted([*formats.names(), *formats.block_names()])
    assert len(named) > 60


def test_every_family_and_syntax_has_its_place():
    families = {
        family.family: family.syntax()
        for family in (*Format.families, *Quantizer.families)
        if family.family and family.__module__.startswith("hwdse.")
    }
    assert len(families) >= 18
    for family, syntax in families.items():
        assert family == "block" or f"### {family}\n" in TEXT, family
        # Texts may be broken at a space.
        assert " ".join(syntax.split()) in " ".join(TEXT.split()), syntax


def test_every_rounding_overflow_and_scale_rule_is_defined():
    keywords = (*ROUNDINGS, *OVERFLOWS, *ScaleRule.rules)
    assert len(keywords) >= 10 + 4 + 8
    for keyword in keywords:
        assert f"| `{keyword}` | " in TEXT, keyword


def anchors(text: str) -> set[str]:
    """The names by which links reach the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


def test_links_and_pictures_lead_somewhere():
    targets = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert len(targets) >= 7
    for target in targets:
        name, _, anchor = target.partition("#")
        path = PAGE.parent / name if name else PAGE
        assert path.is_file(), target
        assert not anchor or anchor in anchors(path.read_text()), target


if __name__ == "__main__":
    # Writes both tables anew.
    for marker, head, rows in (
        (
            "elements",
            ELEMENT_HEAD,
            [element_row(name, element_sqnr(name)) for name in formats.names()],
        ),
        ("blocks", BLOCK_HEAD, [block_row(name) for name in formats.block_names()]),
    ):
        begin, end = f"<!-- {marker} -->\n", f"<!-- end of {marker} -->\n"
        before, after = TEXT.split(begin)
        after = after.split(end)[-1]
        TEXT = f"{before}{begin}\n{table(head, rows)}\n\n{end}{after}"
    PAGE.write_text(TEXT, encoding="utf-8")
