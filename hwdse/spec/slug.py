"""Names of designs for modules and files: one for each design, of at most 100 characters.

Most designs are named by their spec, with `_` for the separators of the grammar. Where that could
name another design too, or says less than the design is, the name ends in a digest of the whole
design, contents of files included: other levels in a codebook's file are another name. No two names
differ in the case of letters alone, for some file systems see none.
"""

import re
from collections.abc import Iterable

MAX_LENGTH = 100
_DIGEST_LENGTH = 12
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


def slug(words: Iterable[str], *, fingerprint: str, told: bool) -> str:
    """The name of a design.

    Args:
        words: parts of its spec, joined by `_`.
        fingerprint: digest of the design, hexadecimal.
        told: whether the words alone tell the design from all others.
    """
    text = "_".join(words)
    plain = re.sub("[:-]", "_", text)
    if told and len(plain) <= MAX_LENGTH and _PLAIN.fullmatch(plain):
        return plain
    # The last word of a plain name is no digest, so that no two names of the two kinds are equal.
    readable = re.sub(r"[^A-Za-z0-9]+", "_", text, flags=re.ASCII).strip("_")
    if not re.match("[A-Za-z]", readable):
        readable = f"design_{readable}"
    readable = readable[: MAX_LENGTH - _DIGEST_LENGTH - 1].rstrip("_")
    return f"{readable}_{fingerprint[:_DIGEST_LENGTH]}"
