"""Who is held out: decided here, once, recorded by the caller, and never derived again in an engine."""

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BUCKETS = 10_000
SALT_MARK = b"tenure"


def assign_buckets(salt: str, customer_ids: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """A bucket 0 to 9,999 for each customer: keyed BLAKE2b of the id's eight bytes, modulo 10,000.

    The same salt and id give the same bucket on every machine; another salt deals anew.
    """
    import numpy as np

    key = blake2b(salt.encode(), person=SALT_MARK).digest()
    raw: Any = customer_ids.astype("<i8").tobytes()
    digests = [
        blake2b(raw[start : start + 8], digest_size=8, key=key).digest() for start in range(0, len(raw), 8)
    ]
    return (np.frombuffer(b"".join(digests), dtype="<u8") % BUCKETS).astype(np.int64)


def assign_arms(salt: str, customer_ids: "NDArray[np.int64]", control_share: float) -> "NDArray[np.bool_]":
    """True for those who belong to the control group: the lowest `control_share` of the buckets."""
    if not 0 <= control_share <= 1:
        raise ValueError("control_share lies between 0 and 1")
    return assign_buckets(salt, customer_ids) < round(control_share * BUCKETS)
