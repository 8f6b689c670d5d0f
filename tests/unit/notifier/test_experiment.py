"""Experiments hold out whole accounts, as many as they say, and nobody of what they must know."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.deciding.decision import Send, Suppressed
from services.notifier.deciding.experiment import Experiment
from services.notifier.deciding.order import decide
from services.notifier.deciding.policy import Policy
from services.notifier.incident import Incident, IncidentStatus
from services.notifier.notification import ENDS, Kind, Notification, Reason
from services.notifier.situation import Arm, Situation
from shared.configuration.files import ConfigError, parse
from tests.unit.notifier.builders import ADA, NOW, OPEN, OVER, POLICY, notification, situation

ACCOUNTS = [f"a-{number}" for number in range(10_000)]
BOTH = Experiment(name="both", share=0.5, kinds=(Kind.GUIDANCE, Kind.OPENED))
OUT = {"both": Arm.HELD_OUT}
GUIDANCE = notification(Kind.GUIDANCE, incident_id=None)
CRITICAL = replace(OPEN, severity="critical")


def with_(*experiments: Experiment) -> Policy:
    return POLICY.model_copy(update={"experiments": experiments})


def told(at: Situation, policy: Policy) -> bool:
    decision = decide(at, policy)
    assert isinstance(decision, Send) or (isinstance(decision, Suppressed) and decision.reason is Reason.HELD_OUT), decision
    return isinstance(decision, Send)


# ── arms ─────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 0.5), st.text(max_size=20))
def test_of_ten_thousand_accounts_the_share_is_held_out(share: float, salt: str) -> None:
    """The bound is six standard deviations: once in five hundred million draws it would be passed by chance."""
    experiment = Experiment(name="x", share=share, kinds=(Kind.GUIDANCE,), salt=salt)
    held_out = sum(experiment.arm_of("c", account) is Arm.HELD_OUT for account in ACCOUNTS)
    assert abs(held_out - share * len(ACCOUNTS)) <= 6 * (share * (1 - share) * len(ACCOUNTS)) ** 0.5


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_an_account_is_whole_and_whoever_has_none_is_drawn_alone(account: str, one: str, other: str) -> None:
    assert BOTH.arm_of(one, account) is BOTH.arm_of(other, account)
    assert BOTH.arm_of(one, "") is BOTH.arm_of(one, None)


def test_the_arm_is_the_same_after_a_restart_and_on_every_machine() -> None:
    """These were drawn once: another hash would give customers other arms in the middle of an experiment."""
    drawn = ["held_out", "told", "held_out", "held_out", "held_out", "held_out", "told", "held_out"]
    assert [BOTH.arm_of("c", account).value for account in ACCOUNTS[:8]] == drawn


def test_a_larger_share_holds_out_others_beside_the_same_and_another_salt_draws_anew() -> None:
    arms = {
        (share, salt): {
            each
            for each in ACCOUNTS
            if Experiment(name="x", share=share, kinds=(Kind.GUIDANCE,), salt=salt).arm_of("c", each) is Arm.HELD_OUT
        }
        for share, salt in ((0.1, ""), (0.3, ""), (0.3, "again"))
    }
    assert arms[0.1, ""] < arms[0.3, ""]
    assert 700 < len(arms[0.3, ""] & arms[0.3, "again"]) < 1100, "as many as chance has in both"


# ── decisions ────────────────────────────────────────────────────────────────────────────────


def test_who_is_held_out_is_not_told_and_the_figures_say_so() -> None:
    decision = decide(situation(arms=OUT), with_(BOTH))
    assert decision == Suppressed(
        Reason.HELD_OUT, {"experiment": "both", "arm": "held_out", "share": 0.5, "policy": with_(BOTH).version}, awaits_incident=True
    )
    advice = decide(situation(GUIDANCE, incident=None, arms=OUT), with_(BOTH))
    assert isinstance(advice, Suppressed)
    assert not advice.awaits_incident


def test_the_other_arm_is_told_and_that_is_noted() -> None:
    decision = decide(situation(arms={"both": Arm.TOLD}), with_(BOTH))
    assert isinstance(decision, Send)
    assert decision.why.items() >= {"experiment": "both", "arm": "told"}.items()


@pytest.mark.parametrize("arm", Arm)
def test_the_arm_once_given_stands_whatever_account_they_are_of(arm: Arm) -> None:
    for account in ACCOUNTS[:8]:
        assert told(situation(customer=replace(ADA, account=account), arms={"both": arm}), with_(BOTH)) is (arm is Arm.TOLD)


def test_without_an_arm_yet_the_account_decides() -> None:
    for account in ACCOUNTS[:8]:
        arm = BOTH.arm_of(ADA.id, account)
        assert told(situation(customer=replace(ADA, account=account), arms={}), with_(BOTH)) is (arm is Arm.TOLD)


TICKET: dict[str, Any] = {"ticket_id": "t-1", "ticket_number": 7, "subject": "Re", "body": "Words"}


@pytest.mark.parametrize(
    ("about", "incident"),
    [
        (notification(), CRITICAL),
        (notification(sent_at=NOW), OPEN),
        (notification(Kind.CORRECTION), OPEN),
        *((notification(kind, **TICKET), OPEN) for kind in (Kind.ANSWER, Kind.REPLY)),
        *((notification(kind), replace(OVER, status=IncidentStatus(kind.value))) for kind in ENDS),
    ],
    ids=lambda each: each.kind.value if isinstance(each, Notification) else "",
)
def test_what_is_critical_asked_for_owed_or_begun_is_told_to_everybody(about: Notification, incident: Incident) -> None:
    assert told(situation(about, incident=incident, arms=OUT), with_(BOTH))


def test_an_experiment_concerns_its_kinds_alone_and_nobody_once_it_has_ended() -> None:
    advice = Experiment(name="both", share=0.5, kinds=(Kind.GUIDANCE,))
    assert told(situation(arms=OUT), with_(advice))
    assert not told(situation(GUIDANCE, incident=None, arms=OUT), with_(advice))
    assert told(situation(GUIDANCE, incident=None, arms=OUT), with_(advice.model_copy(update={"ended": True})))
    assert told(situation(arms=OUT), POLICY), "none as shipped"


# ── the file ─────────────────────────────────────────────────────────────────────────────────


class Only(Policy):
    """The file without the words that it needs otherwise."""

    texts: Any = None


FILE = """\
experiments:
  - name: one
    share: 10%
    kinds: [guidance]
  - name: two
    share: {share}
    kinds:
      - opened
      - {kind}
"""


@pytest.mark.parametrize("kind", [*(each.value for each in Kind if each not in (Kind.GUIDANCE, Kind.OPENED)), "critical", "maintenance"])
def test_what_everybody_must_know_is_refused_with_file_and_line(kind: str) -> None:
    with pytest.raises(ConfigError, match=rf"n\.yml:9: experiments\.1\.kinds\.1: {kind} is told to everybody: only guidance and opened"):
        parse(FILE.format(share="10%", kind=kind).encode(), "n.yml", Only)


@pytest.mark.parametrize(
    ("share", "kind", "mistake"),
    [
        ("51%", "opened", r"n\.yml:6: experiments\.1\.share: .*less than or equal to 0\.5"),
        ("-1", "opened", r"n\.yml:6: experiments\.1\.share"),
        ("10%", "guidance", r"n\.yml:1: experiments: guidance is in two experiments"),
    ],
)
def test_other_mistakes_are_refused_with_file_and_line(share: str, kind: str, mistake: str) -> None:
    with pytest.raises(ConfigError, match=mistake):
        parse(FILE.format(share=share, kind=kind).encode(), "n.yml", Only)


def test_two_experiments_have_two_names() -> None:
    text = FILE.replace("two", "one").format(share="10%", kind="opened")
    with pytest.raises(ConfigError, match="one is the name of two experiments"):
        parse(text.encode(), "n.yml", Only)


def test_the_version_of_the_file_changes_with_what_it_says() -> None:
    assert len(POLICY.version) == 12
    assert POLICY.version == Policy(texts=POLICY.texts).version
    assert Policy(texts=POLICY.texts, experiments=(BOTH,)).version != POLICY.version
