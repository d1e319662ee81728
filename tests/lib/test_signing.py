"""Links and hashes come out as Django's own signer and Python's own HMAC make them."""

import hmac
from hashlib import sha256

from django.conf import settings
from django.core.signing import Signer
from hypothesis import given
from hypothesis import strategies as st

from worker.lib.signing import address_hash, copy_id, read_copy_id, unsubscribe_token


@given(key=st.text(max_size=300))
def test_an_addresss_hash_is_an_hmac(key):
    derived = sha256(b"postlark.suppression" + settings.ADDRESS_KEY.encode()).digest()
    assert address_hash(key) == hmac.digest(derived, key.encode(), "sha256").hex()


@given(blog=st.integers(0), subscriber=st.integers(0))
def test_a_link_is_signed_as_django_signs(blog, subscriber):
    assert unsubscribe_token(blog, subscriber) == Signer(salt="postlark.unsubscribe", sep=".").sign(f"{blog}-{subscriber}")
    assert read_copy_id(copy_id(blog, subscriber)) == (blog, subscriber)
