"""Keeps memberships true: after every batch, when time is up, and when definitions change.

Everything that writes runs on the lake's writer, so that two looks at one customer never cross. A full evaluation reads
beside it; whoever was looked at meanwhile is looked at once more when its answers are written.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from django.db.models import F

from tenure.base import clock
from tenure.customers import api as customers_api
from tenure.events import api as events_api
from tenure.lake import api as lakes
from tenure.lake.api import Lake, Transaction
from tenure.segments.compiling.moments import put_now, write_moment
from tenure.segments.membership.applying import Applied, apply_fresh
from tenure.segments.membership.compiled import CURRENT, Definitions
from tenure.segments.membership.desk import MOST_CUSTOMERS, Desk
from tenure.segments.models import SegmentDefinition, StageModelDefinition
from tenure.segments.stages.model import BUILT_IN

logger = logging.getLogger(__name__)
STALE_CHECKPOINT = "segments_stale"
_MOST_ROUNDS = 3


@dataclass(frozen=True)
class Rebuilt:
    """A full evaluation: the segments, how many customers' answers changed, and how long the reading took."""

    names: tuple[str, ...]
    changed_count: int
    entered_count: int
    exited_count: int


class Engine:
    """One for each open lake."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.woken = threading.Event()
        self._desk = Desk()
        self._rebuilding = threading.Lock()
        self._seen_meanwhile: set[int] | None = None
        self._due_at: datetime | None = None
        self._knows_due = False
        self._stale: int | None = None
        self._cleared_version: tuple[object, ...] | None = None

    def close(self) -> None:
        self._desk.close()

    def evaluate(
        self,
        tx: Transaction,
        customer_ids: Sequence[int],
        cause: str = "event",
        names: Collection[str] | None = None,
        every: Definitions | None = None,
    ) -> Applied | None:
        """Look at customers (in chunks that fit the desk) as `tx` sees them; only at segments that events of `names`
        can touch. None where there is nothing to look at."""
        every = every or CURRENT.get()
        if every.is_empty or not customer_ids:
            return None
        if self._seen_meanwhile is not None:
            self._seen_meanwhile.update(customer_ids)
        applied = None
        for start in range(0, len(customer_ids), MOST_CUSTOMERS):
            applied = self._evaluate_few(
                tx, every, customer_ids[start : start + MOST_CUSTOMERS], cause, names
            )
        return applied

    def _evaluate_few(
        self,
        tx: Transaction,
        every: Definitions,
        ids: Sequence[int],
        cause: str,
        names: Collection[str] | None,
    ) -> Applied | None:
        """Entries and exits are events, which may touch segments again."""
        definitions = every if names is None else every.find_touched(names, with_models=True)
        now, applied = clock.now(), None
        asked = pa.table({"customer_id": pa.array(ids, pa.int64())})
        for _ in range(_MOST_ROUNDS):
            if definitions.is_empty:
                break
            definitions, fresh = self._look(tx, definitions, ids, now)
            applied = apply_fresh(tx, definitions, fresh, asked, now, cause)
            self._note_due(applied.due_at)
            if applied.told_names & every.event_names:
                definitions = every.find_touched(applied.told_names)
            elif applied.has_new_stages:
                definitions = every.asking
            else:
                break
        return applied

    def _look(
        self, tx: Transaction, definitions: Definitions, ids: Sequence[int], now: datetime
    ) -> tuple[Definitions, pa.Table]:
        return self._without_broken(definitions, lambda some: self._desk.evaluate(some, ids, tx, now))

    def _without_broken(
        self, definitions: Definitions, read: Callable[[Definitions], pa.Table]
    ) -> tuple[Definitions, pa.Table]:
        """One broken definition never stops the others: it is set aside with its error, and the rest is looked at."""
        try:
            return definitions, read(definitions)
        except Exception as error:
            if lakes.is_outside_trouble(error):
                raise
            logger.exception("segments could not be evaluated; looking for the one at fault")
        segments = [
            saved.segment.name
            for saved in definitions.segments
            if _is_sound(read, definitions.only([saved.segment.name]), SegmentDefinition, saved.segment.name)
        ]
        models = [
            saved.model.name
            for saved in definitions.models
            if _is_sound(
                read, definitions.only([], [saved.model.name]), StageModelDefinition, saved.model.name
            )
        ]
        definitions = definitions.only(segments, models)
        return definitions, read(definitions)

    def follow_batch(self, tx: Transaction) -> None:
        """A batch handler: after the profiles and the scores."""
        every = CURRENT.get()
        if every.is_empty:
            return
        suppressed = customers_api.bring_suppressions(tx)
        ids, names = list_touched(tx)
        ids = list(dict.fromkeys([*ids, *suppressed]))
        if len(ids) > MOST_CUSTOMERS:
            self.mark_stale(tx)
            return
        if names is None or every.find_touched(names, with_models=True) is every:
            self.evaluate(tx, ids, "event", every=every)
            return
        new = find_new(tx)
        self.evaluate(tx, [one for one in ids if one in new], "event", every=every)
        self.evaluate(tx, [one for one in ids if one not in new], "event", names, every)

    def run_due(self) -> int:
        """Look at everybody whose answer may have changed by now. Gives how many."""
        total = 0
        while count := self.lake.write(self._run_due_few):
            total += count
        return total

    def _run_due_few(self, tx: Transaction) -> int:
        now = clock.now()
        rows = tx.execute(
            f"SELECT customer_id FROM memberships WHERE due_at <= TIMESTAMP '{write_moment(now)}' "
            f"ORDER BY due_at LIMIT {MOST_CUSTOMERS}"
        ).fetchall()
        self.evaluate(tx, [row[0] for row in rows], "time")
        if rows:
            _forget_passed(tx, [row[0] for row in rows], now)
        if len(rows) < MOST_CUSTOMERS:
            self._due_at = _read_due(tx)
            self._knows_due = True
        return len(rows)

    def find_due(self) -> datetime | None:
        """When somebody's answer may next change by itself (aware); None for never."""
        if not self._knows_due:
            with self.lake.reading() as reader:
                self._due_at, self._knows_due = _read_due(reader), True
        return self._due_at

    def _note_due(self, due_at: datetime | None) -> None:
        if due_at is None:
            return
        due_at = due_at.replace(tzinfo=UTC)
        if self._due_at is None or due_at < self._due_at:
            self._due_at = due_at
            self.woken.set()

    def rebuild(
        self,
        names: Collection[str] | None = None,
        cause: str = "definition",
        models: Collection[str] = (),
        rounds: int = 1,
    ) -> Rebuilt:
        """Evaluate segments and stage models (default: all; else those named) for everybody and write what differs;
        then, where stages changed, those that ask for stages."""
        every = CURRENT.get()
        definitions = every if names is None else every.only(names, models)
        if not definitions.is_empty:
            definitions, _ = self.lake.write(lambda tx: self._look(tx, definitions, [], clock.now()))
        if definitions.is_empty:
            return Rebuilt((), 0, 0, 0)
        with self._rebuilding, self._watching():
            stale = _read_stale(self.lake)
            now = clock.now()
            definitions, fresh = self._read_sound(definitions, now)
            applied = self.lake.write(
                lambda tx: self._write_everybody(tx, definitions, fresh, now, cause, stale)
            )
        if applied.has_new_stages and not every.asking.is_empty and rounds < _MOST_ROUNDS:
            asking = every.asking
            self.rebuild(
                [saved.segment.name for saved in asking.segments],
                cause,
                [saved.model.name for saved in asking.models],
                rounds + 1,
            )
        for saved in definitions.segments:
            SegmentDefinition.objects.filter(pk=saved.id, version=saved.version).update(
                built_version=saved.version
            )
        for model in definitions.models:
            StageModelDefinition.objects.filter(name=model.model.name, version=model.version).update(
                built_version=model.version
            )
        self.woken.set()
        return Rebuilt(
            tuple(saved.segment.name for saved in definitions.segments),
            applied.changed_count,
            applied.entered_count,
            applied.exited_count,
        )

    def _read_sound(self, definitions: Definitions, now: datetime) -> tuple[Definitions, pa.Table]:
        """As `_look`, for what fails only over everybody."""
        return self._without_broken(definitions, lambda some: self._read_everybody(some, now))

    def _read_everybody(self, definitions: Definitions, now: datetime) -> pa.Table:
        with self.lake.heavy(), self.lake.reading() as reader:
            row = reader.execute("SELECT count(*) FROM merges").fetchone()
            has_merges = bool(row and row[0])
            parts = definitions.split_by_events()
            answers = [
                reader.execute(put_now(part.compile_for_everybody(has_merges), now)).to_arrow_table()
                for part in parts
            ]
            return answers[0] if len(answers) == 1 else _join_answers(reader, definitions, answers)

    def _write_everybody(
        self,
        tx: Transaction,
        definitions: Definitions,
        fresh: pa.Table,
        now: datetime,
        cause: str,
        stale: int,
    ) -> Applied:
        seen = sorted(self._seen_meanwhile or ())
        if seen:
            fresh = _without(tx, fresh, seen)
        applied = apply_fresh(tx, definitions, fresh, None, now, cause, spared=seen)
        self._note_due(applied.due_at)
        if definitions.is_complete and stale and _read_stale(tx) == stale:
            tx.execute(f"DELETE FROM checkpoints WHERE name = '{STALE_CHECKPOINT}'")
            self._stale = 0
        self._seen_meanwhile = None
        self.evaluate(tx, seen, cause)
        return applied

    @contextmanager
    def _watching(self) -> Iterator[None]:
        self.lake.write(self._watch)
        try:
            yield
        finally:
            self._seen_meanwhile = None

    def _watch(self, tx: Transaction) -> None:
        """On the writer, so that no look is between the two states."""
        customers_api.bring_suppressions(tx)
        self._seen_meanwhile = set()

    def mark_stale(self, tx: Transaction) -> None:
        """Remember that somebody was not looked at; a full evaluation makes it good."""
        self._stale = mark_stale(tx)
        self.woken.set()

    def find_cause(self, cause: str) -> str:
        """`import` where somebody was not looked at: then nobody knows what changed why."""
        if self._stale is None:
            self._stale = _read_stale(self.lake)
        return "import" if self._stale else cause

    def catch_up(self) -> Rebuilt | None:
        """Evaluate what is not built, or everything after a batch that was too large to follow.

        Asks the lake only when something changed, so that an idle one can rest.
        """
        if self._stale is None:
            self._stale = _read_stale(self.lake)
        every = CURRENT.get()
        if every.version != self._cleared_version:
            self._clear_deleted(every)
            self._cleared_version = every.version
        if self._stale:
            return self.rebuild(cause="import")
        waiting = SegmentDefinition.objects.filter(trouble="").exclude(built_version=F("version"))
        unbuilt = list(waiting.values_list("name", flat=True))
        unused = StageModelDefinition.objects.filter(trouble="").exclude(built_version=F("version"))
        models = list(unused.exclude(name=BUILT_IN).values_list("name", flat=True))
        return self.rebuild(unbuilt, models=models) if unbuilt or models else None

    def _clear_deleted(self, every: Definitions) -> None:
        """Bits of slots that no segment has any more, so that the next one in a slot begins with nobody."""
        masks = [every.find_mask(word) for word in range(lakes.MEMBERSHIP_WORDS)]
        strangers = " OR ".join(f"w{word} & ~{mask}::BIGINT <> 0" for word, mask in enumerate(masks))
        with self.lake.reading() as reader:
            if not reader.execute(f"SELECT 1 FROM memberships WHERE {strangers} LIMIT 1").fetchall():
                return
        kept = ", ".join(f"w{word} = w{word} & {mask}::BIGINT" for word, mask in enumerate(masks))

        def work(tx: Transaction) -> None:
            for table in ("memberships_main", "memberships_delta"):
                tx.execute(f"UPDATE {table} SET {kept} WHERE {strangers}")

        self.lake.write(work)


def _is_sound(
    read: Callable[[Definitions], pa.Table],
    alone: Definitions,
    kept_as: type[SegmentDefinition | StageModelDefinition],
    name: str,
) -> bool:
    try:
        read(alone)
    except Exception as error:
        if lakes.is_outside_trouble(error):
            raise
        logger.error("%s is set aside: %r", name, error)
        kept_as.objects.filter(name=name).update(trouble=f"It cannot be evaluated: {error}"[:500])
        return False
    return True


def list_touched(tx: Transaction) -> tuple[list[int], set[str] | None]:
    """The customers of the batch that is being folded, and its events' names.

    Where profiles were joined or taken apart, those that are no more too, and None: then everything may have changed.
    """
    told = f"SELECT customer_id FROM {events_api.RESOLVED} WHERE customer_id IS NOT NULL"
    again = f"SELECT customer_id FROM {customers_api.TO_REFOLD}"
    if tx.execute(f"{again} LIMIT 1").fetchall():
        gone = f"SELECT from_customer_id FROM merges WHERE into_customer_id IN ({again})"
        rows = tx.execute(f"{told} UNION {again} UNION {gone}").fetchall()
        return [row[0] for row in rows], None
    named = tx.execute(
        "SELECT DISTINCT CASE type WHEN 'track' THEN event WHEN 'page' THEN 'Page Viewed' "
        f"WHEN 'screen' THEN 'Screen Viewed' ELSE type END FROM {events_api.RESOLVED}"
    ).fetchall()
    names = {row[0] for row in named}
    if "group" in names:
        told = f"{told} UNION ALL {customers_api.select_colleagues()}"
    rows = tx.execute(f"SELECT DISTINCT customer_id FROM ({told}) AS told").fetchall()
    return [row[0] for row in rows], names | {"Stage Changed"}


def find_new(tx: Transaction) -> set[int]:
    """Those of the batch of whom nothing was known before: they may meet what asks for nothing at all."""
    rows = tx.execute(
        f"SELECT b.customer_id FROM (SELECT customer_id, count(*) AS told FROM {events_api.RESOLVED} "
        "WHERE customer_id IS NOT NULL GROUP BY 1) AS b JOIN customers_delta AS c USING (customer_id) "
        "WHERE c.event_count <= b.told"
    ).fetchall()
    return {row[0] for row in rows}


def mark_stale(tx: Transaction) -> int:
    """Note it in the lake, so that a crash does not forget it. Gives the note's number: a new one each time."""
    tx.execute(f"DELETE FROM checkpoints WHERE name = '{STALE_CHECKPOINT}'")
    number = lakes.current().take_seqs(1, tx)
    tx.execute(f"INSERT INTO checkpoints VALUES ('{STALE_CHECKPOINT}', {number})")
    return number


def _read_stale(reader: Lake | Transaction) -> int:
    checkpoints = lakes.table("checkpoints")
    return int(
        reader.read_value(checkpoints.filter(checkpoints.name == STALE_CHECKPOINT).select("value")) or 0
    )


def _read_due(reader: Transaction) -> datetime | None:
    row = reader.execute("SELECT min(due_at) FROM memberships").fetchone()
    return row[0].replace(tzinfo=UTC) if row and row[0] else None


def _join_answers(reader: Transaction, definitions: Definitions, answers: list[pa.Table]) -> pa.Table:
    """The answers of parts of the definitions as one: whoever is not there in one is in none of its segments."""
    outputs = ["min(due_at) AS due_at"]
    outputs += [f"CAST(bit_or(w{word}) AS BIGINT) AS w{word}" for word in definitions.words]
    outputs += [f"max(m{number}) AS m{number}" for number in range(len(definitions.models))]
    with ExitStack() as stack:
        for number, answer in enumerate(answers):
            stack.enter_context(reader.with_rows(f"answers_{number}", answer))
        told = " UNION ALL BY NAME ".join(f"SELECT * FROM answers_{number}" for number in range(len(answers)))
        statement = f"SELECT customer_id, {', '.join(outputs)} FROM ({told}) AS told GROUP BY customer_id"
        return reader.execute(statement).to_arrow_table()


def _forget_passed(tx: Transaction, ids: list[int], now: datetime) -> None:
    """Who was just looked at is due later or never. A rule that says otherwise is at fault and must not stop the clock."""
    listed = ", ".join(str(one) for one in ids)
    still_due = f"customer_id IN ({listed}) AND due_at <= TIMESTAMP '{write_moment(now)}'"
    if not tx.execute(f"SELECT 1 FROM memberships WHERE {still_due} LIMIT 1").fetchall():
        return
    logger.error("a rule says that answers change at a moment that has passed; they wait for the next event")
    for table in ("memberships_main", "memberships_delta"):
        tx.execute(f"UPDATE {table} SET due_at = NULL WHERE {still_due}")


def _without(tx: Transaction, fresh: pa.Table, ids: list[int]) -> pa.Table:
    seen = pa.table({"customer_id": pa.array(ids, pa.int64())})
    with tx.with_rows("all_fresh", fresh), tx.with_rows("seen_ids", seen):
        return tx.execute("SELECT * FROM all_fresh ANTI JOIN seen_ids USING (customer_id)").to_arrow_table()


_engine: Engine | None = None
_opening = threading.Lock()


def current_engine() -> Engine:
    """The engine of the lake of this process."""
    global _engine
    lake = lakes.current()
    with _opening:
        if _engine is None or _engine.lake is not lake:
            if _engine is not None:
                _engine.close()
            _engine = Engine(lake)
        return _engine


def follow_batch(tx: Transaction) -> None:
    current_engine().follow_batch(tx)
