"""Every alert has a harm, so that one that is added cannot be forgotten here."""

import re
from collections import Counter

from tests.alerts.harms import ROUNDS
from tests.alerts.scaling import DEPLOY


def test_every_alert_of_the_rules_has_one_harm_that_it_follows() -> None:
    alerts = re.findall(r"- alert: (\w+)", (DEPLOY / "prometheus/rules.yml").read_text())
    followed = Counter(alert for harms in ROUNDS for harm in harms for alert in harm.alerts)
    assert followed == Counter(alerts), "a new alert takes a harm in tests/alerts/harms.py"
