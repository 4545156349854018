import json

import pytest
from verify_broken import broken

from hwdse import Design
from hwdse.cli import main

SPEC = "a=int4,acc=int:16"
ARRAY = "a=e4m3fn,acc=fp:bf16,unit=systolic,rows=8,cols=8"


def test_a_layer_is_compared_result_by_result(capsys):
    arguments = ["run-layer", "--network", "digits", "--layer", "gemm4.out", "--samples", "9"]
    assert main([*arguments, "--design", SPEC]) == 0
    title, head, row, equal, built = capsys.readouterr().out.splitlines()
    assert title == f"{SPEC}: digits, 9 test samples, in RTL simulation."
    assert head.split() == [
        *("layer", "M", "x", "K", "x", "N", "tiles", "cycles", "utilization", "results"),
        *("mismatches", "seconds", "results/s", "10^6", "MAC/s"),
    ]
    # A product a cycle, and a cycle until the last result is out.
    cells = row.split()
    assert cells[:8] == ["gemm4.out", "9", "x", "32", "x", "10", "90", str(9 * 32 * 10 + 1)]
    assert cells[8:12] == ["99.97", "%", "90", "0"]
    assert equal.startswith("Every result equals the network evaluator's, bit for bit.")
    assert built.startswith("The simulation was built in ")


def test_a_broken_unit_is_exit_1_with_decoded_mismatches(capsys, monkeypatch):
    design = Design.parse(SPEC)
    text = broken(design, "o_valid && inner_o[4:0] == 5'h15")
    monkeypatch.setattr("hwdse.verify.simulated.emit", lambda design: text)
    arguments = ["--network", "digits", "--samples", "12", "--design", SPEC, "--json"]
    assert main(["run-network", *arguments]) == 1
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["equal"] is False
    assert [layer["layer"] for layer in document["layers"]] == [
        "gemm0.out",
        "gemm2.out",
        "gemm4.out",
    ]
    total = document["total"]
    assert total["results"] == 12 * (64 + 32 + 10)
    assert 0 < total["mismatches"] < total["results"]
    assert total["off_schedule"] == 0
    assert 0 < document["logit_mismatches"] <= document["logits"] == 120
    lines = err[err.index("hwdse: error: ") :].splitlines()
    assert f"{total['mismatches']} of {total['results']} results, " in lines[0]
    assert lines[1].startswith("  gemm0.out: row ")
    assert " 1 ulp apart: a=[0x" in lines[1]


def test_layers_run_in_designs_of_their_own(tmp_path, capsys, only_error):
    path = tmp_path / "mixed.toml"
    path.write_text(f'default = "a=int8,acc=int:24"\nfirst = "{SPEC}"\nlast = "float"\n')
    arguments = ["--network", "digits", "--design", str(path), "--samples", "3"]
    assert main(["run-network", *arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["spec"] == str(path)
    layers = {layer["layer"]: layer for layer in document["layers"]}
    assert [layers[name]["spec"] for name in ("gemm0.out", "gemm2.out")] == [
        str(Design.parse(text)) for text in (SPEC, "a=int8,acc=int:24")
    ]
    assert document["float_layers"] == ["gemm4.out"]
    assert [layer["results"] for layer in layers.values()] == [3 * 64, 3 * 32]
    assert document["equal"] is True
    assert document["logits"] == 30
    assert main(["run-layer", *arguments, "--layer", "gemm0.out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"gemm0.out: {SPEC}"
    assert main(["run-layer", *arguments, "--layer", "gemm4.out"]) == 2
    only_error("nothing to simulate: gemm4.out stays float32")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run-layer", "--layer", "gemm1.out", "--design", SPEC], "unknown layer of digits 'gemm1"),
        (["run-network", "--design", "a=int8,unit=mul"], "units that do are mac, "),
        (["run-network", "--design", "a=int8"], "unit mac needs acc="),
        (["run-network", "--design", SPEC, "--samples", "446"], "the test part of digits has 445"),
    ],
)
def test_wrong_input_is_one_line(arguments, message, only_error):
    assert main([arguments[0], "--network", "digits", *arguments[1:]]) == 2
    only_error(message)


@pytest.mark.long
@pytest.mark.parametrize("dataflow", ["ws", "os"])
@pytest.mark.parametrize(("network", "samples"), [("digits", 445), ("fashion-cnn", 20)])
def test_whole_networks_have_the_same_logits(network, samples, dataflow, capsys):
    design = f"{ARRAY},dataflow={dataflow}"
    assert main(["run-network", "--network", network, "--design", design, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["equal"] is True
    assert document["samples"] == document["predictions"] == samples
    assert document["logits"] == 10 * samples
    assert document["logit_mismatches"] == document["prediction_mismatches"] == 0
    total = document["total"]
    assert (total["mismatches"], total["off_schedule"]) == (0, 0)
    assert total["macs"] == samples * {"digits": 6464, "fashion-cnn": 2926784}[network]
    assert total["utilization"] > 0.8
