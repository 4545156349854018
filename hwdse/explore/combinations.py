"""Combinations of network, technology, clock and machine in a sweep: like is compared with like."""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd


def alike(names: Iterable[str]) -> list[tuple[str, list[int]]]:
    """The places of each name, in the order in which the names first occur."""
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    return list(found.items())


def parts(frame: pd.DataFrame) -> list[tuple[str, list[int]]]:
    """Name and places of the rows of each combination in a table. Without any, all are alike."""
    if "combination" not in frame or frame.empty:
        return [("", list(range(len(frame))))]
    codes, names = pd.factorize(frame["combination"])
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return [(str(name), group.tolist()) for name, group in zip(names, groups, strict=True)]


def file_name(stem: str, name: str) -> str:
    """The stem of a file about one combination: `pareto-fashion-cnn-nangate45-1-ns`."""
    words = re.findall(r"[A-Za-z0-9_.]+", name)
    return "-".join([stem, *words])
