"""Every alert has a harm, so that one that is added cannot be forgotten here."""

import asyncio
import re
from collections import Counter

import yaml

from services.notifier.channels.email.bounces.mailbox import Mailbox
from services.notifier.deciding.policy import Policy
from services.notifier.operators.notices import About, addresses_in
from tests.alerts import scaling
from tests.alerts.harms import ROUNDS
from tests.alerts.mailbox import serve
from tests.alerts.scaling import DEPLOY
from tests.alerts.stack import OF_NOTIFIER


def test_every_alert_of_the_rules_has_one_harm_that_it_follows() -> None:
    alerts = re.findall(r"- alert: (\w+)", (DEPLOY / "prometheus/rules.yml").read_text())
    followed = Counter(alert for harms in ROUNDS for harm in harms for alert in harm.alerts)
    assert followed == Counter(alerts), "a new alert takes a harm in tests/alerts/harms.py"


async def test_the_mailbox_in_which_nothing_is_can_be_read() -> None:
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        async with Mailbox(host, port, "bounces", "none", tls="none").opened() as box:
            assert await box.unread() == []


def test_the_operator_of_the_stack_can_be_told() -> None:
    [operator] = Policy.model_validate(yaml.safe_load(scaling.config()["notifications.yml"])).operators
    assert (operator.name, operator.of) == (scaling.OPERATOR, frozenset({About.BRAKES}))
    assert operator.address in addresses_in(OF_NOTIFIER["FOREWARN_OPERATOR_ADDRESSES"])
