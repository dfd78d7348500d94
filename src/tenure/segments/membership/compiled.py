"""The active definitions, compiled: once for everybody, once for a few customers; kept while nobody changes them."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ibis.expr.types import Value

from tenure.lake import api as lakes
from tenure.segments.compiling.moments import build_earliest
from tenure.segments.compiling.needs import Aggregate, Coming, Fact, Facts, Need
from tenure.segments.compiling.query import Query, SmallQuery
from tenure.segments.compiling.reading import Everyone, Reading
from tenure.segments.compiling.sources import ANY_CHANGE, StageSource
from tenure.segments.definitions.library import SavedSegment, list_segments
from tenure.segments.definitions.surroundings import LedgerSurroundings, look_around
from tenure.segments.models import SegmentDefinition, StageModelDefinition, StaticList
from tenure.segments.rules.base import build_node, list_rules
from tenure.segments.rules.parsing import MOST_EVENTS
from tenure.segments.stages.compiling import build_next_change, compile_stages
from tenure.segments.stages.library import SavedModel, list_models
from tenure.segments.stages.model import BUILT_IN

_MOST_NARROWED = 64
_FEW_SHARE = 0.2


@dataclass(frozen=True)
class Definitions:
    """Segments and what they refer to, as of one state of the ledger (`version`)."""

    version: tuple[Any, ...]
    segments: tuple[SavedSegment, ...]
    around: LedgerSurroundings
    every: tuple[SavedSegment, ...]
    """All active segments, where `segments` are those of them that are looked at."""
    models: tuple[SavedModel, ...] = ()
    every_model: tuple[SavedModel, ...] = ()
    """Likewise the stage models."""

    @property
    def is_complete(self) -> bool:
        return len(self.segments) == len(self.every) and len(self.models) == len(self.every_model)

    @property
    def is_empty(self) -> bool:
        return not self.segments and not self.models

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        of_segments = [need for saved in self.segments for need in self._list_needs(saved)]
        of_models = [need for saved in self.models for need in self._list_model_needs(saved)]
        return tuple(dict.fromkeys([*of_segments, *of_models]))

    @cached_property
    def sources(self) -> frozenset[Any]:
        return frozenset(need.source for need in self.needs if isinstance(need, Aggregate | Coming))

    @cached_property
    def fact_origins(self) -> frozenset[str]:
        return frozenset(need.origin for need in self.needs if isinstance(need, Fact))

    @cached_property
    def event_names(self) -> frozenset[str]:
        """The names of the events that any rule counts."""
        return frozenset(name for source in self.sources for name in source.triggers) - {ANY_CHANGE}

    def only(self, names: Collection[str], models: Collection[str] = ()) -> "Definitions":
        kept = tuple(saved for saved in self.segments if saved.segment.name in names)
        return self._narrow(kept, tuple(saved for saved in self.models if saved.model.name in models))

    def _narrow(self, segments: tuple[SavedSegment, ...], models: tuple[SavedModel, ...]) -> "Definitions":
        """The same object for the same choice, because what it finds out about itself is kept."""
        key = (tuple(saved.slot for saved in segments), tuple(saved.model.name for saved in models))
        found = self._narrowed.get(key)
        if found is None:
            if len(self._narrowed) >= _MOST_NARROWED:
                self._narrowed.clear()
            found = Definitions(self.version, segments, self.around, self.every, models, self.every_model)
            self._narrowed[key] = found
        return found

    def find_touched(self, event_names: Collection[str], with_models: bool = False) -> "Definitions":
        """Those whose answer events of these names, or any change of the customer, may change. `with_models` takes all
        stage models along, because a new customer has a stage whatever she did.

        All of them where that is many: each choice is a text of its own, which takes longer to compile than to run.
        """
        named = set(event_names)
        segments = tuple(
            saved
            for saved, needs in zip(self.segments, self._segment_needs, strict=True)
            if _is_touched(needs, named)
        )
        models = tuple(
            saved
            for saved, needs in zip(self.models, self._model_needs, strict=True)
            if with_models or _is_touched(needs, named)
        )
        count = len(segments) + len(models)
        is_many = count > _FEW_SHARE * (len(self.segments) + len(self.models))
        return self if is_many else self._narrow(segments, models)

    @cached_property
    def _narrowed(self) -> dict[tuple[Any, ...], "Definitions"]:
        return {}

    def split_by_events(self, most: int = MOST_EVENTS) -> "list[Definitions]":
        """Parts that name at most so many events each, as far as one definition does: each event is a pass and a join,
        and engines refuse what nests too deep. The stage models are all in the first part."""
        if len(self.event_names) <= most:
            return [self]
        parts: list[list[SavedSegment]] = [[]]
        named = set(self._narrow((), self.models).event_names)
        for saved in self.segments:
            names = self._narrow((saved,), ()).event_names
            if len(named | names) > most and (parts[-1] or named):
                parts.append([])
                named = set()
            parts[-1].append(saved)
            named |= names
        return [self._narrow(tuple(part), () if number else self.models) for number, part in enumerate(parts)]

    @cached_property
    def _segment_needs(self) -> list[list[Need]]:
        return [self._list_needs(saved) for saved in self.segments]

    @cached_property
    def _model_needs(self) -> list[list[Need]]:
        return [self._list_model_needs(saved) for saved in self.models]

    @cached_property
    def asking(self) -> "Definitions":
        """Those whose rules ask for stages of models that are evaluated here: they follow a change of stage."""
        segments = tuple(saved for saved in self.segments if _asks_for_stages(self._list_needs(saved)))
        models = tuple(saved for saved in self.models if _asks_for_stages(self._list_model_needs(saved)))
        return self._narrow(segments, models)

    def _list_model_needs(self, saved: SavedModel) -> list[Need]:
        return compile_stages(saved.model, self.around)[0]

    def _list_needs(self, saved: SavedSegment) -> list[Need]:
        return [need for rule in list_rules(saved.segment.node) for need in rule.list_needs(self.around)]

    def build_outputs(self, facts: Facts) -> dict[str, Value]:
        """A boolean `s<slot>` per segment, the stage's position `m<n>` per model, and `due_at`, the earliest moment at which
        one of them may change."""
        outputs: dict[str, Value] = {}
        moments = []
        for saved in self.segments:
            outputs[f"s{saved.slot}"] = build_node(saved.segment.node, facts, self.around)
            for rule in list_rules(saved.segment.node):
                if (moment := rule.build_next_change(facts, self.around)) is not None:
                    moments.append(moment)
        for number, model in enumerate(self.models):
            outputs[f"m{number}"] = compile_stages(model.model, self.around)[1](facts)
            moments.append(build_next_change(model.model, facts, self.around))
        return {
            **outputs,
            "due_at": build_earliest(list({moment.op(): moment for moment in moments}.values())),
        }

    def compile_for_everybody(self, has_merges: bool) -> str:
        lake = lakes.current()
        reading = Reading(lake.dialect, Everyone(has_merges, lake.columns), self.around.zone)
        return self.pack(Query(reading, self.needs).compile(self.build_outputs))

    def compile_for_few(self) -> str:
        """For the desk, which is a lake of few customers."""
        reading = Reading(lakes.DUCKDB, Everyone(has_merges=False), self.around.zone)
        return self.pack(SmallQuery(reading, self.needs).compile(self.build_outputs))

    def pack(self, sql: str) -> str:
        """customer_id, due_at, the words that hold a segment's bit, and the positions of stages."""
        words = []
        for word in self.words:
            bits = " + ".join(
                f"CASE WHEN s{saved.slot} THEN {1 << (saved.slot % lakes.SLOTS_PER_WORD)} ELSE 0 END"
                for saved in self.segments
                if saved.slot // lakes.SLOTS_PER_WORD == word
            )
            words.append(f"CAST({bits} AS BIGINT) AS w{word}")
        listed = ", ".join(
            ["customer_id", "due_at", *words, *(f"m{number}" for number in range(len(self.models)))]
        )
        return f"SELECT {listed} FROM ({sql}) AS packed"

    @property
    def words(self) -> list[int]:
        return sorted({saved.slot // lakes.SLOTS_PER_WORD for saved in self.segments})

    @cached_property
    def every_word(self) -> list[int]:
        """The words in which any active segment has its bit."""
        return sorted({saved.slot // lakes.SLOTS_PER_WORD for saved in self.every})

    def find_mask(self, word: int) -> int:
        """The bits of a word that these definitions decide."""
        slots = [saved.slot for saved in self.segments if saved.slot // lakes.SLOTS_PER_WORD == word]
        return sum(1 << (slot % lakes.SLOTS_PER_WORD) for slot in slots)


def _asks_for_stages(needs: list[Need]) -> bool:
    return any(
        (
            isinstance(need, Aggregate | Coming)
            and isinstance(need.source, StageSource)
            and need.source.model != BUILT_IN
        )
        or (
            isinstance(need, Fact)
            and need.column.name.startswith(("stage:", "since:"))
            and not need.column.name.endswith(f":{BUILT_IN}")
        )
        for need in needs
    )


def _is_touched(needs: list[Need], names: set[str]) -> bool:
    triggers = {
        name for need in needs if isinstance(need, Aggregate | Coming) for name in need.source.triggers
    }
    return bool(triggers & names) or ANY_CHANGE in triggers or any(isinstance(need, Fact) for need in needs)


class Current:
    """The definitions in force, looked up again when the ledger says that they changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._definitions: Definitions | None = None
        self._texts: dict[tuple[Any, ...], str] = {}

    def get(self) -> Definitions:
        version = _read_version()
        with self._lock:
            if self._definitions is None or self._definitions.version != version:
                segments = tuple(saved for saved in list_segments() if not saved.trouble)
                models = tuple(
                    saved for saved in list_models() if not saved.is_built_in and not saved.trouble
                )
                self._definitions = Definitions(version, segments, look_around(), segments, models, models)
                self._texts.clear()
            return self._definitions

    def get_text(self, key: str, definitions: Definitions, make: Callable[[], str]) -> str:
        """Compiling takes longer than running: each text is made once."""
        slots = tuple(saved.slot for saved in definitions.segments)
        full = (key, definitions.version, slots, tuple(saved.model.name for saved in definitions.models))
        with self._lock:
            found = self._texts.get(full)
        if found is None:
            found = make()
            with self._lock:
                if len(self._texts) > 64:
                    self._texts.clear()
                self._texts[full] = found
        return found


def _read_version() -> tuple[Any, ...]:
    return (
        tuple(SegmentDefinition.objects.order_by("id").values_list("id", "version", "trouble")),
        tuple(StageModelDefinition.objects.order_by("id").values_list("id", "version", "trouble")),
        tuple(StaticList.objects.order_by("id").values_list("id", flat=True)),
    )


def list_names(segments: Sequence[SavedSegment]) -> list[str]:
    return [saved.segment.name for saved in segments]


CURRENT = Current()
