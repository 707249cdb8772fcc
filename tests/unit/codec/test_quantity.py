"""Quantities. Expectations: apimachinery v0.37.2's resource.ParseQuantity, asked for each text."""

import pytest

from mockapi.meta import quantity
from mockapi.meta.quantity import Quantity, QuantityError, parse

CANONICAL = {
    "0": "0", "00": "0", "-0": "0", "m": "0", "Ki": "0", ".": "0", "1": "1", "+5": "+5",
    "1.5": "1500m", "1.500": "1.500", "0.5": "500m", ".5": "500m", "1000": "1k", "1500": "1500",
    "1000E": "1", "1e3": "1e3", "1e2": "100", "12E6": "12E6", "0.1m": "100u",
    "0.0000000001": "1n", "-0.0000000001": "-1n", "0.5Gi": "512Mi", "1.1Mi": "1153433600m",
    "0.1Gi": "107374182400m", "1024Mi": "1Gi", "1500Mi": "1500Mi", "1000Ki": "1000Ki",
    "09Mi": "09Mi", "9999Ei": "9223372036854775807", "100000m": "100", "1000000": "1M",
    "123456789012345678901": "123456789012345678901",
}  # fmt: skip
WRONG = {
    "": quantity.FORMAT_WRONG,
    "abc": quantity.FORMAT_WRONG,
    "1 Gi": quantity.FORMAT_WRONG,
    "1e": quantity.SUFFIX_WRONG,
    "1mm": quantity.SUFFIX_WRONG,
    "1KI": quantity.FORMAT_WRONG,
    "1e+": quantity.SUFFIX_WRONG,
    "-Pi": quantity.NUMERIC_WRONG,
}


@pytest.mark.parametrize("text", CANONICAL)
def test_quantity_is_written_as_go_writes_it(text: str) -> None:
    assert quantity.canonical(text) == CANONICAL[text]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_quantity_is_refused_in_gos_words(text: str) -> None:
    with pytest.raises(QuantityError) as error:
        parse(text)
    assert str(error.value) == WRONG[text]


def test_values_round_away_from_zero() -> None:
    assert (parse("1.5").value(), parse("1.0001").milli_value()) == (2, 1001)
    assert (parse("-1500m").value(), parse("2Gi").value()) == (-2, 2147483648)


def test_sums_keep_the_suffixes_of_what_is_not_zero() -> None:
    assert str(parse("0") + parse("1Gi")) == "1Gi"
    assert str(parse("512Mi") + parse("512Mi")) == "1Gi"
    assert str(parse("1500m") - parse("0.5")) == "1"
    assert str(parse("1Gi") - parse("2Gi")) == "-1Gi"


def test_equal_amounts_are_equal_however_written() -> None:
    assert parse("1000m") == parse("1") and hash(parse("1000m")) == hash(parse("1"))
    assert parse("1Ki") > parse("1k") and parse("1e999999999") > parse("1Ei")


def test_rounding_up_to_a_scale() -> None:
    assert str(parse("1.0005").round_up(quantity.MILLI)) == "1001m"
    assert str(Quantity.of_milli(2500)) == "2500m"
