import json
from pathlib import Path

import pytest

from hwdse.cli import main

INT8 = "a=int8,acc=int:32,out=int8"


def test_a_table_of_layers_and_the_total(capsys):
    assert main(["system", INT8, "--network", "digits"]) == 0
    title, head, *rows = capsys.readouterr().out.splitlines()
    assert title.startswith(f"{INT8}: digits, 1 sample, on edge, 16 x 16 units, output-stationary")
    assert head.split()[:4] == ["layer", "limit", "MACs", "cycles"]
    assert [row.split()[0] for row in rows[:4]] == ["gemm0.out", "gemm2.out", "gemm4.out", "total"]
    layers = [row.split() for row in rows[:3]]
    assert [int(cells[2]) for cells in layers] == [64 * 64, 64 * 32, 32 * 10]
    # One sample is one row, so 15 of the 16 rows of units have no work; 16 columns of results take
    # as many cycles as there are terms, and the array fills in 31 cycles.
    assert [int(cells[3]) for cells in layers] == [4 * 64 + 31, 2 * 64 + 31, 32 + 31]
    assert {cells[1] for cells in layers} == {"compute"}
    total = rows[3].split()
    assert int(total[1]) == 6464
    assert int(total[2]) == sum(int(cells[3]) for cells in layers)
    assert "Ridge of the roofline" in rows[4]
    assert rows[-2].startswith("Units: nangate45, analytic. Memories and wires: sram45, lpddr4, ")


def test_json_is_one_document(capsys):
    arguments = ["system", INT8, "a=e4m3fn,acc=kulisch", "--network", "digits-cnn", "--json"]
    assert main([*arguments, "--store", "b=mxfp4", "--batch", "8", "--machine", "single"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["network"], document["batch"], document["plots"]) == ("digits-cnn", 8, [])
    first, second = document["designs"]
    assert first["stored_bits"] == {"a": 8, "b": 4.25, "sum": 32, "out": 8}
    assert second["spec"].startswith("a=e4m3fn")
    for design in document["designs"]:
        layers, total = design["layers"], design["total"]
        assert total["macs"] == 8 * 108_448 == sum(layer["macs"] for layer in layers)
        for part, energy in total["energy_pj"].items():
            assert energy == pytest.approx(sum(layer["energy_pj"][part] for layer in layers))
        assert total["dram_bytes"] == pytest.approx(sum(layer["dram_bytes"] for layer in layers))
        # The first layer sees images of 8 x 8, each value once.
        assert layers[0]["bytes"]["dram_read"]["a"] == 8 * 64
        assert design["machine"]["dram"]["memory"]["source"]
        assert len(design["roofline"]["points"]) == 5


def test_less_memory_means_more_traffic(capsys, tmp_path):
    traffic = []
    for size in (512, 1 << 20):
        path = tmp_path / f"m{size}.toml"
        path.write_text(
            'dataflow = "output-stationary"\n[array]\nrows = 4\ncolumns = 4\n'
            f'[sram]\nmemory = "sram45"\nbytes = {size}\n'
            '[dram]\nmemory = "hbm2"\ngb_per_s = 10\n[wires]\nwire = "wire40"\n'
        )
        arguments = ["system", INT8, "--network", "fashion-cnn", "--machine", str(path), "--json"]
        assert main(arguments) == 0
        (design,) = json.loads(capsys.readouterr().out)["designs"]
        traffic.append(design["total"]["dram_bytes"])
    # With enough room every tensor moves once: 70,160 weights and the values between layers.
    values = 784 + 16 * 196 + 32 * 196 + 32 * 49 + 64 * 49 + 64 * 16
    # The last layer reads the mean of its 16 places, and nobody reads the 10 classes.
    assert traffic[1] == 70_160 + (values - 1024 + 64) + (values - 784 + 10)
    assert traffic[0] > 2 * traffic[1]


def test_the_roofline_is_drawn(capsys, tmp_path):
    stem = tmp_path / "roof"
    arguments = ["system", INT8, "--network", "digits", "--plot", f"{stem}.svg"]
    assert main(arguments) == 0
    png, svg = f"{stem}.png", f"{stem}.svg"
    assert capsys.readouterr().out.splitlines()[-2:] == [png, svg]
    assert Path(png).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    first = Path(svg).read_bytes()
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plots"] == [png, svg]
    assert Path(svg).read_bytes() == first  # the same data gives the same bytes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--network", "digits", "--machine", "moon"], "unknown machine 'moon': known are edge"),
        (["--network", "digits", "--machine", "none.toml"], "machine none.toml"),
        (["--network", "brain"], "unknown network 'brain'"),
        (["--network", "digits", "--store", "b"], "--store 'b': OPERAND=FORMAT is needed"),
        (["--network", "digits", "--store", "b=int4", "--store", "b=int8"], "gives 'b' twice"),
        (["--network", "digits", "--store", "c=int4"], "unknown operand 'c'"),
        (["--network", "digits", "--batch", "0"], "--batch"),
        (["--network", "digits", "--technology", "2nm"], "'2nm'"),
    ],
)
def test_bad_input(arguments, message, only_error):
    assert main(["system", INT8, *arguments]) == 2
    only_error(message)


def test_a_bare_unit_forms_no_array(only_error):
    assert main(["system", "a=int8,unit=mul", "--network", "digits"]) == 2
    only_error("unit mul forms no array (edge): mac, dot, mx, systolic and tensor do")
