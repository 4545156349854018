"""Sweeps that mix block formats with formats without block scales."""

import pytest
from explore_fakes import FakeGenerator

from hwdse import Design
from hwdse.explore.documents import FACTS
from hwdse.explore.record import facts_of
from hwdse.explore.run import sweep
from hwdse.explore.space import Space

TEXT = """
network = "digits"
samples = 40
objectives = ["bits_per_element", "sqnr_db"]

[[space]]
a = ["mxfp4", "mxint8"]
acc = "fp:fp32"
unit = "mx"

[[space]]
a = "int8"
b = ["int8", "int4"]
acc = "fp:fp32"
unit = "dot"
lanes = 32
"""


@pytest.mark.parametrize(
    ("spec", "bits"),
    [
        ("a=nvfp4,acc=fp:fp32,unit=mx", 4.5),
        ("a=mxfp4,b=mxint8,unit=mxmul", 6.25),
        ("a=int8,b=int2,acc=int:32", 5),
        ("a=fp32,out=e4m3fn,unit=convert", 32),
    ],
)
def test_bits_count_the_scales_of_blocks(spec: str, bits: float) -> None:
    facts = facts_of(Design.parse(spec))
    assert facts["bits"] == bits
    assert all(check(facts[name]) for name, check in FACTS.items())


def test_a_mixed_space_gives_accuracy_cost_and_bits(tmp_path) -> None:
    path = tmp_path / "space.toml"
    path.write_text(TEXT)
    result = sweep(
        Space.load(path),
        tmp_path / "out",
        jobs=1,
        generator=FakeGenerator(log=tmp_path / "generated"),
    )
    frame = result.frame.set_index("a")
    assert frame["bits_per_element"].tolist() == [4.25, 8.25, 8, 6]
    assert (frame["energy_pj"] > 0).all()
    assert (frame["accuracy"] > 0.8).all()
    assert frame["sqnr_db"]["mxfp4"] < frame["sqnr_db"]["mxint8"]
    assert set(result.front["a"]) >= {"mxfp4", "int8"}
