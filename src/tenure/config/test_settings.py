"""Settings of the tests: a data folder of their own, and cheap password hashes."""

import os
import tempfile
from pathlib import Path

if "PYTEST_VERSION" in os.environ or "TENURE_HOME" not in os.environ:
    os.environ["TENURE_HOME"] = tempfile.mkdtemp(prefix="tenure-test-")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

from tenure.config.settings import *  # noqa: F403

DATABASES["default"]["NAME"] = str(Path(os.environ["TENURE_HOME"]) / "ledger.sqlite3")  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
