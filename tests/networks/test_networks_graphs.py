"""Whole graphs equal onnxruntime, and docs/networks.md lists them.

Run as a script it writes the table of that page anew.
"""

import re
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from network_graphs import CLASSES, GRAPHS, NEWEST
from networks_fakes import relative_difference, runtime_outputs
from onnx.defs import onnx_opset_version

from hwdse import networks
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor, FloatNetwork

PAGE = Path(__file__).parents[2] / "docs" / "networks.md"
HEAD = ("graph", "opset", "products", "greatest difference")
BEGIN, END = "<!-- graphs -->\n", "<!-- end of graphs -->\n"
TOLERANCE = 1e-5
BATCHES = (1, 5)


def load(graph, folder):
    path = folder / f"{graph.name}.onnx"
    path.write_bytes(graph.model().SerializeToString())
    return networks.load(path, dataset="digits")


def differences(graph, network):
    """Of the lowered network, and of the float baseline, from the model as it was written."""
    lowered = Executor(network, FloatArithmetic())
    baseline = FloatNetwork(network)
    for batch in BATCHES:
        x = graph.samples(batch)
        (expected,) = runtime_outputs(graph.runnable_model(), x)
        assert expected.shape == (batch, CLASSES)
        assert expected.std() > 1e-3
        yield relative_difference(lowered.outputs(x), expected)
        yield relative_difference(baseline.outputs(x), expected)


@pytest.mark.parametrize(("name", "opset"), GRAPHS)
def test_lowered_graph_equals_onnxruntime(name, opset, tmp_path):
    graph = GRAPHS[name, opset]
    network = load(graph, tmp_path)
    found = list(differences(graph, network))
    assert len(found) == 2 * len(BATCHES)
    assert max(found) <= TOLERANCE
    profile = networks.profile(network)
    assert profile.macs > 0
    # Shares of rows that samples do not divide evenly are rounded up.
    assert sum(work.macs for work in profile.workloads) >= profile.macs


def test_enough_graphs_of_every_opset():
    assert len({name for name, _ in GRAPHS}) >= 70
    assert onnx_opset_version() == NEWEST
    counts = Counter(opset for _, opset in GRAPHS)
    assert {opset for opset, count in counts.items() if count >= 3} == set(range(7, NEWEST + 1))


def test_the_page_lists_every_graph():
    table = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    rows = re.findall(r"^\| ([a-z0-9-]+) \| (\d+) \| \d+ \| (\S+) \|$", table, flags=re.MULTILINE)
    assert [(name, int(opset)) for name, opset, _ in rows] == list(GRAPHS)
    assert max(float(difference) for _, _, difference in rows) <= TOLERANCE


def row(graph):
    with tempfile.TemporaryDirectory() as folder:
        network = load(graph, Path(folder))
        greatest = max(differences(graph, network))
        macs = networks.profile(network).macs
    return f"| {graph.name} | {graph.opset} | {macs} | {greatest:.1e} |"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)
    lines = [HEAD, ["---"] * len(HEAD)]
    table = ["| " + " | ".join(cells) + " |" for cells in lines] + [*map(row, GRAPHS.values())]
    written = before + BEGIN + "\n" + "\n".join(table) + "\n\n" + END + after.split(END)[1]
    PAGE.write_text(written, encoding="utf-8")
