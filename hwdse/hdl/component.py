"""Components that share one module: equal ones are emitted once and instantiated repeatedly.

A component is what it was made from: two of one class, made from equal arguments, are the same
hardware. When a design is emitted (`hwdse.hdl.hierarchy`), each different component becomes one
module; in any other use, such as a simulation by Amaranth, components are built as usual.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Protocol, Self, runtime_checkable

from amaranth.hdl import Elaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import Signature

_DESCRIBED_ONLY = ContextVar("described only", default=False)


@contextmanager
def described_only() -> Iterator[None]:
    """Components that are made here have no ports: their structure is all that is asked for.

    Ports are nearly all that it costs to make a component.
    """
    token = _DESCRIBED_ONLY.set(True)
    try:
        yield
    finally:
        _DESCRIBED_ONLY.reset(token)


@runtime_checkable
class Emission(Protocol):
    """A platform that emits each different component as a module of its own."""

    #: The component whose module is being made.
    current: object

    def instance(self, component: "Component", build: Callable[[], Any]) -> Any:
        """What stands for the component in the module that holds it.

        Args:
            component: the component.
            build: its own logic, for a component that needs no module.
        """


class Component(wiring.Component):
    """An Amaranth component that knows what it was made from.

    Attributes:
        identity: equal for components that are the same hardware.
    """

    # Equal components are made and only one of them is elaborated.
    _MustUse__silence = True

    identity: Hashable

    def __new__(cls, *arguments: object, **keywords: object) -> Self:
        self = super().__new__(cls)
        named = tuple((name, _identity(value)) for name, value in sorted(keywords.items()))
        self.identity = (cls, tuple(map(_identity, arguments)), named)
        return self

    def __init__(self, signature: Any = None) -> None:
        if not _DESCRIBED_ONLY.get():
            super().__init__(signature)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = vars(cls).get("elaborate")
        if own is None:
            return

        @wraps(own)
        def elaborate(self: Component, platform: object) -> Any:
            if isinstance(platform, Emission) and platform.current is not self:
                return platform.instance(self, lambda: own(self, platform))
            return own(self, platform)

        cls.elaborate = elaborate


def only_described(component: Elaboratable) -> None:
    """Keep Amaranth from warning that a component, or one that it holds, was never elaborated."""
    waiting, seen = [component], {id(component)}
    while waiting:
        part = waiting.pop()
        part._MustUse__silence = True
        for value in vars(part).values():
            for held in value if isinstance(value, list | tuple) else (value,):
                if isinstance(held, Elaboratable) and id(held) not in seen:
                    seen.add(id(held))
                    waiting.append(held)


def _identity(value: object) -> Hashable:
    """What makes an argument equal to another one."""
    if isinstance(value, Component):
        return value.identity
    if isinstance(value, Mapping):
        return tuple((key, _identity(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_identity, value))
    if isinstance(value, Signature):
        return tuple((name, repr(member)) for name, member in value.members.items())
    try:
        hash(value)
    except TypeError:
        return ("object", id(value))
    return value
