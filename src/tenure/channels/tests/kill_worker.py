"""A process to be killed: plans the same people at every start, sends, and ends when nothing is due.

python -m tenure.channels.tests.kill_worker SMTP_URL PEOPLE CONNECTIONS
"""

import os
import sys

import django


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
    django.setup()
    import pyarrow as pa

    from tenure.channels import api

    url, people, connections = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    addresses = [f"p{number}@example.com" for number in range(people)]
    api.add_deliveries(1, pa.table({"customer_id": list(range(people)), "address": addresses}), "email")

    def build(delivery: api.ClaimedDelivery) -> api.OutgoingEmail:
        return api.OutgoingEmail(delivery.address, "hi@shop.example", "Hello", "<p>Hello</p>", "Hello")

    sender = api.Sender(build, url, connections=connections)
    sender.start()
    while not sender.wait_until_idle(60):
        pass
    sender.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
