"""The explorer page: linked views of the designs in a store, live while a sweep runs."""

from collections.abc import Callable

from hwdse.errors import HwdseError
from hwdse.explore.database import Place


def serve(
    place: Place,
    sweep: str | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8050,
    ready: Callable[[str], None],
) -> None:
    """Serve the page of a store until interrupted.

    Args:
        place: the store.
        sweep: name of the sweep; None: the latest.
        host: address of this machine on which to answer.
        port: port; 0 takes a free one.
        ready: called with the address of the page once it can be opened.

    Raises:
        StoreError: the store cannot be read or has no such sweep.
        HwdseError: the address cannot be used, or Dash is not installed.
    """
    try:
        # An extra, and slow to load.
        from hwdse.explore.page.server import answer  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("hwdse"):
            raise
        raise HwdseError(
            f"the explorer page needs {error.name}, which is missing: pip install 'hwdse[page]'"
        ) from error
    answer(place, sweep, host=host, port=port, ready=ready)
