"""Arithmetic that differs from layer to layer."""

from collections.abc import Callable, Mapping, Sequence

from hwdse.errors import SpecError
from hwdse.networks.arithmetic import Arithmetic, FloatArithmetic, Operand, Real, Site
from hwdse.networks.assignment import Assignment
from hwdse.networks.execute import profile
from hwdse.networks.protocols import Computation
from hwdse.spec import Design

Layers = Mapping[str, Design | None]
"""The design of each site, by site name, in the order of execution. None: float32."""


def layers_of(chosen: Design | Assignment, network: Computation) -> Layers:
    """The design of each site of a network.

    Raises:
        NetworkError: the network does not run.
        SpecError: the assignment does not fit the network.
    """
    sites = tuple(dict.fromkeys(workload.site for workload in profile(network).workloads))
    if isinstance(chosen, Design):
        return dict.fromkeys(sites, chosen)
    return chosen.of_sites(network.name, sites)


def hardware_of(chosen: Assignment, network: Computation) -> dict[str, Design]:
    """The design of each site of a network, none of which stays float32.

    Raises:
        NetworkError: the network does not run.
        SpecError: the assignment does not fit the network, or a layer stays float32.
    """
    found = {}
    for site, design in layers_of(chosen, network).items():
        if design is None:
            raise SpecError(f"{chosen.name}: layer {site} stays float32: it has no cost")
        found[site] = design
    return found


def designs_in(layers: Layers) -> tuple[Design, ...]:
    """The different designs, in the order of execution."""
    return tuple(dict.fromkeys(one for one in layers.values() if one is not None))


def by_layer(layers: Layers, make: Callable[[Design, Sequence[str]], Arithmetic]) -> Arithmetic:
    """The arithmetic of a network.

    Args:
        layers: the design of each site.
        make: function from a design and the names of its sites to their arithmetic.
    """
    found: dict[str, Arithmetic] = {}
    for design in designs_in(layers):
        sites = [site for site, one in layers.items() if one == design]
        found |= dict.fromkeys(sites, make(design, sites))
    return _LayerArithmetic(found)


class _LayerArithmetic(Arithmetic):
    """Passes each site to its own arithmetic. Sites without one stay float32."""

    def __init__(self, layers: Mapping[str, Arithmetic]) -> None:
        self._layers = layers
        self._rest = FloatArithmetic()

    def _of(self, site: Site) -> Arithmetic:
        return self._layers.get(site.name, self._rest)

    def quantises_blocks(self, operator: str) -> bool:
        """Whether a site of the operator does."""
        return any(
            one.quantises_blocks(operator)
            for site, one in self._layers.items()
            if site == operator or site.startswith(f"{operator}/")
        )

    def first(self, site: Site, x: Real) -> Operand:
        """The operand, as the site converts it."""
        return self._of(site).first(site, x)

    def second(self, site: Site, w: Real) -> Operand:
        """The operand, as the site converts it."""
        return self._of(site).second(site, w)

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """The product, as the site computes it."""
        return self._of(site).product(site, group, a, b)

    def stacks_groups(self, site: Site) -> bool:
        """As the site's arithmetic."""
        return self._of(site).stacks_groups(site)

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """The products, as the site computes them."""
        return self._of(site).products(site, a, b)

    def real(self, site: Site, a: Operand) -> Real:
        """The values, as the site converted them."""
        return self._of(site).real(site, a)
