"""Group commit: one thread writes the marks and results of all connections, together, durably."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from django.db import DatabaseError, close_old_connections, connection, transaction

from tenure.channels import outbox
from tenure.channels.outbox import Result

T = TypeVar("T")
logger = logging.getLogger(__name__)
MOST_PER_COMMIT = 200


@dataclass(slots=True)
class Exchange:
    """What one connection wants written: the result of its last message, the mark of its next one."""

    result: Result | None
    mark: int | None
    answer: "asyncio.Future[bool]"


@dataclass(slots=True)
class Question:
    """Another piece of work on the ledger, done between commits."""

    work: Callable[[], Any]
    answer: "asyncio.Future[Any]"


class HandOffLedger:
    """Writes for the connections of one sender. Methods are for its event loop; the thread is its own.

    A ledger that cannot be written (a full disk) holds everybody up and is tried again; `problem` says why.
    """

    def __init__(self) -> None:
        self.problem: str | None = None
        self._queue: queue.SimpleQueue[Exchange | Question | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def give_up_on_failure(self) -> None:
        """From now on a ledger that cannot be written is an error for those who wait, not a delay."""
        self._stopping.set()

    def stop(self) -> None:
        self._stopping.set()
        self._queue.put(None)
        self._thread.join(timeout=10)

    async def exchange(self, result: Result | None, mark: int | None) -> bool:
        """Returns when both are on disk: whether the marked row may be handed over."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queue.put(Exchange(result, mark, answer))
        return await answer

    async def ask(self, work: Callable[[], T]) -> T:
        """Run work on the ledger in the writer's thread."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(Question(work, answer))
        return await answer

    def _run(self) -> None:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA synchronous=FULL")
        try:
            while True:
                first = self._queue.get()
                if first is None:
                    return
                exchanges, questions, ended = self._collect(first)
                if exchanges:
                    self._keep_trying(partial(self._commit, exchanges), [item.answer for item in exchanges])
                for question in questions:
                    self._keep_trying(partial(self._answer, question), [question.answer])
                if ended:
                    return
        finally:
            connection.close()

    def _collect(self, first: Exchange | Question) -> tuple[list[Exchange], list[Question], bool]:
        exchanges: list[Exchange] = []
        questions: list[Question] = []
        item: Exchange | Question | None = first
        while item is not None:
            if isinstance(item, Exchange):
                exchanges.append(item)
            else:
                questions.append(item)
            if len(exchanges) >= MOST_PER_COMMIT:
                return exchanges, questions, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return exchanges, questions, False
        return exchanges, questions, True

    def _keep_trying(self, work: Callable[[], None], waiting: "Sequence[asyncio.Future[Any]]") -> None:
        wait = 0.2
        while True:
            try:
                work()
                self.problem = None
                return
            except DatabaseError as error:
                self.problem = f"the ledger cannot be written: {error}"
                if self._stopping.is_set():
                    _fail_all(waiting, error)
                    return
                logger.warning("%s; next try in %.1f s", self.problem, wait)
                close_old_connections()
            self._stopping.wait(wait)
            wait = min(wait * 2, 5.0)

    def _commit(self, exchanges: list[Exchange]) -> None:
        with transaction.atomic():
            results = [exchange.result for exchange in exchanges if exchange.result]
            if results:
                outbox.record_results(results)
            marked = outbox.mark_handed_off([item.mark for item in exchanges if item.mark is not None])
        _release([(item.answer, item.mark in marked) for item in exchanges])

    def _answer(self, question: Question) -> None:
        try:
            value = question.work()
        except DatabaseError:
            raise
        except Exception as error:
            _fail_all([question.answer], error)
            return
        _release([(question.answer, value)])


def _release(answers: "list[tuple[asyncio.Future[Any], Any]]") -> None:
    def release() -> None:
        for answer, value in answers:
            if not answer.done():
                answer.set_result(value)

    if answers:
        answers[0][0].get_loop().call_soon_threadsafe(release)


def _fail_all(answers: "Sequence[asyncio.Future[Any]]", error: BaseException) -> None:
    def fail() -> None:
        for answer in answers:
            if not answer.done():
                answer.set_exception(error)

    if answers:
        answers[0].get_loop().call_soon_threadsafe(fail)
