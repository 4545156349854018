import json

import pytest

from hwdse.cli import main


def test_a_table_of_layers_and_one_of_bandwidths(capsys):
    assert main(["require", "--network", "digits", "--latency-ms", "0.01"]) == 0
    title, head, *rows = capsys.readouterr().out.splitlines()
    assert title == "digits, 1 sample in 0.01 ms."
    assert head.split()[:2] == ["layer", "MACs"]
    assert [row.split()[:2] for row in rows[:3]] == [
        ["gemm0.out", "4096"], ["gemm2.out", "2048"], ["gemm4.out", "320"],
    ]  # fmt: skip
    assert rows[4].startswith("Speed: 6464 MACs, 0.6464 * 10^9 MAC/s, 0.6464 per cycle of 1 ns.")
    assert rows[5].startswith("Capacity: 6.464 kB keep all weights on the chip")
    assert rows[-1].startswith("More on-chip memory moves no less")


def test_json_is_one_document(capsys):
    arguments = ["require", "--network", "digits", "--latency-ms", "1", "--batch", "8", "--json"]
    assert main([*arguments, "--clock-ns", "2", "--store", "b=mxfp4"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["network"], document["batch"], document["macs"]) == ("digits", 8, 8 * 6464)
    assert document["products_per_cycle"] == pytest.approx(2 * 8 * 6464 / 1e6)
    assert document["weight_bytes"] == pytest.approx(6464 * 4.25 / 8)
    assert [layer["m"] for layer in document["layers"]] == [8, 8, 8]
    assert document["traffic"][-1]["dram_bytes"] > document["weight_bytes"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--latency-ms", "0"], "0.0 is not in the range x>0"),
        (["--latency-ms", "soon"], "'soon' is not a valid float"),
        ([], "Missing option '--latency-ms'"),
        (["--latency-ms", "1", "--store", "b"], "OPERAND=FORMAT is needed"),
        (["--latency-ms", "1", "--store", "w=int8"], "unknown operand 'w' in memory"),
        (["--latency-ms", "1", "--store", "b=int99x"], "operand b in memory: "),
    ],
)
def test_wrong_input_is_one_line(arguments, message, capsys):
    assert main(["require", "--network", "digits", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
