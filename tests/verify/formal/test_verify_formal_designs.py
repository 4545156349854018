"""What is claimed of whole designs: true of the hardware, and false of broken hardware."""

import dataclasses

import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.hdl.encode import binary_float
from hwdse.verify.formal import Claim, claims_of, decide

#: Designs, and how the names of their claims begin.
DESIGNS = {
    "a=e2m1fn,acc=kulisch,out=e4m3fn,unit=dot,lanes=2,stages=2": (
        *("decode e2m1fn", "multiply e2m1fn by e2m1fn", "accumulate kulisch, 2", "encode e4m3fn"),
    ),
    "a=int4,b=uint4,acc=int:12:sat,out=int8": (
        *("decode int4", "decode uint4", "multiply int4 by uint4", "accumulate int:12:sat, 1"),
        "encode int8, rne",
    ),
    "a=posit8_0,b=ternary,mul=add-skip,acc=kulisch,out=posit8_0": (
        *("decode posit8_0", "decode ternary", "multiply posit8_0 by ternary", "accumulate"),
        "encode posit8_0",
    ),
    "a=e2m1fn,mul=lmul,out=e2m1fn,unit=mul": ("a=e2m1fn",),
    "a=int4,c=int4,out=int8,unit=fma,stages=1": ("a=int4",),
    "a=e3m2fn,c=e4m3fn,out=e4m3fn,unit=fma": ("a=e3m2fn",),
}


@pytest.mark.parametrize("spec", DESIGNS)
def test_what_is_claimed(spec: str) -> None:
    names = [claim.name for claim in claims_of(Design.parse(spec)).claims]
    assert len(names) == len(DESIGNS[spec])
    for name, start in zip(names, DESIGNS[spec], strict=True):
        assert name.startswith(start)


@pytest.mark.parametrize("spec", list(DESIGNS)[:2])
def test_it_holds(spec: str) -> None:
    verdicts = decide(claims_of(Design.parse(spec)).claims)
    assert [verdict.reason for verdict in verdicts] == [""] * len(DESIGNS[spec])


@pytest.mark.long
@pytest.mark.parametrize(
    "spec",
    [
        *list(DESIGNS)[2:],
        "a=e4m3fn,b=int4,acc=kulisch,out=bf16",
        "a=hif8,b=binary,mul=add-skip,acc=kulisch,out=hif8",
        "a=int8,b=pot4_k1,mul=shift-add,acc=kulisch,out=fp32",
        "a=e3m2fn,mul=mitchell,acc=kulisch,out=e5m2",
        "a=nf4,mul=lut,acc=kulisch,out=e5m2",
        "a=e3m2fn,acc=fp:fp16",
        "a=e3m2fn,acc=fp:fp16,out=e4m3fn",
        "a=e5m2,mul=lmul,acc=fp:fp16,out=e5m2",
        "a=dint4,acc=int:16,out=int8",
    ],
)
def test_more_holds(spec: str) -> None:
    verdicts = decide(claims_of(Design.parse(spec)).claims, timeout_s=1200)
    assert verdicts
    assert not any(verdict.reason for verdict in verdicts), verdicts


def test_what_is_left_out_is_said() -> None:
    found = claims_of(Design.parse("a=e4m3fn,acc=fp:fp32,out=bf16"))
    assert [claim.name.split(",")[0] for claim in found.claims] == ["decode e4m3fn", "encode bf16"]
    assert [reason.split(":")[0] for reason in found.unclaimed] == [
        "multiplier exact of e4m3fn and e4m3fn",
        "accumulator fp",
    ]
    (*_, last) = claims_of(Design.parse("a=e4m3fn,acc=fp:fp32")).unclaimed
    assert last == "the encoder of fp32: the sum is a code of it already"
    with pytest.raises(SpecError, match="no part of it has a formal claim: the decoder"):
        claims_of(Design.parse("a=lns8_g8z,mul=log,acc=lns:lns8_g8z,out=lns8_g8z"))


def only(start: str, spec: str) -> Claim:
    (claim,) = (c for c in claims_of(Design.parse(spec)).claims if c.name.startswith(start))
    return claim


def test_a_planted_fault_is_refuted_with_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ties round up: the counterexample is one, with numbers as a person reads them."""
    monkeypatch.setattr(binary_float, "round_increment", lambda r, s, lsb, guard, sticky: guard)
    (verdict,) = decide([only("encode", "a=e2m1fn,acc=kulisch,out=e4m3fn")])
    found = verdict.counterexample
    assert found is not None
    assert not verdict.proven
    told = verdict.reason
    assert " (i is " in told
    assert " (o is " in told.split("expected")[1]
    number, right, wrong = (
        float(part.split(" is ")[1].split(")")[0]) for part in told.split("(")[1:]
    )
    # A tie: as far from what is right as from what came out.
    assert right != wrong
    assert abs(number - right) == abs(number - wrong)
    assert verdict.to_json()["counterexample"]["got"]["ports"] == dict(found.got)


def test_a_sum_that_does_not_clear_is_refuted() -> None:
    claim = only("accumulate", "a=int4,acc=int:12,unit=dot,lanes=2")
    assert decide([claim])[0].proven
    keeps = dataclasses.replace(
        claim, wrapper=claim.wrapper.replace(".clear(clear)", ".clear(1'b0)")
    )
    assert keeps.wrapper != claim.wrapper
    (verdict,) = decide([keeps])
    assert verdict.counterexample is not None
    assert verdict.counterexample.inputs["clear"] == 1
    assert "i0 is " in verdict.reason


def test_a_sum_that_wraps_instead_of_saturating_is_refuted() -> None:
    claim = only("accumulate", "a=int4,acc=int:10:sat")
    wrapping = only("accumulate", "a=int4,acc=int:10")
    (verdict,) = decide([dataclasses.replace(claim, gate=wrapping.gate)])
    assert verdict.counterexample is not None
    assert verdict.counterexample.expected["total"] in (511, 512)


def test_a_wrong_product_is_refuted_with_its_values() -> None:
    claim = only("multiply", "a=e2m1fn,acc=kulisch")
    # The row of 6 times 6, which is the last of positive numbers, says 4 more.
    lines = claim.spec.splitlines()
    (at,) = (k for k, line in enumerate(lines) if line.strip().startswith("8'd119: row = "))
    head, word = lines[at].rstrip(";").rsplit("'h", 1)
    lines[at] = f"{head}'h{int(word, 16) + (4 << 2):x};"
    (verdict,) = decide([dataclasses.replace(claim, spec="\n".join(lines))])
    assert verdict.reason == (
        "at a=0x7 b=0x7 (a is 6, b is 6) expected magnitude=0xa0 (40), got magnitude=0x90 (36)"
    )
