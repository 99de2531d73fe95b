"""The decisions of the estimator of rate limits, each exactly, where the simulations look at the whole.

In each story, the numbers follow from constants at the top of the module: 1 % of a limit is reserved, 98 % of the refill
that headers imply is trusted, and a limit of unknown reset refills in 60 seconds.
"""

from __future__ import annotations

from typing import Any

import pytest

from responses_client._base.http import RateLimits
from responses_client._map.rate_limit import RateLimitEstimator, Ticket, _Observation, _vote


class Story:
    """An estimator with a record of its events, each in seconds from the start."""

    def __init__(self, start: float) -> None:
        self.estimator = RateLimitEstimator()
        self.start = start

    def send(self, at: float, count: int = 1) -> list[Ticket]:
        """Send requests at once."""
        tickets = [self.estimator.start(self.start + at) for _ in range(count)]
        self.last = tickets[-1]
        return tickets

    def answer(self, ticket: Ticket, at: float, *limits: Any, **reported: Any) -> None:
        """Receive an answer with these headers."""
        self.estimator.finish(ticket, self.start + at, RateLimits(*limits, **reported))

    def refuse(self, ticket: Ticket, at: float, *limits: Any, seconds: float = 0.0) -> None:
        """Receive a refusal with these headers, that asks to wait."""
        self.estimator.finish(ticket, self.start + at, RateLimits(*limits), is_refusal=True)
        self.block(at, seconds)

    def block(self, at: float, seconds: float, reason: str = "") -> None:
        """Be asked to wait."""
        self.estimator.block(self.start + at, seconds, reason)

    def tell(self, at: float, *limits: Any, sent_at: float | None = None, **reported: Any) -> None:
        """Send one request, and receive its answer with these headers."""
        [ticket] = self.send(at if sent_at is None else sent_at)
        self.answer(ticket, at, *limits, **reported)

    def wait(self, at: float) -> float:
        """Return the seconds that the next request has to wait."""
        return self.estimator.wait_seconds(self.start + at)

    def describe(self, at: float) -> str:
        """Return this wait as the log has it."""
        return self.estimator.describe_wait(self.start + at)

    def burst(self, at: float) -> int:
        """Send as many requests as may go at once, at most 2,000, and return their number."""
        return next((count for count in range(2000) if self.wait(at) or not self.send(at)), 2000)


@pytest.fixture(params=[0.0, 5000.0], ids=["at zero", "later"])
def story(request: pytest.FixtureRequest) -> Story:
    """A story, at two times: only differences of times count."""
    return Story(request.param)


def near(seconds: float) -> Any:
    return pytest.approx(seconds, abs=1e-6)


# Requests in flight


@pytest.mark.parametrize(("seconds", "count"), [(0.0, 4), (0.5, 2), (1.0, 4), (2.0, 12), (5.0, 124)])
def test_before_the_first_answer_the_number_in_flight_doubles_each_second(
    story: Story, seconds: float, count: int
) -> None:
    assert story.wait(0.0) == 0
    more = story.burst(0.0)
    assert more == 4
    assert story.wait(0.0) == near(0.01)
    assert (more if not seconds else story.burst(seconds)) == count
    assert story.wait(seconds) == near(0.01)


def test_wait_for_an_answer_names_the_number_in_flight(story: Story) -> None:
    story.send(0.0, 4)
    assert story.describe(0.0) == "until one of 4 requests in flight is answered"


def test_slow_start_counts_from_the_first_request_alone(story: Story) -> None:
    story.send(0.0)
    story.send(1.0)
    assert story.burst(2.0) == 16 - 2


def test_slow_start_lasts_for_any_time(story: Story) -> None:
    story.send(0.0)
    assert story.wait(10_000.0) == 0


def test_first_answer_ends_the_slow_start(story: Story) -> None:
    first, *_ = story.send(0.0, 4)
    story.answer(first, 0.1)
    assert story.burst(0.1) == 2000


def test_request_that_was_given_up_makes_room(story: Story) -> None:
    story.send(0.0, 4)
    story.estimator.abandon()
    assert story.burst(0.0) == 1


def test_refusal_without_a_known_limit_leaves_one_in_flight_and_each_answer_allows_one_more(
    story: Story,
) -> None:
    story.refuse(story.send(0.0)[0], 0.1, seconds=1.0)
    assert story.burst(2.0) == 1
    for _ in range(4):
        story.answer(story.last, 2.0)
        assert story.burst(2.0) == 2  # in place of the one that is answered, and one more


@pytest.mark.parametrize("limits", [(100, 90, 6.0), (None, None, None, 1000, 900, 6.0)])
def test_refusal_with_one_known_limit_leaves_the_number_in_flight_alone(
    story: Story, limits: tuple[Any, ...]
) -> None:
    story.tell(0.0, *limits)
    story.refuse(story.send(0.0)[0], 0.1, seconds=0.5)
    assert story.wait(0.1) == near(0.5)
    assert story.burst(1.0) > 50


# Blocks


def test_block_lasts_as_long_as_the_server_asks(story: Story) -> None:
    story.block(1.0, 300.0, "status 429")
    assert [story.wait(at) for at in (1.0, 300.9, 301.0)] == [near(300.0), near(0.1), 0]
    assert story.describe(1.0) == "for 300 s, status 429"


def test_longest_block_counts_with_its_reason(story: Story) -> None:
    story.block(0.0, 10.0, "long")
    story.block(1.0, 5.0, "short")
    assert story.wait(1.0) == near(9.0)
    assert story.describe(1.0) == "for 9 s, long"
    story.block(1.0, 20.0, "longer")
    assert story.describe(1.0) == "for 20 s, longer"


def test_least_block_doubles_with_each_refusal_in_a_row_up_to_a_second(story: Story) -> None:
    now, waits = 0.0, []
    for _ in range(9):
        story.block(now, 0.0)
        waits.append(story.wait(now))
        now += waits[-1]
    assert waits == [near(seconds) for seconds in (0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0, 1.0)]


def test_refusals_during_a_block_count_once(story: Story) -> None:
    story.block(0.0, 0.0)
    story.block(0.01, 0.0)
    assert story.wait(0.01) == near(0.02)
    story.block(0.04, 0.0)
    assert story.wait(0.04) == near(0.04)


def test_refusal_does_not_end_the_row_but_another_answer_does(story: Story) -> None:
    story.block(0.0, 0.0)
    story.refuse(story.send(1.0)[0], 1.0)
    assert story.wait(1.0) == near(0.04)
    story.tell(2.0)
    story.block(2.0, 0.0)
    assert story.wait(2.0) == near(0.02)


# A bucket


def test_first_answer_gives_count_and_refill(story: Story) -> None:
    story.tell(0.1, 100, 90, 6.0, sent_at=0.0)  # 9 or 10 were used, and refill in 6 seconds
    assert story.burst(0.1) == 90 - 1
    refill = 0.98 * 9 / 6
    assert [story.wait(0.1), story.wait(0.4)] == [near(1 / refill), near((1 - 0.3 * refill) / refill)]
    assert story.describe(0.4) == "for 0 s, as 1 of 100 requests remain (x-ratelimit-reset-requests)"
    assert story.wait(0.1 + 1 / refill + 1e-9) == 0


@pytest.mark.parametrize(("size", "reserve"), [(99, 0), (100, 1), (1000, 10), (1999, 19)])
def test_one_percent_is_reserved_in_whole_requests(story: Story, size: int, reserve: int) -> None:
    story.tell(0.0, size, 50, 60.0)
    assert story.burst(0.0) == 50 - reserve


def test_bucket_is_never_fuller_than_its_size(story: Story) -> None:
    story.tell(0.0, 100, 50, 10.0)
    assert story.burst(1000.0) == 99


def test_refill_is_that_of_all_observations_of_which_earlier_ones_weigh_less(story: Story) -> None:
    story.tell(0.0, 100, 90, 6.0)
    story.tell(1.0, 100, 81, 9.0)
    story.burst(1.0)
    assert story.wait(1.0) == near(1 / (0.98 * (0.9 * 9 + 18) / (0.9 * 6 + 9)))


@pytest.mark.parametrize("reset", [None, 0.0])
def test_limit_without_a_reset_refills_in_a_minute(story: Story, reset: float | None) -> None:
    story.tell(0.0, 30, 0, reset)
    assert story.wait(0.0) == near(1 / (0.98 * 30 / 60))
    assert story.describe(0.0) == "for 2 s, as 0 of 30 requests remain (x-ratelimit-remaining-requests)"


def test_single_used_request_says_nothing_of_the_refill(story: Story) -> None:
    story.tell(0.0, 100, 99, 0.6)
    story.burst(0.0)
    assert story.wait(0.0) == near(1 / (0.98 * 100 / 60))
    story.tell(1.0, 100, 90, 6.0)
    story.tell(1.0, 100, 99, 0.6)
    story.burst(1.0)
    assert story.wait(1.0) == near(1 / (0.98 * 9 / 6))


def test_two_used_requests_count_as_one(story: Story) -> None:
    story.tell(0.0, 50, 48, 6.0)
    story.burst(0.0)
    assert story.wait(0.0) == near(1 / (0.98 * 1 / 6))


def test_limit_of_one_refills_in_the_longest_reset(story: Story) -> None:
    story.tell(0.0, 1, 0, 10.0)
    story.tell(11.0, 1, 0, 4.0)
    assert story.wait(11.0) == near(10 / 0.98)


def test_limit_of_two_does_not_refill_in_its_reset(story: Story) -> None:
    story.tell(0.0, 2, 1, 10.0)
    story.send(0.0)
    assert story.wait(0.0) == near(1 / (0.98 * 2 / 60))


def test_unknown_size_is_the_most_that_remained(story: Story) -> None:
    story.tell(0.0, remaining_requests=4)
    story.tell(0.0, remaining_requests=2)
    assert story.burst(0.0) == 2
    assert story.wait(0.0) == near(1 / (0.98 * 4 / 60))


def test_remainder_above_the_size_is_the_size(story: Story) -> None:
    story.tell(0.0, 10, 500, 1.0)
    assert story.burst(0.0) == 10


def test_used_up_limit_below_one_changes_nothing(story: Story) -> None:
    story.tell(0.0, 10, 5, 60.0)
    story.tell(0.0, 0, 0, 60.0)
    assert story.burst(0.0) == 4  # the second request was sent, too


def test_limit_of_requests_and_of_tokens_are_both_kept(story: Story) -> None:
    story.tell(0.0, 10, 0, None, 60, 0, None)
    story.estimator.record_tokens(3)
    assert story.wait(0.0) == near(6 / 0.98)
    assert story.describe(0.0) == "for 6 s, as 0 of 10 requests remain (x-ratelimit-remaining-requests)"
    story.estimator.record_tokens(27)
    assert story.describe(0.0) == "for 40 s, as 0 of 60 tokens remain (x-ratelimit-remaining-tokens)"


# The count


@pytest.mark.parametrize(
    ("answered", "remaining", "left"),
    [
        ("last", 47, 47),  # as counted
        ("last", 40, 40),  # others used some
        ("last", 46, 46),
        ("last", 49, 47),  # those in flight may not have been counted yet
        ("last", 60, 58),  # none of them was
        ("first", 49, 47),  # the later ones were not
        ("first", 60, 58),
        ("first", 40, 40),  # all may be in it
        ("first", 48, 47),
    ],
)
def test_count_stays_within_the_bounds_of_an_answer(
    story: Story, answered: str, remaining: int, left: int
) -> None:
    story.tell(0.0, 99, 50, 60.0)
    tickets = story.send(0.0, 3)
    story.answer(tickets[-1 if answered == "last" else 0], 0.0, 99, remaining, 60.0)
    assert story.burst(0.0) == left


def test_refill_during_a_request_raises_the_count_at_most_to_what_was_told(story: Story) -> None:
    story.tell(0.0, 99, 50, 48.0)  # 48 counted in 48 seconds: 0.98 each second
    [ticket] = story.send(0.0)
    story.send(0.0)
    # Told at 0: 30; refilled until 10: 9.8; sent later: 1
    story.answer(ticket, 10.0, remaining_requests=30)
    assert story.burst(10.0) == 38


def test_refill_that_later_requests_used_up_does_not_count(story: Story) -> None:
    story.tell(0.0, 99, 50, 48.0)
    [ticket] = story.send(0.0)
    story.send(0.0, 20)
    story.answer(ticket, 10.0, remaining_requests=30)
    assert story.burst(10.0) == 30


def test_first_count_leaves_out_what_was_sent_since(story: Story) -> None:
    first, _, _ = story.send(0.0, 3)
    story.answer(first, 0.0, 99, 50, 60.0)
    assert story.burst(0.0) == 48


def test_answer_to_an_earlier_request_is_outdated(story: Story) -> None:
    first, second = story.send(0.0, 2)
    story.answer(second, 0.0, 99, 50, 60.0)
    story.answer(first, 0.0, 99, 20, 60.0)
    assert story.burst(0.0) == 50


def test_refused_request_costs_nothing(story: Story) -> None:
    story.tell(0.0, 99, 50, 60.0)
    story.refuse(story.send(0.0)[0], 0.0)
    story.estimator._blocked_until = 0.0
    assert story.burst(0.0) == 50


# Tokens


def test_requests_cost_their_mean_of_tokens_and_need_twice_the_deviation_beside(story: Story) -> None:
    story.estimator.record_tokens(10)
    story.estimator.record_tokens(30)  # mean 20, deviation 10
    story.tell(0.0, limit_tokens=1000, remaining_tokens=100, reset_tokens=60.0)
    assert story.burst(0.0) == 3  # 100, 80, 60, and then 40 of 40 needed and 10 reserved
    assert story.wait(0.0) == near(10 / (0.98 * 899 / 60))
    assert story.describe(0.0) == "for 1 s, as 40 of 1000 tokens remain (x-ratelimit-reset-tokens)"


def test_first_request_has_no_deviation(story: Story) -> None:
    story.estimator.record_tokens(10)
    story.tell(0.0, limit_tokens=90, remaining_tokens=50, reset_tokens=60.0)
    assert story.burst(0.0) == 5


@pytest.mark.parametrize(
    ("used", "mean", "deviation"),
    [
        ([10], 10, 0),
        ([10, 30], 20, 10),
        ([10, 30, 20], 20, 20 / 3),
        ([10] * 100 + [510], 20, 10),  # the latest weighs at least one in fifty
    ],
)
def test_tokens_needed_follow_from_those_used(
    story: Story, used: list[int], mean: float, deviation: float
) -> None:
    for tokens in used:
        story.estimator.record_tokens(tokens)
    story.tell(0.0, limit_tokens=99, remaining_tokens=0)
    assert story.wait(0.0) == near((mean + 2 * deviation) / (0.98 * 99 / 60))
    story.tell(0.0)
    assert story.wait(0.0) == near((2 * mean + 2 * deviation) / (0.98 * 99 / 60))


def test_tokens_are_not_counted_before_it_is_known_what_a_request_uses(story: Story) -> None:
    story.tell(0.0, limit_tokens=90, remaining_tokens=50, reset_tokens=60.0)
    assert story.burst(0.0) == 2000


def test_refused_tokens_are_given_back(story: Story) -> None:
    story.estimator.record_tokens(10)
    story.tell(0.0, limit_tokens=90, remaining_tokens=50, reset_tokens=60.0)
    story.refuse(story.send(0.0)[0], 0.0)
    story.estimator._blocked_until = 0.0
    assert story.burst(0.0) == 5


def test_tokens_in_flight_may_not_be_in_the_count(story: Story) -> None:
    story.estimator.record_tokens(10)
    story.tell(0.0, limit_tokens=99, remaining_tokens=50, reset_tokens=60.0)
    *_, last = story.send(0.0, 3)
    story.answer(last, 0.0, limit_tokens=99, remaining_tokens=70)
    assert story.burst(0.0) == 5  # two of 10 may not be in the 70


def test_request_that_costs_more_than_the_limit_waits_until_it_is_full(story: Story) -> None:
    story.estimator.record_tokens(500)
    story.tell(0.0, limit_tokens=60, remaining_tokens=30)
    assert story.wait(0.0) == near(30 / 0.98)
    assert story.wait(31.0) == 0


# A window


def window(story: Story) -> None:
    """Let a server tell of a window of 99 requests that ends 30 seconds after the start."""
    story.tell(0.1, 99, 89, 30.0, sent_at=0.0)
    story.tell(10.1, 99, 79, 20.0, sent_at=10.0)


def test_window_ends_at_the_latest_time_that_answers_allow(story: Story) -> None:
    window(story)
    assert story.burst(11.0) == 79
    assert [story.wait(11.0), story.wait(30.0), story.wait(30.1)] == [near(19.1), near(0.1), 0]


def test_each_answer_narrows_the_end_of_the_window(story: Story) -> None:
    window(story)
    story.tell(12.05, 99, 70, 18.0, sent_at=12.0)
    story.tell(13.09, 99, 60, 17.0, sent_at=13.04)
    story.tell(13.52, 99, 60, 16.5, sent_at=13.5)  # ends before it can
    story.burst(14.0)
    assert story.wait(14.0) == near(16.05)


def test_answer_of_another_end_that_is_earlier_is_not_believed(story: Story) -> None:
    window(story)
    story.tell(12.0, 99, 70, 5.0)
    story.burst(13.0)
    assert story.wait(13.0) == near(17.1)


def test_answer_of_a_later_end_is_of_the_next_window(story: Story) -> None:
    window(story)
    story.tell(12.0, 99, 95, 25.0)
    story.burst(13.0)
    assert story.wait(13.0) == near(24.0)


def test_next_window_is_full_and_lasts_for_the_longest_reset_until_an_answer_says_more(story: Story) -> None:
    window(story)
    assert story.burst(35.0) == 99
    assert story.wait(35.0) == near(30.0)
    story.tell(36.0, 99, 1, 24.5)  # the end was a guess
    story.burst(36.0)
    assert story.wait(36.0) == near(24.5)
    story.tell(37.0, 99, 0, 10.0)  # and is none any more
    assert story.wait(37.0) == near(23.5)


def test_answer_to_a_request_of_the_window_before_says_nothing_of_this_one(story: Story) -> None:
    window(story)
    [late] = story.send(29.0)
    assert story.wait(30.1) == 0
    story.answer(late, 31.0, 99, 0, 200.0)
    assert story.burst(31.0) == 99
    assert story.wait(31.0) == near(29.1)


def test_answer_to_a_request_sent_as_the_window_began_counts(story: Story) -> None:
    window(story)
    assert story.wait(32.0) == 0
    story.tell(32.5, 99, 10, 28.0, sent_at=32.0)
    assert story.burst(33.0) == 10
    assert story.wait(33.0) == near(27.5)


def test_count_in_a_window_is_at_most_what_was_told(story: Story) -> None:
    window(story)
    story.tell(20.0, 99, 10, 10.0, sent_at=12.0)
    assert story.burst(20.0) == 10


@pytest.mark.parametrize(("contrary", "is_window"), [(3, True), (4, False)])
def test_four_votes_outweigh_any_number_of_earlier_ones(story: Story, contrary: int, is_window: bool) -> None:
    for at in range(0, 80, 8):  # a window of 110 seconds
        story.tell(at, 999, 900 - at, 110.0 - at)
    for at in range(80, 80 + 8 * contrary, 8):  # now a bucket, whose reset grows with what is used
        story.tell(at, 999, 900 - 5 * at, 20.0 + at)
    story.burst(108.0)
    assert (story.wait(108.0) > 1) == is_window


@pytest.mark.parametrize(
    ("resets", "is_window"),
    [((10.0, 9.0), False), ((10.5, 9.5), True), ((10.5, 10.0), True), ((10.0, 9.5), True)],
)
def test_whole_seconds_alone_are_taken_for_rounded(
    story: Story, resets: tuple[float, float], is_window: bool
) -> None:
    story.tell(0.0, 999, 899, resets[0])
    story.tell(2.0, 999, 799, resets[1])
    story.burst(2.0)
    assert (story.wait(2.0) == near(resets[1])) == is_window


def test_answers_whose_order_is_unknown_do_not_vote(story: Story) -> None:
    story.tell(10.0, 99, 89, 30.0, sent_at=0.0)
    story.tell(10.1, 99, 79, 20.0, sent_at=9.9)
    story.burst(10.1)
    assert story.wait(10.1) < 10


@pytest.mark.parametrize(
    ("last", "new", "precision", "vote"),
    [
        # Earliest, latest, used, reset. With 10 in 10 seconds, a bucket refills one each second.
        ((0, 0, 10, 10), (5, 5, 20, 20), 0.002, -1),  # grew with what was used
        ((0, 0, 20, 20), (5, 5, 10, 10), 0.002, -1),  # shrank with it
        ((0, 0, 10, 10), (5, 5, 20, 5), 0.002, 1),  # shrank, though more was used
        ((0, 0, 10, 10), (5, 5, 10, 5), 0.002, 1),  # shrank, though nothing was used
        ((0, 0, 10, 10), (5, 5, 5, 15), 0.002, 1),
        ((0, 0, 0, 10), (5, 5, 20, 20), 0.002, 0),  # the first says nothing
        ((0, 0, 10, 10), (10, 10, 20, 20), 0.002, 0),  # a window may have ended
        ((0, 0, 10, 10), (9, 9.9, 20, 20), 0.002, -1),
        ((0, 0, 10, 10), (9, 10, 20, 20), 0.002, 0),
        ((1, 9, 10, 10), (10, 10, 20, 20), 0.002, -1),
        ((0, 0, 10, 10), (3, 3, 10, 10), 0.002, -1),  # a window would have shrunk by three
        ((0, 0, 10, 10), (2, 2, 10, 10), 0.002, 0),  # or by two, of which rounding hides one
        ((90, 91, 10, 10), (93, 93, 10, 10), 0.002, 0),
        ((90, 91, 10, 10), (94, 94, 10, 10), 0.002, -1),
        ((0, 0, 100, 1), (0.5, 0.5, 101, 1.1), 0.002, -1),
        ((0, 0, 10, 10), (2, 2, 12, 8.99), 0.002, 0),  # one, by rounding
        ((0, 0, 10, 10), (2, 2, 12, 8.98), 0.002, 1),
        ((0, 0, 10, 10), (3, 3, 12, 11.01), 0.002, -1),
        ((0, 0, 100, 10), (5, 5, 200, 11), 1.0, -1),  # no change that is seen, where resets are whole seconds
        ((0, 0, 100, 10), (2, 2, 200, 9), 1.0, 0),
        ((0, 0, 100, 10), (2, 2, 200, 9), 0.002, 1),
        ((0, 0, 100, 10), (2, 2, 200, 9.9), 0.002, -1),
    ],
)
def test_two_answers_vote_for_a_bucket_or_a_window(last: Any, new: Any, precision: float, vote: int) -> None:
    assert _vote(_Observation(*last), _Observation(*new), precision) == vote


# Headers that may be wrong


@pytest.mark.parametrize("reset", [3600.0, 86_400.0])
def test_headers_hold_a_request_back_for_two_minutes_without_news(story: Story, reset: float) -> None:
    story.tell(0.0, 1, 0, reset)
    assert [story.wait(at) for at in (0.0, 100.0, 119.9, 120.0)] == [near(120), near(20), near(0.1), 0]
    [probe] = story.send(120.0)
    assert story.wait(130.0) == near(110)
    story.answer(probe, 150.0)
    assert story.wait(150.0) == near(120)
