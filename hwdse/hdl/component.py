"""Components with an identity: equal components become one module with many instances.

The class and the constructor arguments identify a component: two components of one class with equal
arguments are the same hardware. When a design is emitted (`hwdse.hdl.hierarchy`), each different
component becomes one module. In any other use, such as a simulation by Amaranth, components are
built as usual.
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
    """Components made in this context have no ports, because only their structure is read.

    Making the ports is nearly the whole cost of making a component.
    """
    token = _DESCRIBED_ONLY.set(True)
    try:
        yield
    finally:
        _DESCRIBED_ONLY.reset(token)


@runtime_checkable
class Emission(Protocol):
    """A platform that emits each different component as a separate module."""

    #: The component whose module is being made.
    current: object

    def instance(self, component: "Component", build: Callable[[], Any]) -> Any:
        """The instance that represents the component in the enclosing module.

        Args:
            component: the component.
            build: makes the component's logic in place, for a component that needs no module.
        """


class Component(wiring.Component):
    """An Amaranth component that knows its class and its constructor arguments.

    Attributes:
        identity: equal for components that are the same hardware.
    """

    # Amaranth warns of components that are never elaborated. Of equal components, only one is
    # elaborated.
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
    """Keep Amaranth from warning that a component was never elaborated.

    The same holds for all components inside this component.
    """
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
    """A hashable key of an argument: equal keys mean equal arguments."""
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
