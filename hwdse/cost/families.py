"""What a design is, in words: the categories by which the cost model corrects and bounds itself."""

from hwdse.spec import Design


def categories(design: Design) -> dict[str, str]:
    """Families of the formats, keywords of the parts, and two pairs of them.

    The names come from the parts themselves, so a new part makes a new category.

    Returns:
        Value by category. A unit without accumulator has its own keyword as `acc`.
    """
    a, b, out = (type(fmt).__name__ for fmt in (design.a, design.b, design.out))
    acc = design.acc.keyword if design.acc is not None else design.unit.keyword
    return {
        "a": a,
        "b": b,
        "mul": design.mul.keyword,
        "acc": acc,
        "unit": design.unit.keyword,
        "out": out,
        "registers": "inserted" if design.unit.stages else "none",
        "mul of a": f"{design.mul.keyword} {a}",
        "out of acc": f"{acc} {out}",
    }
