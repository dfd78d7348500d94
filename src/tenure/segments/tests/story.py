"""A scene told to a whole Tenure and to the reference, so that both can be asked the same."""

import itertools
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from tenure.customers import api as customers_api
from tenure.customers.models import Identifier
from tenure.customers.tests.reference import ANONYMOUS, USER, Reference
from tenure.events import api as events_api
from tenure.events.tracking import decode_batch
from tenure.lake import api as lakes
from tenure.lake.zones import build_zone_offsets
from tenure.segments.definitions.surroundings import look_around
from tenure.segments.tests.alphabets import CAMPAIGNS, FUNNEL, LISTS
from tenure.segments.tests.reference.evaluating import KNOWN_ZONES
from tenure.segments.tests.reference.folding import Told, fold_lines, fold_visits
from tenure.segments.tests.reference.histories import (
    Customer,
    Decision,
    Event,
    Move,
    Place,
    Profile,
    World,
)
from tenure.segments.tests.strategies import Call, Scene

MOMENT = pa.timestamp("us")
ADDRESSES = (("email", "ann@shop.example"), ("sms", "+431234"))
FACTS = (
    *("email", "phone", "name", "country", "timezone", "is_known", "event_count", "order_count", "revenue"),
    *("first_seen_at", "last_seen_at", "first_order_at", "last_order_at"),
)
_numbers = itertools.count(1)


def put_zone_offsets() -> None:
    lakes.current().write(lambda tx: tx.replace("zone_offsets", build_zone_offsets(sorted(KNOWN_ZONES))))


class Story:
    """People of one scene: told in batches, merged, taken apart; `build_customers` gives them as the reference sees them."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.suffix = f"-{next(_numbers)}"
        self.identity = Reference()
        self.world = World(
            zone=scene.zone,
            lists={name: next(_numbers) for name in LISTS},
            campaigns=CAMPAIGNS,
            models={"funnel": FUNNEL, "lifecycle": look_around().models["lifecycle"]},
            suppressed={ADDRESSES[number] for number in scene.suppressed},
        )
        self.profiles: dict[int, int] = {}
        """Of the reference's profiles: the id in the lake."""
        self.places: list[tuple[int, Place]] = []
        self.decisions: list[tuple[int, Decision]] = []
        self.moves: list[tuple[int, Move]] = []
        self.told_of_companies: list[tuple[datetime, str, dict[str, Any]]] = []
        """What is known of companies outlives those who told it."""

    def tell(self, batch: int) -> None:
        """The calls of a batch, in the order in which they were drawn."""
        self.tell_calls([call for call in self.scene.calls if call.batch == batch])

    def tell_calls(self, told: Sequence[Call]) -> None:
        calls = []
        for call in told:
            at = (self.scene.base + call.offset).replace(tzinfo=UTC)
            ids = {name: f"{name[0]}{call.person}{self.suffix}" for name in call.by}
            fields = dict(call.fields)
            if "groupId" in fields:
                fields["groupId"] += self.suffix
                self.told_of_companies.append((at.replace(tzinfo=None), fields["groupId"], fields["traits"]))
            calls.append({**fields, **ids, "timestamp": at.isoformat(), "messageId": f"m-{next(_numbers)}"})
            self.identity.take(calls[-1], at)
        if calls:
            self.send(calls)

    def send(self, calls: list[dict[str, Any]]) -> None:
        received_at = (self.scene.base + timedelta(days=1_000)).replace(tzinfo=UTC)
        decoded = decode_batch(json.dumps({"batch": calls}).encode(), received_at, "test", False, True)
        assert decoded.rejections == []
        events_api.current().inbox.accept_and_wait(len(decoded.rows), events_api.encode_rows(decoded.rows))
        events_api.wait_until_folded()
        self._find_ids()

    def find_profile(self, person: int) -> int | None:
        """The reference's present profile of a person, by the name that she was told under."""
        for kind, letter in ((USER, "u"), (ANONYMOUS, "a")):
            found = self.identity.owner((kind, f"{letter}{person}{self.suffix}"))
            if found is not None:
                return found
        return None

    def put_facts(self) -> None:
        """What does not come by events: places on lists, decisions, stages of a model, suppressed addresses."""
        base, rows = self.scene.base, Rows()
        for person, name, offset in self.scene.places:
            if (profile := self.find_profile(person)) is not None:
                place = Place(self.world.lists[name], base + offset)
                self.places.append((profile, place))
                rows.add(
                    "list_members",
                    list_id=place.list_id,
                    customer_id=self.profiles[profile],
                    added_at=place.at,
                )
        for person, campaign_id, outcome, reason, offset in self.scene.decisions:
            if (profile := self.find_profile(person)) is not None:
                decision = Decision(campaign_id, base + offset, outcome, reason)
                self.decisions.append((profile, decision))
                rows.add(
                    "decisions", campaign_id=campaign_id, customer_id=self.profiles[profile], decided_at=decision.at,
                    outcome=outcome, reason=reason,
                )  # fmt: skip
        self._put_moves(rows)
        for channel, address in self.world.suppressed:
            rows.add("suppressed_addresses", channel=channel, address=address)

        def work(tx: lakes.Transaction) -> None:
            tx.execute("DELETE FROM suppressed_addresses")
            rows.append(tx)

        lakes.current().write(work)

    def _put_moves(self, rows: "Rows") -> None:
        last: dict[int, Move] = {}
        for person, stage, offset in sorted(self.scene.moves, key=lambda move: move[2]):
            profile = self.find_profile(person)
            before = last.get(profile) if profile is not None else None
            at = self.scene.base + offset
            if profile is None or (before and (before.after == stage or before.at == at)):
                continue
            last[profile] = move = Move("funnel", before.after if before else None, stage, at)
            self.moves.append((profile, move))
            rows.add(
                "stage_history", customer_id=self.profiles[profile], model="funnel", from_stage=move.before,
                to_stage=stage, since_at=at,
            )  # fmt: skip
        for profile, move in last.items():
            rows.add(
                "stages_now",
                customer_id=self.profiles[profile],
                model="funnel",
                stage=move.after,
                since_at=move.at,
            )

    def merge(self, one: int, other: int) -> bool:
        """Merge two people by hand."""
        pair = [self.find_profile(person) for person in (one, other)]
        if None in pair or pair[0] == pair[1]:
            return False
        ids = [self.profiles[profile] for profile in pair if profile is not None]
        customers_api.merge_customers(ids[0], ids[1], "mo@shop.example")
        events_api.wait_until_folded()
        self.identity.merge(*pair)  # type: ignore[arg-type]
        return True

    def unmerge(self) -> bool:
        """Take the latest merge of anybody apart."""
        if not self.identity.parents:
            return False
        source = max(self.identity.parents, key=lambda profile: self.identity.parents[profile][1])
        if source not in self.profiles:
            return False
        root = self.profiles[self.identity.root(source)]
        merge = next(
            view for view in customers_api.list_merges(root) if view.from_customer_id == self.profiles[source]
        )
        customers_api.unmerge(merge.id, "mo@shop.example")
        events_api.wait_until_folded()
        self.identity.unmerge(source)
        return True

    def erase(self, person: int) -> bool:
        """Erase a person and everybody merged into her."""
        profile = self.find_profile(person)
        if profile is None:
            return False
        customers_api.erase_customer(self.profiles[profile], "mo@shop.example")
        gone = {one for one in self.profiles if self.identity.root(one) == profile}
        gone |= {one for one in self.identity.parents if self.identity.root(one) == profile}
        identity = self.identity
        identity.homes = {name: home for name, home in identity.homes.items() if home not in gone}
        identity.happened = [one for one in identity.happened if one.profile not in gone]
        identity.apart = [pair for pair in identity.apart if not gone & set(pair)]
        for one in gone:
            identity.parents.pop(one, None)
            self.profiles.pop(one, None)
        return True

    def build_customers(self) -> dict[int, Customer]:
        """Everybody who is, by the id in the lake."""
        present = {self.identity.root(home) for home in self.identity.homes.values()}
        ids = {self.profiles[profile]: profile for profile in present}
        rows = _read("customers", ids)
        moves = self._read_lifecycle_moves(present)
        found = {}
        for row in rows:
            profile = ids[row["customer_id"]]
            members = {one for one in self.profiles if self.identity.root(one) == profile}
            found[row["customer_id"]] = self._build_customer(profile, members, row, moves)
        return found

    def _build_customer(
        self, profile: int, members: set[int], row: dict[str, Any], moves: list[tuple[int, Move]]
    ) -> Customer:
        happened = [one for one in self.identity.happened if self.identity.root(one.profile) == profile]
        told = sorted(
            (Told(one.call, one.at.replace(tzinfo=None), one.number) for one in happened if one.owner),
            key=lambda one: (one.at, one.seq),
        )
        stages = {"lifecycle": (row["segment"], row["segment_since_at"])}
        own = [move for member, move in self.moves if member == profile]
        if own:
            stages["funnel"] = (own[-1].after, own[-1].at)
        return Customer(
            Profile(
                json.loads(row["traits"]) if row["traits"] else {},
                {name: row[name] for name in FACTS},
                row["email_opted_out_at"],
                {name: row[name] for name in ("r", "f", "m")},
                stages,
            ),
            [Event(one.name, one.at, one.seq, one.properties) for one in told],
            fold_lines(told),
            fold_visits(told),
            [move for member, move in [*self.moves, *moves] if member in members],
            [decision for member, decision in self.decisions if member in members],
            [place for member, place in self.places if member in members],
            self._find_company(told),
        )

    def _find_company(self, told: list[Told]) -> tuple[str, dict[str, Any]] | None:
        """Of calls at one moment the greater id counts; each trait as the latest call set it."""
        groups = [(one.at, one.call["groupId"]) for one in told if one.call["type"] == "group"]
        if not groups:
            return None
        company_id = max(groups)[1]
        traits: dict[str, Any] = {}
        for _, named, given in sorted(self.told_of_companies, key=lambda one: one[0]):
            if named == company_id:
                traits |= given
        return company_id, traits

    def _read_lifecycle_moves(self, present: set[int]) -> list[tuple[int, Move]]:
        by_id = {lake_id: profile for profile, lake_id in self.profiles.items()}
        rows = sorted(_read("segment_history", by_id), key=lambda row: row["since_at"])
        last: dict[int, str] = {}
        found = []
        for row in rows:
            profile = by_id[row["customer_id"]]
            found.append((profile, Move("lifecycle", last.get(profile), row["segment"], row["since_at"])))
            last[profile] = row["segment"]
        return found

    def _find_ids(self) -> None:
        for (kind, value), home in self.identity.homes.items():
            root = self.identity.root(home)
            if root not in self.profiles:
                self.profiles[root] = int(Identifier.objects.get(kind=kind, value=value).customer_id)


class Rows:
    """Rows for tables of the lake, gathered."""

    def __init__(self) -> None:
        self._tables: dict[str, list[dict[str, Any]]] = {}

    def add(self, table: str, **row: Any) -> None:
        self._tables.setdefault(table, []).append(row)

    def append(self, tx: lakes.Transaction) -> None:
        for table, rows in self._tables.items():
            schema = lakes.table(table).schema().to_pyarrow()
            fields = [field for field in schema if field.name in rows[0]]
            tx.append(table, pa.Table.from_pylist(rows, pa.schema(fields)))


def _read(table: str, ids: Iterable[int]) -> list[dict[str, Any]]:
    """Rows of some customers, moments naive."""
    rows = lakes.table(table)
    found = lakes.current().read_rows(rows.filter(rows.customer_id.isin(sorted(ids))))
    return [
        {
            name: value.replace(tzinfo=None) if isinstance(value, datetime) else value
            for name, value in row.items()
        }
        for row in found
    ]
