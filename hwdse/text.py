"""Text from outside, such as file names, in a form that can be shown."""


def printable(text: str) -> str:
    r"""`text` with an escape for every character that cannot be shown on one line.

    File names need not be UTF-8. Python keeps their stray bytes as lone surrogates, which no output
    accepts. A stray byte becomes `\xff`; a line break becomes `\n`; another control character
    becomes, for example, `\x1b`.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
