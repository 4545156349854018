"""A claim that is false, undecided or empty must fail, with the reason."""

import pytest
from formal_claims import SMALL, decoder_by_table, encoder_by_threshold

from hwdse.errors import ToolError, VerificationError
from hwdse.hdl.encode import binary_float, posit
from hwdse.verify.formal import prove_all, prove_equal

_PORTS = "input [7:0] a, input [7:0] b, output [15:0] o, output [7:0] x"
GATE = f"module gate({_PORTS}); assign o = a * b, x = a ^ b; endmodule"
SPEC = f"module spec({_PORTS}); assign o = b * a, x = a ^ b; endmodule"


def test_equal_modules_are_proven() -> None:
    assert [v.name for v in prove_equal(GATE, SPEC)] == ["gate"]


def test_a_planted_difference_is_found_with_its_inputs() -> None:
    wrong = SPEC.replace("b * a", "b * a + (a == 7 && b == 201)")
    with pytest.raises(VerificationError) as caught:
        prove_equal(GATE, wrong, name="product")
    assert str(caught.value).splitlines() == [
        "1 of 1 claims do not hold",
        "  product: at a=0x7 b=0xc9 expected o=0x580, got o=0x57f",
    ]


def test_an_assumption_narrows_the_inputs() -> None:
    wrong = SPEC.replace("b * a", "b * a + (a == 7)")
    assumed = wrong.replace("endmodule", "always @* assume (a[0] == 0); endmodule")
    assert [v.name for v in prove_equal(GATE, assumed)] == ["gate"]


def test_an_impossible_assumption_is_a_failure() -> None:
    spec = SPEC.replace("endmodule", "always @* assume (a < b && b < a); endmodule")
    with pytest.raises(VerificationError, match="assumptions cannot be met"):
        prove_equal(GATE, spec)


def test_an_undecided_claim_is_a_failure() -> None:
    # Distributivity of wide words is beyond a SAT solver.
    gate = "module gate(input [31:0] a, b, c, output [31:0] o); assign o = a * (b + c); endmodule"
    spec = gate.replace("gate", "spec").replace("a * (b + c)", "a * b + c * a")
    with pytest.raises(VerificationError, match="not decided in time"):
        prove_equal(gate, spec, timeout_s=5)


def test_no_claim_is_a_failure() -> None:
    with pytest.raises(VerificationError, match="no claim"):
        prove_all([])


@pytest.mark.parametrize(
    ("gate", "spec"),
    [
        (GATE, SPEC.replace("output [7:0] x", "output [6:0] x")),
        (GATE.replace("x = a ^ b", "x = a ^ undeclared("), SPEC),
        (GATE.replace("; assign", "; reg r; always @(posedge a[0]) r <= 1; assign"), SPEC),
    ],
    ids=["other ports", "syntax", "register"],
)
def test_what_is_no_claim_is_an_error(gate: str, spec: str) -> None:
    with pytest.raises((ToolError, VerificationError)):
        prove_equal(gate.replace("x = a ^ b", "x = a ^ r") if "reg r" in gate else gate, spec)


def test_every_false_claim_is_listed() -> None:
    claims = [decoder_by_table("e2m1fn"), decoder_by_table("e3m2fn"), decoder_by_table("int4")]
    swapped = [
        claims[0],
        type(claims[1])(**{**vars(claims[1]), "spec": claims[1].spec.replace("'h20", "'h21")}),
        type(claims[2])(**{**vars(claims[2]), "spec": claims[2].spec.replace("'h13", "'h12")}),
    ]
    assert swapped[1].spec != claims[1].spec
    assert swapped[2].spec != claims[2].spec
    with pytest.raises(VerificationError, match="2 of 3 claims do not hold") as caught:
        prove_all(swapped)
    assert "decode e3m2fn: at i=" in str(caught.value)
    assert "decode int4: at i=" in str(caught.value)


@pytest.mark.parametrize(
    ("module", "name", "broken", "format_name", "shape"),
    [
        (binary_float, "round_increment", lambda r, s, lsb, g, t: g, "e4m3fn", "word"),
        (posit, "floor_increment", lambda r, s, lsb, g, t: g & t, "posit8_0", "special word"),
    ],
)
def test_a_planted_fault_in_an_encoder_is_found(
    module, name, broken, format_name, shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rounding that is wrong at ties only."""
    monkeypatch.setattr(module, name, broken)
    with pytest.raises(VerificationError, match="1 of 1 claims do not hold") as caught:
        prove_all([encoder_by_threshold(format_name, SMALL[shape], "rne")])
    assert "expected o=" in str(caught.value)
