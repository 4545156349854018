"""A unit that does not use every key of a spec, in tables of a sweep."""

from hwdse import Design
from hwdse.explore.documents import FACTS
from hwdse.explore.record import Row, describe, facts_of


def test_tables_show_a_converter_that_cannot_be_ranked() -> None:
    facts = facts_of(Design.parse("a=fp32,out=e4m3fn,unit=convert"))
    assert all(check(facts[name]) for name, check in FACTS.items())
    record = describe(Row(key="x", facts=facts, failure="no running sum"))
    shown = (record["a"], record["b"], record["mul"], record["unit"])
    assert shown == ("fp32", None, None, "convert")
    assert record["design"] == "a=fp32,out=e4m3fn,unit=convert"
