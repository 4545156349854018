import json

import pytest

from hwdse.cli import main
from hwdse.verify.mutation import Mutant, MutationReport

MUTANT = Mutant(
    number=7, mode="inv", cell="add in line 3", port="Y[1]", wire="o", source="a + b", options=""
)
OTHER = Mutant(
    number=9, mode="const0", cell="mul in line 4", port="A[8]", wire="", source="a * b", options=""
)


@pytest.fixture(autouse=True)
def _no_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    def score(design, *, mutants, seed, level):
        return MutationReport(
            spec=str(design),
            level=level,
            seed=seed,
            mutants=mutants,
            killed=mutants - 2,
            killed_quick=mutants - 4,
            equivalent=(OTHER,),
            survivors=(MUTANT,),
            seconds=1.25,
        )

    monkeypatch.setattr("hwdse.cli.mutation.mutation_score", score)


def test_the_survivors_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutate", "a=int8,acc=int:32", "--mutants", "101"]) == 0
    head, row, survivor = capsys.readouterr().out.splitlines()
    assert head.split() == [
        *("score", "mutants", "killed", "quick", "equivalent", "survivors", "seconds")
    ]
    assert row.split()[:7] == ["99.00%", "101", "99", "97", "1", "1", "1.2"]
    assert survivor.strip() == "7: inv Y[1] of add in line 3: a + b"


def test_json(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "supported.toml").write_text(
        'designs = ["a=int8,acc=int:32", "a=bf16,acc=fp:fp32"]'
    )
    assert main(["mutate", "--supported", "--folder", str(tmp_path), "--json", "--seed", "4"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["level"], document["seed"]) == ("full", 4)
    assert [row["score"] for row in document["designs"]] == [0.995, 0.995]
    assert document["designs"][0]["survivors"][0]["source"] == "a + b"


def test_nothing_to_mutate_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutate"]) == 2
    assert "give a SPEC or --supported" in capsys.readouterr().err
