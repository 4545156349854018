"""The shipped GPT on characters, with a text to score it on: hwdse carries none.

`hwdse.networks.train.char_gpt` trained it on the news that choose the scales here; other news of
the same kind score it.
"""

from pathlib import Path

import onnx
from onnx import helper

from hwdse.errors import NetworkError
from hwdse.networks.cards import Card
from hwdse.networks.carried.gensim_texts import NEWS, OTHER_NEWS, gensim, text_of
from hwdse.networks.recipes import Files, NetworkRecipe, register
from hwdse.reading import MEBIBYTE, read_bytes
from hwdse.resources import resource

_MOST_BYTES = 16 * MEBIBYTE
CALIBRATION = 32 * 128 + 1
"""Characters of the text that chooses the scales: 32 windows."""


def _make(files: Files, folder: Path) -> None:
    source = resource("models", "char-gpt")
    network, tokenizer = (
        read_bytes(source / name, "network", NetworkError, most=_MOST_BYTES)
        for name in ("char-gpt.onnx", "tokenizer.json")
    )
    (folder / "tokenizer.json").write_bytes(tokenizer)
    texts = {
        "news.txt": text_of(files, NEWS)[:CALIBRATION],
        "other-news.txt": text_of(files, OTHER_NEWS),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    model = onnx.load_model_from_string(network)
    kept = {entry.key: entry.value for entry in model.metadata_props}
    named = {
        "hwdse.data": "other-news.txt",
        "hwdse.calibration_data": "news.txt",
        "hwdse.tokenizer": "tokenizer.json",
        "hwdse.metric": CARD.metric,
    }
    helper.set_model_props(model, kept | named)
    (folder / "char-gpt.onnx").write_bytes(model.SerializeToString(deterministic=True))


CARD = Card(
    name="char-gpt",
    title="GPT on characters: 4 blocks of width 72 with 6 heads, windows of 128",
    parameters=192_000,
    data="50 news items (Lee corpus, gensim)",
    metric="perplexity",
    value=5.178,
    low=4.967,
    high=5.376,
    samples=192,
    licence="MIT; text as gensim has it",
    seconds=11.0,
)

register(NetworkRecipe(card=CARD, pins=(gensim(NEWS, OTHER_NEWS),), make=_make))
