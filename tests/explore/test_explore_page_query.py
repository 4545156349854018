import pandas as pd
import pytest

from hwdse.errors import HwdseError
from hwdse.explore.page.query import Query

FRAME = pd.DataFrame(
    {"area_um2": [100.0, 200.0, float("nan"), 300.0], "accuracy": [0.9, 0.98, 0.99, 0.97]}
)
TEXTS = ["a=int8 certain", "a=e4m3fn,mul=lmul ", "a=e4m3fn dominated", "a=int4 undecided"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [1, 1, 1, 1]),
        ("E4M3FN", [0, 1, 1, 0]),
        ("e4m3fn lmul", [0, 1, 0, 0]),
        ("undecided", [0, 0, 0, 1]),
        ("area_um2 <= 200", [1, 1, 0, 0]),
        ("area_um2<=200 accuracy>=0.95", [0, 1, 0, 0]),
        ("int area_um2 >= 150 accuracy <= 0.97", [0, 0, 0, 1]),
        ("a=int", [1, 0, 0, 1]),
    ],
)
def test_words_and_limits_select(text, found):
    query = Query.parse(text)
    assert (query.matches(TEXTS) & query.keeps(FRAME)).tolist() == [bool(one) for one in found]


@pytest.mark.parametrize("text", ["", "lmul area_um2 <= 200", "area_um2 >= 1.5 delay_ns <= 2"])
def test_text_of_a_query_is_the_query(text):
    assert str(Query.parse(text)) == text
    assert Query.parse(str(Query.parse(text))) == Query.parse(text)


def test_a_range_replaces_limits_of_its_quantity_only():
    query = Query.parse("lmul area_um2 <= 200 delay_ns <= 2").within("area_um2", 10.0, 123.45678)
    assert str(query) == "lmul delay_ns <= 2 area_um2 >= 10 area_um2 <= 123.457"
    assert query.range("area_um2") == (10.0, 123.457)
    assert query.range("delay_ns") == (None, 2.0)
    assert str(query.within("area_um2", None, None)) == "lmul delay_ns <= 2"


@pytest.mark.parametrize(
    ("text", "said"),
    [("size <= 3", "unknown column 'size'"), ("area_um2 <= many", "is no limit")],
)
def test_wrong_limits_say_what_is_allowed(text, said):
    with pytest.raises(HwdseError, match=said):
        Query.parse(text)
