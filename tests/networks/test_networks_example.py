"""The example of docs/networks.md, as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

PAGE = Path(__file__).parents[2] / "docs" / "networks.md"
BEGIN, END = "<!-- example -->\n", "<!-- end of example -->\n"


def test_the_example_of_the_page(capsys):
    text = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    names = {}
    exec(compile(code, str(PAGE), "exec"), names)
    fine, coarse = capsys.readouterr().out.splitlines()
    assert fine.startswith("a=int8,acc=int:32: ")
    assert coarse.startswith("a=int4,acc=int:32: ")
    close, order = (
        [float(line.split(": ")[1].split(" ")[0]), float(line.split()[-1])]
        for line in (fine, coarse)
    )
    assert close[0] > order[0]
    # The network by itself, without anything of hwdse.
    network, data = names["network"], names["data"]
    batch = {name: np.stack([sample.inputs[name] for sample in data.test()]) for name in ("a", "b")}
    a, b = (np.tanh(batch[name] @ network.w) for name in ("a", "b"))
    expected = np.abs(a - b).sum(axis=1)
    np.testing.assert_allclose(network.float_outputs(batch), expected, rtol=1e-5, atol=1e-6)
    correlation = spearmanr(expected, [sample.target for sample in data.test()]).statistic
    assert close[1] == pytest.approx(correlation, abs=0.02)
