"""`hwdse prove`: what it prints, and its exit status."""

import json

import pytest

from hwdse.cli import main
from hwdse.cli import proof as command
from hwdse.hdl.encode import binary_float
from hwdse.verify.formal import Verdict

SPEC = "a=e2m1fn,acc=kulisch,out=e4m3fn"


def test_all_proven(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", SPEC]) == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in out] == ["proven"] * 4
    assert [line.split()[3] for line in out] == ["decode", "multiply", "accumulate", "encode"]
    assert all(float(line.split()[1]) > 0 for line in out)


def test_json_and_a_planted_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary_float, "round_increment", lambda r, s, lsb, guard, sticky: guard)
    assert main(["prove", SPEC, "--json"]) == 1
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["proven"] is False
    assert [claim["verdict"] for claim in document["claims"]] == ["proven"] * 3 + ["refuted"]
    assert "o is " in document["claims"][3]["counterexample"]["got"]["meaning"]
    assert "1 of 4 claims do not hold" in err
    assert "encode e4m3fn" in err
    assert "expected o=0x" in err


def test_what_has_no_claim_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def decided(claims, timeout_s):
        assert timeout_s == 7
        return tuple(
            Verdict(name=c.name, reason="not decided in time", counterexample=None, seconds=7.0)
            for c in claims
        )

    monkeypatch.setattr(command, "decide", decided)
    assert main(["prove", "a=e4m3fn,acc=fp:fp32,out=bf16", "--timeout", "7"]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["undecided"] * 2 + ["no"] * 2
    assert "no claim              accumulator fp:fp32 of exact products" in out
    assert "2 of 2 claims do not hold" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a=int4"], "acc"),
        (["a=lns8_g8z,mul=log,acc=lns:lns8_g8z,out=lns8_g8z"], "no part of it has a formal claim"),
        (["a=int8,acc=int:32", "--timeout", "0"], "--timeout"),
        ([], "SPEC"),
    ],
)
def test_errors_are_one_line(arguments, message, only_error) -> None:
    assert main(["prove", *arguments]) == 2
    only_error(message)
