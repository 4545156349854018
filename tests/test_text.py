"""Text from outside is made printable."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwdse.text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 数 😀", "plain é 数 😀"),
        (os.fsdecode(b"caf\xe9"), r"caf\xe9"),
        ("\ud800\udfff", r"\ud800\udfff"),
        ("a\nb\x1b[31m\x00\u202e", r"a\nb\x1b[31m\x00\u202e"),
    ],
)
def test_what_cannot_be_shown_is_escaped(text, shown):
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_any_text_becomes_one_printable_line_of_utf_8(text):
    shown = printable(text)
    assert shown.isprintable()
    shown.encode()
    assert printable(shown) == shown
