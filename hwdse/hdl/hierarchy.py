"""Emits a design as a hierarchy: one module with a comment for each different component."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import ClockSignal, Instance, ResetSignal
from amaranth.lib.wiring import In, Member

from hwdse.hdl.component import Component, only_described
from hwdse.hdl.targets import CELLS, Target

_PORT = re.compile(r"^  wire (?:width \d+ )?(?:signed )?input \d+\s+\\(clk|rst)$", re.M)
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, kw_only=True)
class EmittedModule:
    """One module of a hierarchy.

    Attributes:
        name: name of the module.
        text: RTLIL of the module; empty for a component that only joins wires and needs no module.
        comment: first line of the component's docstring.
        shared: which of the ports clk and rst the module has.
        ports: clk, rst, then the names of all inputs and of all outputs, each in the order of the
            component's signature.
    """

    name: str
    text: str
    comment: str
    shared: frozenset[str]
    ports: tuple[str, ...]


class Given(Component):
    """A component whose module already exists, such as a netlist with inserted registers.

    Args:
        module: the module.
        ports: members of the component's signature, without clock and reset.
    """

    def __init__(self, module: EmittedModule, ports: Mapping[str, Member]) -> None:
        self.module = module
        super().__init__(dict(ports))

    def elaborate(self, platform) -> Instance:
        return instance_of(self.module, self)


class Hierarchy:
    """Converts a component and all components inside it to modules, each different one once.

    Args:
        component: the whole design.
        name: name of the top module; the names of all other modules begin with it.
        given: components inside the design whose modules already exist.
        target: what the modules are made for; components see it as `platform.target`.
    """

    def __init__(
        self,
        component: Component,
        name: str,
        given: Sequence[Given] = (),
        *,
        target: Target = CELLS,
    ) -> None:
        self.target = target
        self.current: object = None
        self._modules: dict[Hashable, EmittedModule] = {
            part.identity: part.module for part in given
        }
        self._taken: dict[str, int] = {}
        self._name = name
        self._top = self._convert(component, name)

    @property
    def modules(self) -> list[EmittedModule]:
        """All modules: the top first, and each module before the modules that it holds."""
        inner = [module for module in self._modules.values() if module.text]
        return [self._top, *reversed(inner)]

    def ordered(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Yosys's modules in the order of `modules`, with ports in the order of the signatures.

        A part that is not a `Component` of hwdse follows the module that holds it.
        """
        known: dict[str, Any] = {}
        for module in self.modules:
            known[module.name] = in_order(found[module.name], module.ports)
            inner = [name for name in found if name.startswith(f"{module.name}.")]
            known |= {name: found[name] for name in inner}
        return known

    def instance(self, component: Component, build: Callable[[], Any]) -> Any:
        """An instance of the component's module, or the logic of a component without a module."""
        module = self._modules.get(component.identity)
        if module is not None and module.text:
            only_described(component)
        if module is None:
            module = self._convert(component, self._name_of(component))
            self._modules[component.identity] = module
        if not module.text:
            return build()
        return instance_of(module, component)

    def _convert(self, component: Component, name: str) -> EmittedModule:
        outer, self.current = self.current, component
        try:
            text: str = rtlil.convert(component, name=name, platform=self, emit_src=False)
        finally:
            self.current = outer
        documentation = (type(component).__doc__ or "").strip().splitlines()
        return EmittedModule(
            name=name,
            text=text if "\nmodule " in text else "",
            comment=documentation[0] if documentation else "",
            shared=frozenset(_PORT.findall(text)),
            ports=("clk", "rst", *_port_order(component)),
        )

    def _name_of(self, component: Component) -> str:
        word = "_".join(_WORD.split(type(component).__name__)).lower()
        count = self._taken[word] = self._taken.get(word, 0) + 1
        return f"{self._name}_{word}" + (f"_{count}" if count > 1 else "")


def instance_of(module: EmittedModule, component: Component) -> Instance:
    """An instance of a module, connected to the ports of the component that it represents."""
    ports = {name: source for name, source in _SHARED.items() if name[2:] in module.shared}
    for path, member, value in component.signature.flatten(component):
        prefix = "i" if member.flow == In else "o"
        ports[f"{prefix}_{_port_name(path)}"] = value
    return Instance(module.name, **ports)


def in_order(module: Mapping[str, Any], ports: Sequence[str]) -> dict[str, Any]:
    """The module with its ports in the given order, which must name at least all of them."""
    return {**module, "ports": {n: module["ports"][n] for n in ports if n in module["ports"]}}


def _port_order(component: Component) -> list[str]:
    """Names of all inputs, then of all outputs, each in the order of the signature."""
    flat = list(component.signature.flatten(component))
    ordered = sorted(flat, key=lambda item: item[1].flow != In)
    return [_port_name(path) for path, _, _ in ordered]


def _port_name(path: tuple[str | int, ...]) -> str:
    """The name that Amaranth gives to a port."""
    return "__".join(map(str, path))


_SHARED = {"i_clk": ClockSignal(), "i_rst": ResetSignal()}
