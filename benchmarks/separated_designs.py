"""How many pairs of designs the samples of a network tell apart, and at what cost.

    python benchmarks/separated_designs.py digits digits-cnn fashion-cnn

Three methods use the same designs and samples: intervals of the accuracies that do not overlap
(Wilson, 95 %), paired answers (McNemar), and paired errors of each sample's outputs (Wilcoxon
signed rank). The last two methods are corrected for the number of pairs (Holm, 5 %).
"""

import argparse
import sys
import time
from itertools import combinations

import numpy as np

from hwdse import Design, kernels, networks
from hwdse.explore.ranking import holm, rank
from hwdse.networks.accuracy import output_errors, sqnr_db
from hwdse.networks.calibration import observations
from hwdse.networks.execute import Executor, FloatNetwork, batches, padded_outputs
from hwdse.networks.metrics.classes import predicted_classes
from hwdse.networks.named import samples_of
from hwdse.networks.quantize import DesignArithmetic, plan
from hwdse.networks.statistics import mcnemar_p, wilson_interval

DESIGNS = (
    "a=int8,acc=int:32",
    "a=int4,acc=int:32,unit=dot,lanes=4",
    "a=e4m3fn,acc=fp:bf16",
    "a=e5m2,acc=fp:bf16",
    "a=e2m3fn,acc=kulisch",
    "a=e4m3fn,mul=lmul,acc=fp:bf16",
    "a=posit8_1,acc=kulisch",
    "a=e2m1fn,acc=kulisch",
)


def main() -> None:
    """Print a table and a summary line for each network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--samples", type=int, help="the network's own number by default")
    options = parser.parse_args()
    for name in options.networks:
        network = networks.load(name)
        samples = options.samples or network.default_samples
        report(network, network.named_dataset.test(limit=samples))


def report(network, part):
    def outputs(runner):
        samples = batches(network, samples_of(network, part))
        some = [padded_outputs(runner, network, batch.inputs) for batch in samples]
        return np.concatenate(some)

    exact = outputs(FloatNetwork(network))
    observed = observations(network, None)
    right, errors, seconds = [], [], []
    sys.stdout.write(f"{network.name}: {len(part.x)} samples, float ")
    sys.stdout.write(f"{100 * np.mean(predicted_classes(exact) == part.y):.2f} %\n")
    for spec in DESIGNS:
        design = Design.parse(spec)
        compile_kernels(design)
        began = time.process_time()
        plans = {site: plan(design, each, kernels.matmul) for site, each in observed.items()}
        arithmetic = DesignArithmetic(design, plans, kernels.matmul)
        found = outputs(Executor(network, arithmetic))
        seconds.append(time.process_time() - began)
        right.append(predicted_classes(found) == part.y)
        errors.append(output_errors(found, exact))
        sys.stdout.write(
            f"  {spec:36} {100 * right[-1].mean():6.2f} % {sqnr_db(errors[-1], exact):6.1f} dB "
            f"{seconds[-1]:6.2f} s of CPU\n"
        )
    pairs = list(combinations(range(len(DESIGNS)), 2))
    intervals = [wilson_interval(int(each.sum()), len(each)) for each in right]
    apart = sum(
        intervals[i][1] < intervals[j][0] or intervals[j][1] < intervals[i][0] for i, j in pairs
    )
    answers = holm(np.array([mcnemar_p(right[i], right[j]) for i, j in pairs]))
    sys.stdout.write(
        f"  pairs told apart, of {len(pairs)}: intervals {apart}, McNemar {answers.sum()}, "
        f"errors of the outputs {rank(errors).separated}; {np.mean(seconds):.1f} s a design\n"
    )


def compile_kernels(design):
    """Compile the kernels of a design before the timing starts.

    A process compiles once per kind of arithmetic, so compilation is no cost of a network.
    """
    operands = [kernels.encode(each, np.ones((8, 8), np.float32)) for each in (design.a, design.b)]
    kernels.quantize(design.a, np.ones((8, 8), np.float32))
    kernels.decode(design.out, kernels.matmul(design, *operands))


if __name__ == "__main__":
    main()
