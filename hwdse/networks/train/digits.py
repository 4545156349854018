"""Trains models/digits.onnx: the perceptron 64-64-32-10 on scikit-learn's digits, in seconds.

Run `python -m hwdse.networks.train.digits -o models/digits.onnx`. The recipe was chosen by
five-fold cross-validation on the train part (`--cross-validate`).
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
from scipy import ndimage
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier

from hwdse.networks import datasets
from hwdse.networks.train.export import GraphBuilder, save

HIDDEN = (64, 32)
CALIBRATION = 512
EPOCHS = 60
SIDE = 8
INPUTS = SIDE * SIDE


def augmented(part: datasets.Split) -> datasets.Split:
    """The n samples and 6 n copies, moved by half a pixel or turned by 10 degrees."""
    images = part.x.reshape(-1, SIDE, SIDE)
    copies = [images]
    for move in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5)):
        copies.append(ndimage.shift(images, (0, *move), order=1))
    for angle in (-10, 10):
        copies.append(ndimage.rotate(images, angle, axes=(1, 2), reshape=False, order=1))
    return datasets.Split(
        x=np.concatenate(copies).reshape(-1, INPUTS), y=np.tile(part.y, len(copies))
    )


def train(part: datasets.Split, seed: int) -> MLPClassifier:
    """Train the perceptron. The same seed gives the same weights."""
    more = augmented(part)
    classifier = MLPClassifier(
        hidden_layer_sizes=HIDDEN,
        alpha=0.03,
        batch_size=100,
        learning_rate_init=2e-3,
        max_iter=EPOCHS,
        # Run all epochs. With other values scikit-learn would stop at the first plateau.
        tol=0.0,
        n_iter_no_change=EPOCHS,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # The number of epochs is part of the recipe, so a warning about convergence is not useful.
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Convert to float64, because scikit-learn trains in the type of the samples (float32).
        return classifier.fit(more.x.astype(np.float64), more.y)


def export(classifier: MLPClassifier) -> onnx.ModelProto:
    """The trained network as an ONNX model with hwdse metadata."""
    graph = GraphBuilder(input_shape=(INPUTS,), classes=10)
    layers = list(zip(classifier.coefs_, classifier.intercepts_, strict=True))
    for index, (weight, bias) in enumerate(layers):
        graph.gemm(weight.T.astype(np.float32), bias.astype(np.float32))
        if index < len(layers) - 1:
            graph.relu()
    metadata = {
        "hwdse.title": "perceptron 64-64-32-10",
        "hwdse.dataset": datasets.DIGITS.name,
        "hwdse.mean": "0",
        "hwdse.std": "1",
        "hwdse.calibration": str(CALIBRATION),
        "hwdse.samples": str(datasets.DIGITS.test_size),
    }
    return graph.model("digits", metadata)


def main() -> None:
    """Train on the train part, write the file, and report the accuracy on the test part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cross-validate", action="store_true")
    options = parser.parse_args()

    part = datasets.DIGITS.train()
    if options.cross_validate:
        scores = [
            train(datasets.Split(x=part.x[fit], y=part.y[fit]), options.seed).score(
                part.x[rest], part.y[rest]
            )
            for fit, rest in StratifiedKFold(5, shuffle=True, random_state=0).split(part.x, part.y)
        ]
        sys.stdout.write(f"cross-validated accuracy {np.mean(scores):.4f}\n")
    if options.output:
        classifier = train(part, options.seed)
        save(export(classifier), options.output)
        test = datasets.DIGITS.test()
        accuracy = classifier.score(test.x, test.y)
        sys.stdout.write(f"float accuracy {accuracy:.4f} of {len(test.x)} images\n")


if __name__ == "__main__":
    main()
