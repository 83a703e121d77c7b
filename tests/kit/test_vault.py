"""Sealed values open for their own document and key only, and tell nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit.vault import Unreadable, Vault

VAULT = Vault("example-field-key")
NUMBER = "152701195203041234"


@given(st.text(), st.text())
def test_what_was_sealed_opens_again(text: str, about: str) -> None:
    assert VAULT.open(VAULT.seal(text, about), about) == text


def test_a_sealed_value_does_not_show_its_text_and_never_looks_the_same_twice() -> None:
    first, second = VAULT.seal(NUMBER, "a"), VAULT.seal(NUMBER, "a")
    assert NUMBER.encode() not in first
    assert first != second


def test_a_value_copied_into_another_document_does_not_open() -> None:
    with pytest.raises(Unreadable):
        VAULT.open(VAULT.seal(NUMBER, "a"), "b")


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(Unreadable):
        Vault("another-field-key").open(VAULT.seal(NUMBER, "a"), "a")


def test_an_altered_or_shortened_value_does_not_open() -> None:
    sealed = VAULT.seal(NUMBER, "a")
    for position in range(len(sealed)):
        altered = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(Unreadable):
            VAULT.open(altered, "a")
    for length in (0, 5, 12, 20, len(sealed) - 1):
        with pytest.raises(Unreadable):
            VAULT.open(sealed[:length], "a")


def test_a_blind_index_finds_the_same_value_and_depends_on_the_key() -> None:
    assert VAULT.blind(NUMBER) == VAULT.blind(NUMBER)
    assert VAULT.blind(NUMBER) != VAULT.blind(NUMBER[:-1] + "5")
    assert VAULT.blind(NUMBER) != Vault("another-field-key").blind(NUMBER)
    assert NUMBER not in VAULT.blind(NUMBER)
