"""Text from outside, such as file names, made fit to be shown."""


def printable(text: str) -> str:
    r"""`text` with an escape for every character that cannot be shown on one line.

    Names of files need not be UTF-8: Python keeps their stray bytes as lone surrogates, which no
    output takes. They become `\xff`, line breaks and control characters `\n` and `\x1b`.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
