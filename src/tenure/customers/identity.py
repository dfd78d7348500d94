"""Who is who: identifiers to customers.

A user id is a hard identifier, an anonymous id a soft one. An anonymous profile that becomes known is merged
into the known one; two different hard ids never merge, unless an alias call or a person says so. Two profiles
that a person took apart are merged by a person only. An identifier keeps its `home`: the profile that it came
with, whatever that profile is merged into.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from tenure.base import clock
from tenure.customers.models import Identifier, Merge, Separation

USER_ID = Identifier.Kind.USER_ID.value
ANONYMOUS_ID = Identifier.Kind.ANONYMOUS_ID.value
_MOST_PARAMETERS = 900
_MOST_ROWS = 20_000
_era = 0


@dataclass(frozen=True)
class IdentityClaim:
    """What one event says about who it is of."""

    user_id: str | None
    anonymous_id: str | None
    previous_id: str | None
    message_id: str


@dataclass
class Resolution:
    """Identifiers of a batch, resolved: value to customer id; and the merges that the batch caused."""

    user_ids: dict[str, int] = field(default_factory=dict)
    anonymous_ids: dict[str, int] = field(default_factory=dict)
    merged: list[tuple[int, int]] = field(default_factory=list)


class RecentIdentities:
    """Identifiers seen lately, so that the next event of the same visit asks no ledger.

    Right because this process alone changes identities. Emptied when anything was merged, and when full.
    """

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._era = _era
        self._customers: dict[tuple[str, str], int] = {}

    def find(self, claim: IdentityClaim) -> int | None:
        """The customer of a claim that would change nothing; None where the ledger has to be asked."""
        if self._era != _era:
            self.clear()
        if claim.previous_id is not None:
            return None
        by_user = by_anonymous = None
        if claim.user_id is not None:
            by_user = self._customers.get((USER_ID, claim.user_id))
            if by_user is None:
                return None
        if claim.anonymous_id is not None:
            by_anonymous = self._customers.get((ANONYMOUS_ID, claim.anonymous_id))
            if by_anonymous is None or by_user not in (None, by_anonymous):
                return None
        return by_user if by_user is not None else by_anonymous

    def remember(self, resolution: Resolution) -> None:
        if resolution.merged or len(self._customers) > self._most:
            self._customers.clear()
        self._customers.update({(USER_ID, value): number for value, number in resolution.user_ids.items()})
        self._customers.update(
            {(ANONYMOUS_ID, value): number for value, number in resolution.anonymous_ids.items()}
        )

    def clear(self) -> None:
        self._customers.clear()
        self._era = _era


def forget_recent() -> None:
    """Identifiers were deleted: whoever remembers any asks the ledger again."""
    global _era
    _era += 1


def resolve_identities(claims: Sequence[IdentityClaim], recent: RecentIdentities | None = None) -> Resolution:
    """Find or make the customer of every identifier, in the order of the claims.

    Repeating a call with the same claims gives the same customers, so a crash after it costs nothing.
    """
    resolution = Resolution()
    asked = _answer_recent(claims, recent, resolution) if recent is not None else claims
    try:
        for start in range(0, len(asked), _MOST_ROWS // 2):
            with transaction.atomic():
                _Resolver(asked[start : start + _MOST_ROWS // 2], resolution).run()
    except BaseException:
        if recent is not None:
            recent.clear()
        raise
    redirect = dict(resolution.merged)
    for ids in (resolution.user_ids, resolution.anonymous_ids) if redirect else ():
        for value, customer_id in ids.items():
            ids[value] = _follow(redirect, customer_id)
    if recent is not None:
        recent.remember(resolution)
    return resolution


def _answer_recent(
    claims: Sequence[IdentityClaim], recent: RecentIdentities, resolution: Resolution
) -> list[IdentityClaim]:
    """Put what is known lately into the resolution; gives the claims that are left."""
    left = []
    for claim in claims:
        customer_id = recent.find(claim)
        if customer_id is None:
            left.append(claim)
            continue
        if claim.user_id is not None:
            resolution.user_ids[claim.user_id] = customer_id
        if claim.anonymous_id is not None:
            resolution.anonymous_ids[claim.anonymous_id] = customer_id
    return left


class _Resolver:
    """One chunk of claims in one ledger transaction."""

    def __init__(self, claims: Sequence[IdentityClaim], resolution: Resolution) -> None:
        self._claims = claims
        self._resolution = resolution
        found = _load_customers(claims)
        self._customers = {key: customer_id for key, (customer_id, _) in found.items()}
        self._homes = {key: home_id for key, (_, home_id) in found.items()}
        self._known = {customer_id for (kind, _), customer_id in self._customers.items() if kind == USER_ID}
        self._known |= _load_known(set(self._customers.values()) - self._known)
        self._new_customers = 0
        self._new_identifiers: list[tuple[str, str, int, int]] = []
        self._apart: list[tuple[int, int]] | None = None
        self._merges: list[tuple[int, int, str, str]] = []
        self._redirect: dict[int, int] = {}

    def run(self) -> None:
        for claim in self._claims:
            if claim.previous_id is not None and claim.user_id not in (None, claim.previous_id):
                self._alias(str(claim.user_id), claim.previous_id, claim.message_id)
            self._claim(claim.user_id, claim.anonymous_id, claim.message_id)
        self._save()

    def _claim(self, user_id: str | None, anonymous_id: str | None, message_id: str) -> None:
        by_user = self._find(USER_ID, user_id)
        by_anonymous = self._find(ANONYMOUS_ID, anonymous_id)
        if user_id is None:
            if anonymous_id is not None and by_anonymous is None:
                self._attach(ANONYMOUS_ID, anonymous_id, self._make())
            return
        if by_user is None:
            if by_anonymous is not None and by_anonymous not in self._known:
                by_user = by_anonymous
                self._attach(USER_ID, user_id, by_user, like=(ANONYMOUS_ID, str(anonymous_id)))
            else:
                by_user = self._make()
                self._attach(USER_ID, user_id, by_user)
        if anonymous_id is None:
            return
        if by_anonymous is None:
            self._attach(ANONYMOUS_ID, anonymous_id, by_user, like=(USER_ID, user_id))
        elif by_anonymous != by_user and by_anonymous not in self._known:
            self._merge(by_anonymous, by_user, "identified", message_id)

    def _alias(self, user_id: str, previous_id: str, message_id: str) -> None:
        """`previous_id` and `user_id` are one person, because somebody said so."""
        known = {kind: self._find(kind, previous_id) for kind in (USER_ID, ANONYMOUS_ID)}
        customer = self._find(USER_ID, user_id)
        if customer is None:
            named = next((kind for kind, found in known.items() if found is not None), None)
            customer = known[named] if named else None
            customer = self._make() if customer is None else customer
            self._attach(USER_ID, user_id, customer, like=(named, previous_id) if named else None)
        for kind, previous in known.items():
            if previous is None:
                self._attach(kind, previous_id, customer, like=(USER_ID, user_id))
            elif _follow(self._redirect, previous) != customer:
                self._merge(_follow(self._redirect, previous), customer, "alias", message_id)

    def _find(self, kind: str, value: str | None) -> int | None:
        found = self._customers.get((kind, value)) if value is not None else None
        return None if found is None else _follow(self._redirect, found)

    def _make(self) -> int:
        """A customer that does not exist yet: negative until saved."""
        self._new_customers += 1
        return -self._new_customers

    def _attach(self, kind: str, value: str, customer_id: int, like: tuple[str, str] | None = None) -> None:
        """Give a new identifier to a customer; it is at home where the identifier `like` is, that it came with."""
        home_id = self._homes.get(like, customer_id) if like else customer_id
        self._customers[kind, value] = customer_id
        self._homes[kind, value] = home_id
        self._new_identifiers.append((kind, value, customer_id, home_id))
        if kind == USER_ID:
            self._known.add(customer_id)

    def _merge(self, source: int, target: int, reason: str, message_id: str) -> None:
        if self._are_apart(source, target):
            return
        self._redirect[source] = target
        if source in self._known:
            self._known.add(target)
        self._merges.append((source, target, reason, message_id))

    def _are_apart(self, one: int, other: int) -> bool:
        """Whether a person said that these are two people."""
        if self._apart is None:
            self._apart = list_apart()
        follow = self._redirect
        return any({_follow(follow, a), _follow(follow, b)} == {one, other} for a, b in self._apart)

    def _save(self) -> None:
        """Plain statements: the ORM's objects would cost more than everything else in the pump."""
        real: dict[int, int] = {}
        with connection.cursor() as cursor:
            if self._new_customers:
                cursor.execute("SELECT coalesce(max(id), 0) FROM customers_customer")
                last = int(cursor.fetchone()[0])
                real = {-number: last + number for number in range(1, self._new_customers + 1)}
                now = clock.now()
                cursor.executemany(
                    "INSERT INTO customers_customer (id, created_at) VALUES (%s, %s)",
                    [(customer_id, now) for customer_id in real.values()],
                )
            cursor.executemany(
                "INSERT INTO customers_identifier (kind, value, customer_id, home_id) VALUES (%s, %s, %s, %s)",
                [
                    (kind, value, real.get(number, number), real.get(home, home))
                    for kind, value, number, home in self._new_identifiers
                ],
            )
        self._save_merges(real)
        for (kind, value), customer_id in self._customers.items():
            found = self._resolution.user_ids if kind == USER_ID else self._resolution.anonymous_ids
            current = _follow(self._redirect, customer_id)
            found[value] = real.get(current, current)

    def _save_merges(self, real: dict[int, int]) -> None:
        if not self._merges:
            return
        pairs, direct = [], []
        for source, first, _, _ in self._merges:
            target = _follow(self._redirect, source)
            pairs.append((real.get(target, target), real.get(source, source)))
            direct.append(real.get(first, first))
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE customers_merge SET into_customer_id = %s WHERE into_customer_id = %s", pairs
            )
            cursor.executemany(
                "UPDATE customers_identifier SET customer_id = %s, home_id = coalesce(home_id, customer_id) "
                "WHERE customer_id = %s",
                pairs,
            )
        Merge.objects.bulk_create(
            [
                Merge(
                    from_customer_id=source,
                    into_customer_id=target,
                    first_into_customer_id=first,
                    reason=reason,
                    message_id=message_id,
                    merged_at=clock.now(),
                )
                for (target, source), first, (_, _, reason, message_id) in zip(
                    pairs, direct, self._merges, strict=True
                )
            ],
            batch_size=_MOST_PARAMETERS // 7,
        )
        self._resolution.merged.extend((source, target) for target, source in pairs)


def _follow(redirect: dict[int, int], customer_id: int) -> int:
    while customer_id in redirect:
        customer_id = redirect[customer_id]
    return customer_id


def list_apart() -> list[tuple[int, int]]:
    """Pairs of present customers whom a person took apart: nothing but a person merges them again."""
    pairs = Separation.objects.filter(is_lifted=False).values_list("from_customer_id", "into_customer_id")
    ids = {customer_id for pair in pairs for customer_id in pair}
    present = dict(
        Merge.objects.filter(from_customer_id__in=ids).values_list("from_customer_id", "into_customer_id")
    )
    return [(present.get(a, a), present.get(b, b)) for a, b in pairs]


def _load_customers(claims: Sequence[IdentityClaim]) -> dict[tuple[str, str], tuple[int, int]]:
    """(kind, value) to the present customer and the home."""
    user_ids = {claim.user_id for claim in claims if claim.user_id is not None}
    anonymous_ids = {claim.anonymous_id for claim in claims if claim.anonymous_id is not None}
    previous_ids = {claim.previous_id for claim in claims if claim.previous_id is not None}
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for kind, values in ((USER_ID, user_ids | previous_ids), (ANONYMOUS_ID, anonymous_ids | previous_ids)):
        rows = _select(
            "SELECT value, customer_id, coalesce(home_id, customer_id) FROM customers_identifier "
            "WHERE kind = %s AND value IN",
            values,
            kind,
        )
        found.update({(kind, value): (customer_id, home_id) for value, customer_id, home_id in rows})
    return found


def _load_known(customer_ids: set[int]) -> set[int]:
    """Those customers that have a hard identifier."""
    rows = _select("SELECT customer_id, kind FROM customers_identifier WHERE customer_id IN", customer_ids)
    return {customer_id for customer_id, kind in rows if kind == USER_ID}


def _select(statement: str, values: Iterable[str | int], *before: str) -> Iterable[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        for part in _parts(values):
            cursor.execute(f"{statement} ({', '.join(['%s'] * len(part))})", [*before, *part])
            yield from cursor.fetchall()


def _parts(values: Iterable[str | int]) -> Iterable[list[str | int]]:
    ordered = list(values)
    for start in range(0, len(ordered), _MOST_PARAMETERS):
        yield ordered[start : start + _MOST_PARAMETERS]
