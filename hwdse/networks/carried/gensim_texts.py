"""Texts and lists of words among the test data of gensim, which several recipes read.

The wheel is that of one Python and one machine, whatever runs here: only files of data are taken.
"""

from collections.abc import Mapping

from hwdse.networks.packages import PinnedWheel

_FOLDER = "gensim/test/test_data"
NEWS = f"{_FOLDER}/lee_background.cor"
"""300 news items, one a line (Lee, Pincombe and Welsh, 2005)."""
OTHER_NEWS = f"{_FOLDER}/lee.cor"
"""50 other news items."""
WORDSIM = f"{_FOLDER}/wordsim353.tsv"
"""353 pairs of words with how alike people find them (Finkelstein et al., 2002)."""
SIMLEX = f"{_FOLDER}/simlex999.txt"
"""999 such pairs (Hill, Reichart and Korhonen, 2015)."""

_DIGESTS = {
    NEWS: "5d78d6dafd953bbf65797bef09a9ffb9ec430583381be705f8fd460000f370fb",
    OTHER_NEWS: "a878f9a58f6743c32985c56c2f2f75988386216b38a4023a01fd3bcf7884d93e",
    WORDSIM: "f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d",
    SIMLEX: "d5e0501971478a511430ee880bd0121e94ac701ba86d90544d83e6d2ba3db05d",
}


def gensim(*files: str) -> PinnedWheel:
    """The package, of which some files are taken."""
    return PinnedWheel(
        package="gensim",
        version="4.4.0",
        wheel="gensim-4.4.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
        sha256="91a7fa5e814e7b1bad4b2dffa8d62c1e55410d5cbdf930714c1997ffb4404db8",
        files={name: _DIGESTS[name] for name in files},
    )


def text_of(files: Mapping[str, bytes], name: str) -> str:
    """A text among the files. The encoding is Latin-1: there are signs of pounds sterling."""
    return files[name].decode("latin-1")
