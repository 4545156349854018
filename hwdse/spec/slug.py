"""Unique names of designs for modules and files, with at most 100 characters.

Most names are the spec of the design, with `_` instead of the separators of the spec syntax. If
this text could also name another design, or does not determine the whole design, the name ends in a
digest. The digest covers the whole design and the contents of its files. For example, a codebook
file with different levels gives a different name. No two names differ only in upper and lower case,
because some file systems ignore case.
"""

import re
from collections.abc import Iterable

MAX_LENGTH = 100
_DIGEST_LENGTH = 12
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


def slug(words: Iterable[str], *, fingerprint: str, told: bool) -> str:
    """The name of a design.

    Args:
        words: parts of the design spec. The function joins them with `_`.
        fingerprint: hexadecimal digest of the design.
        told: whether `words` alone distinguish the design from all other designs.
    """
    text = "_".join(words)
    plain = re.sub("[:-]", "_", text)
    if told and len(plain) <= MAX_LENGTH and _PLAIN.fullmatch(plain):
        return plain
    # The last word of a plain name is never a digest, so a plain name never equals a name with a
    # digest.
    readable = re.sub(r"[^A-Za-z0-9]+", "_", text, flags=re.ASCII).strip("_")
    if not re.match("[A-Za-z]", readable):
        readable = f"design_{readable}"
    readable = readable[: MAX_LENGTH - _DIGEST_LENGTH - 1].rstrip("_")
    return f"{readable}_{fingerprint[:_DIGEST_LENGTH]}"
