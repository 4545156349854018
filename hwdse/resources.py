"""Finds models/ and sims/: package data of an installed wheel, folders of a checkout."""

from pathlib import Path

from hwdse.errors import HwdseError

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Path of a shipped data file or folder, e.g. `resource("models", "digits-mlp.onnx")`.

    Raises:
        HwdseError: neither the installed package nor the checkout holds it.
    """
    candidates = (_PACKAGE / "_data", _PACKAGE.parent)
    for base in candidates:
        path = base.joinpath(*parts)
        if path.exists():
            return path
    raise HwdseError(
        f"{'/'.join(parts)} is missing from {' and '.join(map(str, candidates))}: reinstall hwdse"
    )
