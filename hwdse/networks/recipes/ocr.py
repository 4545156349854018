"""PP-OCRv6 small, a network that reads lines of text, on lines that are drawn when it is made.

The network is rapidocr's file as it is, but for the size of its input. The lines are those of the
licence that the package carries, drawn by Pillow in the DejaVu fonts that Matplotlib carries.
Another text of the package chooses the scales.

Sources: PaddleOCR, PP-OCRv6; Shi, Bai and Yao, "CRNN", 2017, for networks whose places are classes
of characters with a blank.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
from onnx import helper

from hwdse.networks.cards import Card
from hwdse.networks.packages import PinnedWheel
from hwdse.networks.recipes import Files, NetworkRecipe, register

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

_NETWORK = "rapidocr/models/PP-OCRv6_rec_small.onnx"
_TEXT = "rapidocr-3.10.0.dist-info/licenses/LICENSE"
_OTHER_TEXT = "rapidocr-3.10.0.dist-info/licenses/MODEL_LICENSES.md"
HEIGHT, WIDTH = 48, 480
"""Size of a line in pixels."""
_MARGIN = 8
_FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono", "DejaVuSans-Bold")
_SIZES = (26, 22, 18)
_INKS = (0, 80, 140)
"""Grey of the text of a line, on white; fonts, sizes and inks take turns."""
CALIBRATION, SAMPLES = 32, 100


def build(content: bytes, path: Path, metadata: dict[str, str]) -> None:
    """Write the network with an input of fixed size, (n, 3, HEIGHT, WIDTH).

    Args:
        content: the file of the package.
        path: the file to write.
        metadata: properties to add. The characters that the file has stay.
    """
    model = onnx.load_model_from_string(content)
    sizes = model.graph.input[0].type.tensor_type.shape.dim
    sizes[2].dim_value, sizes[3].dim_value = HEIGHT, WIDTH
    kept = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, kept | metadata)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def lines_of(text: str, fonts: Sequence["FreeTypeFont"]) -> Iterator[tuple[str, "FreeTypeFont"]]:
    """As many words at a time as fit into a line, each line in the next font."""
    words = text.split()
    number = 0
    while words:
        font = fonts[number % len(fonts)]
        count = 1
        while count < len(words) and _fits(" ".join(words[: count + 1]), font):
            count += 1
        line = " ".join(words[:count])
        if _fits(line, font):  # what is too long alone, such as an address, is left out
            yield line, font
            number += 1
        words = words[count:]


def _fits(line: str, font: "FreeTypeFont") -> bool:
    return bool(font.getlength(line) <= WIDTH - 2 * _MARGIN)


def draw(text: str, folder: Path, most: int | None = None) -> None:
    """Draw the lines of a text, and write what they say into labels.csv.

    Args:
        text: the text, in characters of ASCII.
        folder: a new folder for the images.
        most: largest number of lines.
    """
    # Imported here: Matplotlib takes a second.
    from matplotlib import get_data_path  # noqa: PLC0415
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415

    files = Path(get_data_path()) / "fonts" / "ttf"
    fonts = [ImageFont.truetype(files / f"{f}.ttf", size) for size in _SIZES for f in _FONTS]
    folder.mkdir()
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    for number, (line, font) in enumerate(lines_of(text, fonts)):
        if number == most:
            break
        image = Image.new("L", (WIDTH, HEIGHT), 255)
        place = (_MARGIN, HEIGHT // 2)
        ink = _INKS[number % len(_INKS)]
        ImageDraw.Draw(image).text(place, line, fill=ink, font=font, anchor="lm")
        name = f"{number:03}.png"
        image.save(folder / name)
        table.writerow([name, line])
    (folder / "labels.csv").write_text(rows.getvalue(), encoding="utf-8")


def _make(files: Files, folder: Path) -> None:
    draw(files[_TEXT].decode(), folder / "lines")
    draw(files[_OTHER_TEXT].decode(), folder / "other-lines", CALIBRATION)
    metadata = {
        "hwdse.title": CARD.title,
        "hwdse.data": "lines",
        "hwdse.calibration_data": "other-lines",
        "hwdse.metric": CARD.metric,
        "hwdse.samples": str(SAMPLES),
        "hwdse.mean": "0.5",
        "hwdse.std": "0.5",
        "hwdse.channels": "bgr",
    }
    build(files[_NETWORK], folder / "ocr.onnx", metadata)


CARD = Card(
    name="ocr",
    title="PP-OCRv6 small (rapidocr), reads lines of text of 48 x 480 pixels",
    parameters=5_267_683,
    data="lines of a licence, drawn in DejaVu",
    metric="cer",
    value=0.00201,
    low=0.00058,
    high=0.00389,
    samples=100,
    licence="Apache-2.0",
    seconds=104.0,
)

register(
    NetworkRecipe(
        card=CARD,
        pins=(
            PinnedWheel(
                package="rapidocr",
                version="3.10.0",
                wheel="rapidocr-3.10.0-py3-none-any.whl",
                sha256="2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050",
                files={
                    _NETWORK: "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
                    _TEXT: "3e0af25fdd06aa9586ae97adb00ea927ebe5a3805ac77d2d3a81ce5f55693333",
                    _OTHER_TEXT: "c5fd0e8603d3df743355b546121e6fe0f4ef8ff455c5a85c1681fd3ae520e153",
                },
            ),
        ),
        make=_make,
    )
)
