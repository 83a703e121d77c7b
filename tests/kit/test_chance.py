"""Randomness from a buffer is still randomness."""

from collections import Counter

from server.kit.chance import Chance


def test_every_number_below_the_limit_comes_up_and_none_beyond() -> None:
    chance = Chance()
    drawn = Counter(chance.below(10) for _ in range(5_000))
    assert set(drawn) == set(range(10))
    assert min(drawn.values()) > 350


def test_no_two_draws_are_the_same_bytes_even_across_buffers() -> None:
    chance = Chance()
    drawn = [chance.hex(12) for _ in range(2_000)]
    assert len(set(drawn)) == 2_000
    assert {len(one) for one in drawn} == {24}
