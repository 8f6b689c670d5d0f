"""Facts are read in both modes, checked field by field, and written so that they are read again."""

import json
from typing import Any

import pytest

from shared.cloudevents import FACT_HEADERS, Reason, read_fact, write_fact
from shared.events import FACT_OF, Affected, CustomerErased, CustomerUpdated, IncidentImpact, IncidentOpened
from tests.unit.shared.messages import CUSTOMER, NOW, binary, customer, refused_fact, structured


class TestAFact:
    def test_is_read_in_both_modes_alike(self) -> None:
        structurally = read_fact(customer(), FACT_HEADERS, NOW, FACT_OF)
        headers = [*binary(type=CUSTOMER["type"], causationid="z", hops="3"), ("content-type", b"application/json")]
        in_binary = read_fact(json.dumps(CUSTOMER["data"]).encode(), headers, NOW, FACT_OF)
        assert isinstance(structurally, CustomerUpdated)
        assert isinstance(in_binary, CustomerUpdated)
        assert (in_binary.hops, in_binary.causationid) == (3, "z")
        assert in_binary.data == structurally.data == CustomerUpdated.Data.model_validate(CUSTOMER["data"])

    def test_of_an_unknown_type_is_none(self) -> None:
        assert read_fact(customer(), (), NOW, {}) is None
        assert read_fact(structured(type="forewarn.customer.updated.v2"), (), NOW, FACT_OF) is None

    def test_of_an_unknown_type_must_still_be_a_cloudevent(self) -> None:
        assert refused_fact(structured("id", type="unheard.of")).reason is Reason.NOT_CLOUDEVENT

    def test_keeps_no_field_it_does_not_know(self) -> None:
        assert read_fact(customer(shoe_size=43), (), NOW, FACT_OF) == read_fact(customer(), (), NOW, FACT_OF)

    def test_without_data_is_read_when_it_needs_none(self) -> None:
        assert isinstance(read_fact(structured("data", type="forewarn.customer.erased.v1"), (), NOW, FACT_OF), CustomerErased)

    @pytest.mark.parametrize(
        ("data", "detail"),
        [
            ({"revenue": "1200"}, "data.revenue: float_type"),
            ({"revenue": "nan"}, "data.revenue: float_type"),
            ({"renews_at": 20_000}, "data.renews_at: date_type"),
            ({"contacts": [{"channel": "email"}]}, "data.contacts.0.address: missing"),
            ({"consent": {"ada@example.org": "perhaps"}}, "data.consent.*: bool_type"),
            ({"name": ["Ada"]}, "data.name: string_type"),
        ],
    )
    def test_of_the_wrong_type_is_refused_naming_the_field_but_not_what_it_holds(self, data: dict[str, Any], detail: str) -> None:
        refusal = refused_fact(customer(**data))
        assert (refusal.reason, refusal.detail) == (Reason.WRONG_TYPE, detail)

    def test_with_a_number_no_float_can_hold_is_refused(self) -> None:
        assert refused_fact(customer(revenue=10**400)).reason is Reason.WRONG_TYPE

    def test_without_a_subject_is_refused(self) -> None:
        refusal = refused_fact(structured("subject", type=CUSTOMER["type"], data={}))
        assert (refusal.reason, refusal.detail) == (Reason.WRONG_TYPE, "subject: missing")

    def test_above_the_hop_limit_is_a_loop(self) -> None:
        assert refused_fact(structured(type=CUSTOMER["type"], data={}, hops=9)).reason is Reason.LOOP

    def test_is_written_so_that_it_is_read_again(self) -> None:
        cause = CustomerErased.of(CustomerErased.Data(), subject="c-17", at=NOW)
        touched = Affected(customer_id="c-17", certainty="confirmed", first_seen_at=NOW, last_seen_at=NOW, count=1)
        fact = IncidentImpact.of(IncidentImpact.Data(incident_id="i", chunk=0, customers=(touched,)), subject="i", at=NOW, cause=cause)
        assert read_fact(write_fact(fact), FACT_HEADERS, NOW, FACT_OF) == fact
        assert (fact.hops, fact.causationid) == (1, cause.id)

    def test_leaves_out_the_attribute_that_is_not_set_and_keeps_null_data(self) -> None:
        opened = IncidentOpened.Data(
            incident_id="i", rule="r", component="c", severity="high", title="t", started_at=NOW, opened_at=NOW, why={"ratio": None}
        )
        written = json.loads(write_fact(IncidentOpened.of(opened, subject="i", at=NOW)))
        assert "causationid" not in written
        assert written["data"]["why"] == {"ratio": None}
