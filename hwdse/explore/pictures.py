"""Pictures of results as files: every picture as PNG and as SVG, in the house style."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from hwdse.figures import DPI, STYLE
from hwdse.writing import write_file


def save(draw: Callable[[], Figure], stem: Path) -> tuple[Path, Path]:
    """Draw a figure and write it.

    Args:
        draw: makes the figure.
        stem: path of the files without suffix.

    Returns:
        Paths of the PNG file and the SVG file.

    Raises:
        OutputError: a file cannot be written.
    """
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # Matplotlib draws characters that the font lacks as boxes. Do not warn about them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = draw()
        files = {}
        for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
            content = io.BytesIO()
            figure.savefig(content, format=kind, dpi=DPI, metadata=metadata)
            files[kind] = write_file(stem.with_name(f"{stem.name}.{kind}"), content.getvalue())
    return files["png"], files["svg"]
