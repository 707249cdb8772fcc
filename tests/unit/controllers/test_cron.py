"""Expectations are those of robfig/cron's own tests and of the calendar."""

import pytest

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.controllers import cron


@pytest.mark.parametrize(
    ("after", "schedule", "zone", "expected"),
    [
        ("2012-07-09T14:45:00Z", "0/15 * * * *", "", "2012-07-09T15:00:00Z"),
        ("2012-07-09T14:59:59Z", "0/15 * * * *", "", "2012-07-09T15:00:00Z"),
        ("2012-07-09T15:45:00Z", "20-35/15 * * * *", "", "2012-07-09T16:20:00Z"),
        ("2012-07-09T23:46:00Z", "*/15 * * * *", "", "2012-07-10T00:00:00Z"),
        ("2012-07-09T23:35:51Z", "0 0 29 2 *", "", "2016-02-29T00:00:00Z"),
        ("2012-07-09T00:00:00Z", "0 0 1 * mon", "", "2012-07-16T00:00:00Z"),
        ("2026-03-28T12:00:00Z", "30 2 * * *", "Europe/Berlin", "2026-03-30T00:30:00Z"),
        ("2026-01-01T00:00:00Z", "@weekly", "", "2026-01-04T00:00:00Z"),
        ("2026-01-01T00:00:00Z", "@every 1h30m", "", "2026-01-01T01:30:00Z"),
        ("2026-01-01T00:00:00Z", "TZ=Asia/Tokyo 0 9 * * *", "", "2026-01-02T00:00:00Z"),
        ("2026-01-01T00:00:00Z", "0 9 * * *", "Asia/Tokyo", "2026-01-02T00:00:00Z"),
    ],
)
def test_the_next_time(after: str, schedule: str, zone: str, expected: str) -> None:
    following = cron.parse(schedule, zone).next_after(parse_timestamp(after))
    assert following is not None and timestamp(following) == expected


def test_a_day_that_never_comes_is_none() -> None:
    assert cron.parse("0 0 30 2 *").next_after(parse_timestamp("2026-01-01T00:00:00Z")) is None


@pytest.mark.parametrize("text", ["* * * *", "60 * * * *", "x * * * *", "@never", "1-0 * * * *"])
def test_bad_schedules_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        cron.parse(text)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown time zone Nowhere/Land"):
        cron.parse("* * * * *", "Nowhere/Land")
