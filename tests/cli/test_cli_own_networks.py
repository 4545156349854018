"""Commands that run a network: all take networks, data and metrics of the user alike."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from hwdse import networks
from hwdse.cli import main
from hwdse.explore.store import Store
from hwdse.networks.source import NetworkSettings, NetworkSource
from hwdse.spec import Design

sys.path.insert(0, str(Path(__file__).parents[1] / "networks"))

from own_networks import classifier_data, classifier_model, write

FINE, COARSE, MINI = "a=int8,acc=int:32", "a=int4,acc=int:32", "a=e4m3fn,acc=fp:bf16"
OTHER = "cosine-float"


@pytest.fixture
def own(tmp_path):
    """Options of a network whose input is called as a key of a spec."""
    classifier_data(tmp_path / "my.npz")
    path = write(classifier_model(), tmp_path / "my.onnx")
    return ["--onnx", str(path), "--shape", "a=1x8", "--output", "scores"]


@pytest.fixture
def data(tmp_path):
    return ["--data", str(tmp_path / "my.npz"), "--calibration", "20"]


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text(f'designs = ["{FINE}", "{COARSE}", "{MINI}"]\n')
    return str(path)


def document(arguments, capsys):
    assert main([*arguments, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def expected(tmp_path):
    """What Python gives for a design, by another metric than that of classes."""

    def found(spec, samples=None):
        settings = NetworkSettings(
            data=str(tmp_path / "my.npz"), shapes=("a=1x8",), calibration="20", metric=OTHER
        )
        opened = NetworkSource(network=str(tmp_path / "my.onnx"), settings=settings).open()
        return networks.evaluate(
            Design.parse(spec), opened.network, samples, data=opened.data, metric=opened.metric
        )

    return found


def test_ladder(own, data, space, expected, capsys):
    arguments = ["ladder", space, *own, *data, "--metric", OTHER, "--few", "10", "--jobs", "1"]
    (found,) = document(arguments, capsys)["networks"]
    assert found["network"] == "my"
    assert [one["samples"] for one in found["designs"]] == [40] * 3
    assert found["designs"][2]["accuracy"] == expected(MINI).value
    assert found["designs"][2]["network"] == pytest.approx(expected(MINI).sqnr_db)
    assert main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[-1] == OTHER


def test_orders(own, data, capsys):
    found = document(["orders", MINI, FINE, *own, *data, "--orders", "4"], capsys)["orders"]
    assert [one["site"] for one in found] == ["hidden", "scores"] * 2
    assert [one["spread"] > 0 for one in found] == [True, True, False, False]


def test_bit_errors(own, data, tmp_path, expected, capsys):
    arguments = ["bit-errors", COARSE, *own, *data, "--metric", OTHER, "--draws", "2"]
    arguments += ["--rate", "0.2", "--plot", str(tmp_path / "bits")]
    found = document(arguments, capsys)["bit_errors"]
    assert len(found) == 4
    assert {one["clean"] for one in found} == {expected(COARSE).value}
    assert found[0]["loss"] > found[-1]["loss"]
    assert main(arguments) == 0
    head, first, *_ = capsys.readouterr().out.splitlines()
    assert head.split()[2:] == [*("without", "errors", OTHER, "interval", "lost")]
    assert "%" not in first
    assert OTHER not in (tmp_path / "bits.svg").read_text()
    assert "lost by errors in one bit" in (tmp_path / "bits.svg").read_text()


def test_layers(own, data, tmp_path, expected, capsys):
    how = [*own, *data, "--metric", OTHER]
    layers = document(["sensitivity", FINE, *how], capsys)["layers"]
    assert [one["layer"] for one in layers] == ["hidden", "scores"]
    assert all(one["value"] > expected(FINE).value for one in layers)
    path = tmp_path / "mixed.toml"
    arguments = ["search-layers", FINE, COARSE, *how, "--budget", "bits=0.8", "-o", str(path)]
    single, _, mixed = document(arguments, capsys)["scored"]
    assert single["value"] == expected(FINE).value
    assert mixed["metric"] == single["metric"] == "cosine similarity against float32"
    again = document(["accuracy", str(path), *how], capsys)["designs"][0]
    assert again["value"] == mixed["value"]
    assert main(arguments) == 0
    assert "points" not in capsys.readouterr().out


def test_simulations(own, data, capsys):
    common = ["--design", COARSE, *own, *data, "--samples", "5"]
    layer = document(["run-layer", "--layer", "scores", *common], capsys)
    assert layer["equal"]
    assert layer["total"]["results"] == 5 * 6
    whole = document(["run-network", *common], capsys)
    assert (whole["predictions"], whole["metric"], whole["logits"]) == (5, "top1", 30)
    by_metric = document(["run-network", *common, "--metric", OTHER], capsys)
    assert "predictions" not in by_metric
    assert 0.5 < by_metric["value"] < 1
    assert main(["run-network", *common, "--metric", OTHER]) == 0
    assert "30 outputs equal the network evaluator's" in capsys.readouterr().out


def test_what_runs_no_samples(own, capsys):
    assert document(["require", *own, "--latency-ms", "1"], capsys)["network"] == "my"
    assert document(["system", FINE, *own], capsys)["network"] == "my"


def test_metadata_serve_all_commands(tmp_path, capsys):
    classifier_data(tmp_path / "mine.npz")
    metadata = {"hwdse.data": "mine.npz", "hwdse.metric": "top5", "hwdse.samples": "30"}
    path = str(write(classifier_model(metadata=metadata), tmp_path / "my.onnx"))
    named = ["--network", path, "--shape", "width=8"]
    layers = document(["sensitivity", FINE, *named], capsys)["layers"]
    assert (layers[0]["metric"], layers[0]["samples"]) == ("top-5 accuracy", 30)


def sweep(tmp_path, space, own, data, capsys, *more):
    arguments = ["explore", space, "-o", str(tmp_path / "out"), "--jobs", "1", *own, *data]
    return document([*arguments, *more], capsys)


def test_explore_keeps_results_by_what_the_files_hold(tmp_path, own, data, space, capsys):
    found = sweep(tmp_path, space, own, data, capsys)
    assert (found["computed"], found["reused"]) == (3, 0)
    assert {row["network"] for row in found["front"]} == {"my"}
    assert {row["samples"] for row in found["front"]} == {40}
    assert sweep(tmp_path, space, own, data, capsys)["reused"] == 3
    # The same samples in another file are the same; what changes them is another result.
    (tmp_path / "copy.npz").write_bytes((tmp_path / "my.npz").read_bytes())
    copy = ["--data", str(tmp_path / "copy.npz"), "--calibration", "20"]
    assert sweep(tmp_path, space, own, copy, capsys)["reused"] == 3
    assert sweep(tmp_path, space, own, [*copy, "--metric", "top5"], capsys)["reused"] == 0
    assert sweep(tmp_path, space, own, [*copy[:2], "--calibration", "19"], capsys)["reused"] == 0
    arrays = dict(np.load(tmp_path / "my.npz"))
    arrays["y"][-1] = (arrays["y"][-1] + 1) % 6
    np.savez(tmp_path / "my.npz", **arrays)
    assert sweep(tmp_path, space, own, data, capsys)["computed"] == 3
    assert sweep(tmp_path, space, own, copy, capsys)["reused"] == 3


def test_explore_by_any_metric(tmp_path, own, data, space, expected, capsys):
    by_metric = [*data, "--metric", OTHER]
    found = sweep(tmp_path, space, own, by_metric, capsys)
    row = next(row for row in found["front"] if row["spec"] == str(Design.parse(FINE)))
    scored = expected(FINE)
    assert row["metric_value"] == scored.value
    assert (row["metric_low"], row["metric_high"]) == (scored.low, scored.high)
    assert row["metric_loss"] == scored.float_value - scored.value > 0
    assert row["sqnr_db"] == scored.sqnr_db
    assert (row["accuracy"], row["metric"]) == (None, scored.metric)
    assert sweep(tmp_path, space, own, by_metric, capsys)["reused"] == 3
    report = (tmp_path / "out" / "report.html").read_text()
    assert "Metric loss" in report
    assert "Agreement with float" not in report
    assert main(["explore", space, "-o", str(tmp_path / "out"), *own, *by_metric]) == 0
    out = capsys.readouterr().out
    assert scored.metric in out
    assert "nan" not in out
    assert main(["advise", str(tmp_path / "out")]) == 0
    assert "energy per MAC" in capsys.readouterr().out
    where = ["--x", "energy_pj", "--y", "metric_loss"]
    front = document(["pareto", str(tmp_path / "out"), *where], capsys)["front"]
    assert front[0]["metric_loss"] == min(one["metric_loss"] for one in front)


@pytest.mark.parametrize(
    ("line", "metric", "message"),
    [
        ('objectives = ["energy_pj", "accuracy"]', "mse-float", "accuracy: metric mse-float of"),
        ('where = ["agreement >= 0.9"]', "perplexity", "sqnr_db and metric_loss are allowed"),
        ('metric = "top1"\nwhere = ["metric_loss <= 0.1"]', "top1", "metric_loss: metric top1 of"),
    ],
)
def test_quantities_that_a_metric_does_not_have(
    own, data, space, line, metric, message, only_error
):
    with Path(space).open("a") as file:
        file.write(f"{line}\n")
    assert main(["explore", space, *own, *data, "--metric", metric]) == 2
    only_error(message)


def test_explore_by_keys_of_the_space_and_resumed(tmp_path, own, capsys):
    path = tmp_path / "space.toml"
    path.write_text(
        f'network = "{own[1]}"\nshapes = ["a=1x8"]\ndata = "{tmp_path / "my.npz"}"\n'
        f'calibration = 20\nmetric = "top1"\ndesigns = ["{FINE}", "{COARSE}"]\n'
    )
    found = document(["explore", str(path), "-o", str(tmp_path / "out"), "--jobs", "1"], capsys)
    assert found["computed"] == 2
    with Store.open(tmp_path / "out") as store:
        text = store.asked().space
    assert 'calibration = "20"' in text
    assert 'shapes = [\n    "a=1x8",\n]' in text
    assert document(["resume", str(tmp_path / "out")], capsys)["reused"] == 2
    # Another network leaves behind what belongs to the space's.
    more = ["--network", "digits", "--samples", "20", "-o", str(tmp_path / "digits"), "--jobs", "1"]
    assert {row["network"] for row in document(["explore", str(path), *more], capsys)["front"]} == {
        "digits"
    }


def test_a_search_with_rungs_takes_own_data(tmp_path, own, data, space, capsys):
    specs = [f"a=int{bits},acc=int:32" for bits in range(3, 9)]
    Path(space).write_text(
        f'rungs = ["layers"]\nbudget = "5"\nobjectives = ["energy_pj", "sqnr_db"]\n'
        f"designs = {json.dumps(specs)}\n"
    )
    found = sweep(tmp_path, space, own, data, capsys)
    assert 1 <= found["computed"] <= 5
    assert found["unmeasured"] == 6 - found["computed"]


@pytest.mark.parametrize(
    ("command", "more", "message"),
    [
        ("explore", ["--metric", "best"], "unknown metric 'best'"),
        ("explore", ["--data", "none.npz"], "no data 'none.npz': datasets are"),
        ("explore", ["--samples", "50"], "samples=50: the test part of my.npz has 40"),
        ("orders", ["--terms", "8"], "leave out the network or --terms"),
        ("orders", ["--metric", "top1"], "No such option '--metric'"),
        ("bit-errors", ["--network", "digits"], "Give a network: either --network NAME or"),
        ("sensitivity", ["--image", "crop"], "image 'crop' is not of the form KEY=VALUE"),
    ],
)
def test_wrong_input_is_one_line(own, data, space, command, more, message, only_error):
    first = space if command == "explore" else FINE
    assert main([command, first, *own, *data, *more]) == 2
    only_error(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sensitivity", FINE], "Give a network: either --network NAME or --onnx FILE."),
        (["require", "--latency-ms", "1"], "Give a network: either"),
        (["orders", FINE, "--data", "x.npz"], "--data belongs to a network: give --network NAME"),
        (["orders", FINE, "--shape", "a=2"], "--shape belongs to a network"),
    ],
)
def test_no_network_is_one_line(arguments, message, only_error):
    assert main(arguments) == 2
    only_error(message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('metric = "best"', "space.toml:2: unknown metric 'best'"),
        ("shapes = [3]", "space.toml:2: shapes holds 3: must be text"),
        ('shapes = ["x"]', "space.toml:2: shape 'x' is not of the form NAME=1x128"),
        ("calibration = 1.5", "space.toml:2: calibration = 1.5: must be text"),
    ],
)
def test_wrong_keys_of_a_space_are_one_line(space, line, message, only_error):
    with Path(space).open("a") as file:
        file.write(f"{line}\n")
    assert main(["explore", space]) == 2
    only_error(message)
