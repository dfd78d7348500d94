"""The sender against real SMTP servers, good and bad."""

import asyncio
import threading
import time
from datetime import timedelta

import pytest

from tenure.base import clock
from tenure.base.errors import TenureError
from tenure.channels import api, hand_off, outbox
from tenure.channels.models import Delivery
from tenure.channels.tests.conftest import build_message, get_only, wait_until
from tenure.customers import api as customers

pytestmark = pytest.mark.django_db(transaction=True)


def test_everybody_gets_one_mail(plan, listen, start_sender):
    plan(50)
    server = listen()
    sender = start_sender(server.url)
    assert sender.wait_until_idle(30)
    assert sorted(server.peer.recipients) == sorted(f"p{number}@example.com" for number in range(50))
    assert api.count_states(1)["sent"] == 50
    assert sender.get_status().sent_count == 50


def test_a_woken_sender_sends_what_was_added(plan, listen, start_sender):
    server = listen()
    sender = start_sender(server.url)
    assert sender.wait_until_idle(10)
    plan(3)
    sender.notify()
    assert sender.wait_until_idle(10)
    assert len(server.peer.recipients) == 3


def test_sent_mails_are_told_in_batches_and_again_after_an_error(plan, listen, start_sender):
    plan(20)
    told, failures = [], [RuntimeError("the inbox is closed")]

    def on_sent(rows):
        if failures:
            raise failures.pop()
        told.extend(rows)

    sender = start_sender(listen().url, on_sent=on_sent)
    assert sender.wait_until_idle(20)
    assert sorted(row.customer_id for row in told) == list(range(20))
    assert outbox.list_untold() == []


def test_rows_sent_before_a_crash_are_told_at_the_next_start(plan, listen, start_sender):
    plan(2)
    ids = [row.id for row in outbox.claim_batch(2)]
    outbox.mark_handed_off(ids)
    outbox.record_results([outbox.Result(one, "sent") for one in ids])
    told = []
    sender = start_sender(listen().url, on_sent=told.extend)
    assert sender.wait_until_idle(10)
    assert [row.id for row in told] == ids


def test_who_opted_out_after_planning_gets_nothing(plan, listen, start_sender):
    plan(3)
    customers.suppress("email", "p1@example.com", "unsubscribed")
    server = listen()
    assert start_sender(server.url).wait_until_idle(10)
    assert sorted(server.peer.recipients) == ["p0@example.com", "p2@example.com"]
    assert api.count_states(1)["cancelled"] == 1


def test_a_message_that_cannot_be_built_fails_alone(plan, listen, start_sender):
    plan(5)

    def build(delivery):
        if delivery.customer_id == 2:
            raise TenureError("template_error", "The body has a mistake in line 3: nope", "body")
        if delivery.customer_id == 3:
            return api.OutgoingEmail("no address", "hi@shop.example", "s", None, "t")
        return build_message(delivery)

    assert start_sender(listen().url, build).wait_until_idle(10)
    failed = Delivery.objects.filter(state="failed").order_by("customer_id")
    assert [(row.error_code, "line 3" in row.error) for row in failed] == [
        ("render_failed", True),
        ("bad_address", False),
    ]
    assert api.count_states(1)["sent"] == 3


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_a_refusal_for_good_fails_the_row_with_the_answer(plan, listen, start_sender, stage):
    plan(4)
    server = listen(**{stage: "550 No such person here"}, times="1")
    assert start_sender(server.url, connections=1).wait_until_idle(10)
    row = Delivery.objects.get(state="failed")
    assert (row.error_code, row.error) == ("550", "550 No such person here")
    assert len(server.peer.recipients) == 3


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_a_refusal_for_now_is_tried_again_later(plan, listen, start_sender, stage):
    plan(1)
    server = listen(**{stage: "450 Mailbox busy"}, times="1")
    sender = start_sender(server.url)
    assert sender.wait_until_idle(10)
    row = get_only()
    assert (row.state, row.error_code, row.attempt_count) == ("planned", "450", 1)
    assert row.handed_off_at is None and row.not_before > clock.now() + timedelta(seconds=20)
    Delivery.objects.update(not_before=clock.now())
    sender.notify()
    assert sender.wait_until_idle(10)
    assert get_only().state == "sent" and server.peer.recipients == ["p0@example.com"]


def test_a_server_that_hangs_up_with_421_is_dialled_again(plan, listen, start_sender):
    plan(4)
    server = listen(mail="421 Too many mails, come back later", times="1")
    sender = start_sender(server.url, connections=1)
    assert wait_until(lambda: api.count_states(1)["sent"] == 3)
    waiting = Delivery.objects.exclude(state="sent").get()
    assert (waiting.state, waiting.error_code) == ("planned", "421")
    assert sender.wait_until_idle(5)


def test_a_server_that_hangs_before_the_message_means_another_try(plan, listen, start_sender):
    plan(1)
    server = listen(hang="rcpt", times="1")
    sender = start_sender(server.url, timeout_seconds=0.3)
    assert wait_until(lambda: get_only().error_code == "timeout")
    assert get_only().state == "planned"
    assert "did not answer for 0.3 s" in get_only().error
    assert sender.wait_until_idle(5)


def test_a_server_that_hangs_after_the_message_leaves_a_doubt(plan, listen, start_sender):
    plan(3)
    server = listen(hang="data", times="1")
    sender = start_sender(server.url, timeout_seconds=0.5, connections=1)
    assert sender.wait_until_idle(10)
    doubtful = api.list_in_doubt(1)
    assert len(doubtful) == 1 and "did not answer" in doubtful[0].error
    assert len(server.peer.recipients) == 2


def test_a_connection_lost_after_the_message_leaves_a_doubt_and_no_second_mail(plan, listen, start_sender):
    plan(3)
    server = listen(drop="data", times="1")
    sender = start_sender(server.url, connections=1)
    assert sender.wait_until_idle(10)
    sender.notify()
    assert sender.wait_until_idle(10)
    assert api.count_states(1)["in_doubt"] == 1
    assert sorted(server.peer.recipients) == [f"p{number}@example.com" for number in range(3)]


def test_a_connection_dropped_while_the_message_is_read_leaves_a_doubt(plan, free_port, start_sender):
    plan(1)
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def talk(reader, writer):
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            writer.write(b"354 go\r\n" if line.startswith(b"DATA") else b"250 ok\r\n")
            if line.startswith(b"DATA"):
                await reader.read(20)
                writer.transport.abort()
                return

    async def serve():
        server = await asyncio.start_server(talk, "127.0.0.1", free_port)
        ready.set()
        async with server:
            await stopping.wait()

    stopping = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    ready.wait(5)
    sender = start_sender(f"smtp://127.0.0.1:{free_port}")
    assert sender.wait_until_idle(10)
    loop.call_soon_threadsafe(stopping.set)
    thread.join(5)
    loop.close()
    assert get_only().state == "in_doubt"


def test_a_connection_lost_between_two_mails_costs_nothing(plan, listen, start_sender):
    plan(4)
    server = listen(drop="mail", times="1")
    server.peer.times = 0
    sender = start_sender(server.url, connections=1)
    assert sender.wait_until_idle(10)
    server.peer.times = 1
    plan(2, start=4)
    sender.notify()
    assert wait_until(lambda: api.count_states(1)["sent"] == 6)
    assert not Delivery.objects.exclude(attempt_count=0).exists()


def test_while_the_server_refuses_the_campaign_waits_and_says_so(plan, listen, start_sender, free_port):
    plan(5)
    sender = start_sender(f"smtp://127.0.0.1:{free_port}")
    assert wait_until(lambda: sender.get_status().state == "waiting")
    text = sender.get_status().text
    assert text.startswith(
        f"mail server smtp://127.0.0.1:{free_port} refuses: Connection refused; next try at "
    )
    states = api.count_states(1)
    assert states["planned"] + states["claimed"] == 5
    server = listen(free_port)
    assert sender.wait_until_idle(10)
    assert len(server.peer.recipients) == 5
    assert not Delivery.objects.exclude(attempt_count=0).exists()
    assert sender.get_status().state == "idle"


def test_a_silent_server_is_reported(plan, start_sender):
    import socket

    plan(1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender = start_sender(f"smtp://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.2)
        assert wait_until(lambda: "does not answer" in sender.get_status().text)
        sender.stop()
    assert get_only().state == "planned"


def test_stopping_gives_back_what_was_not_handed_off(plan, listen, start_sender):
    plan(300)
    server = listen()
    sender = start_sender(server.url)
    assert wait_until(lambda: len(server.peer.recipients) > 5)
    sender.stop()
    states = api.count_states(1)
    assert states["claimed"] == states["in_doubt"] == 0
    assert states["sent"] == len(server.peer.recipients) == 300 - states["planned"]


def test_a_ledger_that_cannot_be_written_holds_the_mail_back(plan, listen, start_sender, monkeypatch):
    from django.db import OperationalError

    plan(3)
    real, failures = outbox.mark_handed_off, [OperationalError("database or disk is full")] * 2

    def full(ids):
        if ids and failures:
            raise failures.pop()
        return real(ids)

    monkeypatch.setattr(hand_off.outbox, "mark_handed_off", full)
    server = listen()
    sender = start_sender(server.url)
    assert wait_until(lambda: "database or disk is full" in sender.get_status().text)
    assert server.peer.recipients == []
    assert sender.wait_until_idle(10)
    assert len(server.peer.recipients) == 3


def test_a_batch_that_cannot_be_prepared_waits(plan, listen, start_sender):
    plan(2)
    failures = [RuntimeError("the lake is down")]

    def prepare(rows):
        if failures:
            raise failures.pop()

    sender = start_sender(listen().url, prepare=prepare)
    assert sender.wait_until_idle(10)
    assert api.count_states(1)["sent"] == 2


def test_an_idle_sender_costs_next_to_nothing(plan, listen, start_sender):
    sender = start_sender(listen().url)
    assert sender.wait_until_idle(10)
    before = time.process_time()
    time.sleep(1)
    assert time.process_time() - before < 0.05


def test_there_is_one_sender_to_wake(listen, plan):
    server = listen()
    assert api.get_sender_status().state == "stopped"
    api.notify()
    api.start_sender(api.Sender(build_message, server.url, connections=1))
    try:
        plan(1)
        api.notify()
        assert wait_until(lambda: len(server.peer.recipients) == 1)
        assert api.get_sender_status().transport_url == server.url
    finally:
        api.stop_sender()
    assert api.get_sender_status().state == "stopped"


def test_a_sender_that_waits_for_a_silent_server_stops_at_once(plan, start_sender, transactional_db):
    import socket
    import time

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        plan(3)
        running = start_sender(f"smtp://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=30.0)
        time.sleep(0.5)
        begun_at = time.monotonic()
        running.stop()
        assert time.monotonic() - begun_at < 5
    assert api.count_states(1)["planned"] == 3
