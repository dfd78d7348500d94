import numpy as np

from tenure.lake.message_filter import MessageFilter


def random_keys(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64)


def test_a_known_key_is_never_missed() -> None:
    known = random_keys(300_000, 1)
    built = MessageFilter.build([known[:100_000], known[100_000:]], known.size)
    assert built.find_suspects(known).size == known.size


def test_hardly_any_new_key_is_suspected_when_it_is_nearly_full() -> None:
    built = MessageFilter.build([random_keys(1_000_000, 1)], 800_000)
    assert not built.is_full
    assert built.find_suspects(random_keys(100_000, 2)).size < 600


def test_it_says_when_it_is_too_full() -> None:
    built = MessageFilter(1)
    built.add(random_keys(300_000, 3))
    assert built.is_full
