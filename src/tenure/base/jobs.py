"""Background work that a person waits for: one thread per job, its progress in the ledger."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from tenure.base import clock
from tenure.base.errors import NotFoundError, TenureError
from tenure.base.models import Job

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobView:
    id: int
    kind: str
    state: str
    done_share: float
    message: str
    result: Any


class JobProgress:
    """Handed to the work, so that it can say how far it is."""

    def __init__(self, job_id: int) -> None:
        self._job_id = job_id
        self._last: tuple[int, str] | None = None

    def report(self, share: float, message: str = "") -> None:
        """Say how far the work is, 0 to 1. Written only when the whole percentage or the text changes."""
        current = (int(share * 100), message)
        if current != self._last:
            self._last = current
            Job.objects.filter(id=self._job_id).update(done_share=min(1.0, max(0.0, share)), message=message)


def start_job(kind: str, work: Callable[[JobProgress], dict[str, Any]], actor: str) -> int:
    """Run `work` in a thread of its own; the result is its JSON-able dict. Gives the job's id."""
    job = Job.objects.create(kind=kind, actor=actor, created_at=clock.now())
    threading.Thread(target=_run, args=(job.id, work), name=f"job-{job.id}", daemon=True).start()
    return int(job.id)


def get_job(job_id: int) -> JobView:
    job = Job.objects.filter(id=job_id).first()
    if job is None:
        raise NotFoundError("no_such_job", f"There is no job {job_id}.")
    return JobView(int(job.id), job.kind, job.state, job.done_share, job.message, job.result)


def fail_interrupted_jobs() -> int:
    """At start: a job that a dead process left running did not finish. Says so; gives their number."""
    return Job.objects.filter(state__in=["queued", "running"]).update(
        state="failed", message="Tenure was stopped while this ran. Start it again.", finished_at=clock.now()
    )


def _run(job_id: int, work: Callable[[JobProgress], dict[str, Any]]) -> None:
    try:
        Job.objects.filter(id=job_id).update(state="running")
        try:
            result = work(JobProgress(job_id))
            change = {"state": "done", "done_share": 1.0, "result": result}
        except TenureError as error:
            change = {"state": "failed", "message": error.message, "result": {"error": error.as_dict()}}
        except Exception as error:
            logger.exception("job %s failed", job_id)
            change = {"state": "failed", "message": f"Unexpected error: {error}", "result": None}
        Job.objects.filter(id=job_id).update(finished_at=clock.now(), **change)
    finally:
        connection.close()
