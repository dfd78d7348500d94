"""SIGKILL at random points of a send: nobody gets a second mail, nobody is forgotten."""

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tenure.channels.tests.conftest import Listening

CONNECTIONS = 4


def start_worker(home: Path, url: str, people: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TENURE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tenure.config.settings"}
    command = [sys.executable, "-m", "tenure.channels.tests.kill_worker", url, str(people), str(CONNECTIONS)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def make_ledger(home: Path) -> None:
    environment = {**os.environ, "TENURE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tenure.config.settings"}
    command = [sys.executable, "-m", "django", "migrate", "--skip-checks", "--verbosity", "0"]
    subprocess.run(command, env=environment, check=True)


def read_states(home: Path) -> dict[str, str]:
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        return dict(ledger.execute("SELECT address, state FROM channels_delivery"))


def send_with_kills(home: Path, server: Listening, people: int, kills: int, seed: int) -> int:
    """Kill the worker `kills` times, each time after some mails more and at no particular moment."""
    chance = random.Random(seed)
    done = 0
    for _ in range(kills):
        worker = start_worker(home, server.url, people)
        goal = len(server.peer.recipients) + chance.randrange(people // (kills + 1))
        while len(server.peer.recipients) <= goal and worker.poll() is None:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.01)
        done += worker.poll() is None
        worker.kill()
        worker.wait()
    worker = start_worker(home, server.url, people)
    assert worker.wait(600) == 0
    return done


def check_kills(home: Path, server: Listening, people: int, kills: int, seed: int) -> None:
    make_ledger(home)
    done = send_with_kills(home, server, people, kills, seed)
    states, received = read_states(home), Counter(server.peer.recipients)
    assert done >= kills - 1, "the kills came too late to prove anything"
    assert [address for address, count in received.items() if count > 1] == []
    assert len(states) == people and set(states.values()) <= {"sent", "in_doubt"}
    sent = {address for address, state in states.items() if state == "sent"}
    assert sent <= set(received) <= set(states)
    assert people - len(sent) <= CONNECTIONS * kills


def test_five_kills_bring_no_second_mail(tmp_path, listen):
    check_kills(tmp_path, listen(), people=500, kills=5, seed=1)


@pytest.mark.proof
@pytest.mark.parametrize("seed", [11, 12])
def test_twenty_kills_bring_no_second_mail(tmp_path, listen, seed):
    check_kills(tmp_path, listen(), people=5_000, kills=20, seed=seed)
