"""Tokens in mails."""

from hypothesis import given
from hypothesis import strategies as st

from tenure.campaigns.tokens import CLICK, OPEN, UNSUBSCRIBE, TokenContent, find_token_content, sign_token

numbers = st.integers(0, 2**62)


@given(numbers, numbers, numbers, st.integers(0, 500))
def test_a_token_says_what_it_was_made_with(campaign, delivery, customer, position):
    content = TokenContent(campaign, delivery, customer, position)
    assert find_token_content(CLICK, sign_token(CLICK, content)) == content


@given(st.integers(0, 27), st.sampled_from("ABCxyz019-_="))
def test_no_character_can_be_changed(at, other):
    token = sign_token(CLICK, TokenContent(7, 1_234, 5_678, 2))
    changed = token[:at] + other + token[at + 1 :]
    assert changed == token or find_token_content(CLICK, changed) is None


def test_a_token_is_good_for_one_purpose_only():
    token = sign_token(OPEN, TokenContent(1, 2, 3))
    assert find_token_content(UNSUBSCRIBE, token) is None
    assert find_token_content(CLICK, token) is None


@given(st.text(max_size=200))
def test_any_other_text_is_no_token(text):
    assert find_token_content(OPEN, text) is None


def test_another_installation_makes_other_tokens(settings):
    token = sign_token(OPEN, TokenContent(1, 2, 3))
    settings.SECRET_KEY = "another"
    assert find_token_content(OPEN, token) is None


def test_a_token_is_short():
    assert len(sign_token(CLICK, TokenContent(9_999, 10**9, 10**9, 99))) <= 40
