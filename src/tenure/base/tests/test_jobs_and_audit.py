import time
from typing import Any

import pytest

from tenure.base import audit, jobs
from tenure.base.access import create_user, has_role
from tenure.base.errors import ConflictError, NotFoundError, TenureError
from tenure.base.models import AuditEntry, Job


def finish(job_id: int) -> jobs.JobView:
    for _ in range(200):
        view = jobs.get_job(job_id)
        if view.state in ("done", "failed"):
            return view
        time.sleep(0.02)
    raise AssertionError(f"the job did not end: {view}")


def test_a_job_tells_how_far_it_is_and_keeps_its_result(transactional_db: None) -> None:
    def work(progress: jobs.JobProgress) -> dict[str, Any]:
        progress.report(0.5, "half way")
        return {"rows": 3, "seen": Job.objects.latest("id").done_share}

    view = finish(jobs.start_job("test", work, "alice@example.com"))
    assert (view.state, view.done_share, view.result) == ("done", 1.0, {"rows": 3, "seen": 0.5})


def test_a_mistake_of_the_caller_ends_a_job_with_its_message(transactional_db: None) -> None:
    def work(progress: jobs.JobProgress) -> dict[str, Any]:
        raise TenureError("bad_file", "That is no file.", "file")

    view = finish(jobs.start_job("test", work, "alice@example.com"))
    assert (view.state, view.message) == ("failed", "That is no file.")
    assert view.result["error"]["code"] == "bad_file"


def test_a_job_that_a_dead_process_left_says_so(transactional_db: None) -> None:
    from tenure.base import clock

    job = Job.objects.create(kind="test", state="running", actor="a", created_at=clock.now())
    assert jobs.fail_interrupted_jobs() == 1
    view = jobs.get_job(job.pk)
    assert view.state == "failed"
    assert "Start it again" in view.message


def test_there_is_no_such_job(db: None) -> None:
    with pytest.raises(NotFoundError):
        jobs.get_job(999)


def test_a_change_leaves_an_audit_row(db: None) -> None:
    audit.record_audit("alice@example.com", "campaign.sent", "Spring", people=3)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.verb, entry.subject, entry.detail) == (
        "alice@example.com",
        "campaign.sent",
        "Spring",
        {"people": 3},
    )


def test_roles_rise_from_viewer_to_admin(db: None) -> None:
    bob = create_user(" Bob@Example.com ", "a long enough secret", "marketer")
    assert bob.email == "bob@example.com"
    assert [has_role(bob, role) for role in ("viewer", "marketer", "admin")] == [True, True, False]


@pytest.mark.parametrize(
    ("email", "password", "role", "code"),
    [
        ("nobody", "a long enough secret", "viewer", "bad_email"),
        ("carl@example.com", "short", "viewer", "weak_password"),
        ("carl@example.com", "a long enough secret", "owner", "unknown_role"),
    ],
)
def test_a_bad_account_is_refused(db: None, email: str, password: str, role: str, code: str) -> None:
    with pytest.raises(TenureError) as caught:
        create_user(email, password, role)
    assert caught.value.code == code


def test_an_address_has_one_account(db: None) -> None:
    create_user("bob@example.com", "a long enough secret")
    with pytest.raises(ConflictError):
        create_user("BOB@example.com", "a long enough secret")
