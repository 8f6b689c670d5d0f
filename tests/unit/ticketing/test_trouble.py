"""Short messages speak of trouble with a component, or do not: a false answer is worse than a suggestion."""

import pytest

from deploy.simulator.people import COMPLAINTS, QUESTIONS
from services.ticketing.matching.match import LINK_FROM
from services.ticketing.matching.trouble import trouble_with
from services.ticketing.matching.words import alike, stem
from shared.catalog import Catalog
from tests.unit.ticketing.builders import CONFIGURATION

Message = tuple[str, str, str]  # the component of the customer's incident, the subject, the body

RELATED: tuple[Message, ...] = (
    *(("checkout", subject.format(component="checkout"), body.format(component="checkout")) for subject, body in COMPLAINTS),
    ("uploads", "My photos", "They do not upload."),
    ("uploads", "Upload?", "It fails."),
    ("uploads", "Uploading photos", "stuck at 99%"),
    ("checkout", "Cannot pay", "It hangs."),
    ("checkout", "Checkout down?", ""),
    ("checkout", "Is your checkout page down?", ""),
    ("checkout", "", "chekout is broken"),
    ("checkout", "Payment", "My payment does not go through."),
    ("checkout", "Help", "I can't even pay, I get an error 500 every time"),
    ("checkout", "Payment problem", "Hello, I have been trying to pay since this morning and it just keeps loading."),
    ("checkout", "Checkout: error 502", ""),
    ("checkout", "Cart", "When I open the cart nothing happens"),
    ("checkout", "pay", "it wont let me pay"),
    ("checkout", "URGENT!!!", "checkout crashes when I press the button"),
    ("checkout", "Trouble checking out", "It fails at the last step."),
    ("checkout", "Timeout", "The checkout timed out twice. When will it be fixed?"),
    ("checkout", "payments failing", "All our payments fail since 10:02, please fix asap"),
    ("checkout", "Kasse", "Die Kasse funktioniert nicht."),
    ("checkout", "Bezahlung nicht möglich", "Hallo, seit einer Stunde kommt nur ein Fehler."),
    ("checkout", "Problem", "Ich kann seit heute Morgen nicht mehr bezahlen, bitte helfen Sie mir!"),
    ("checkout", "Warenkorb hängt", ""),
    ("search", "Search", "no results, the search is broken"),
    ("search", "Suche", "Die Suche lädt nicht"),
    ("search", "", "serach does not work"),
    ("login", "Can’t log in", ""),
    ("login", "Anmeldung", "Ich kann mich nicht anmelden"),
    ("login", "Locked out", "Signing in gives me an error"),
    ("account", "My account", "The page does not open"),
)
UNRELATED: tuple[Message, ...] = (
    *(("checkout", *question) for question in QUESTIONS),
    ("checkout", "Invoice", "Please send me an invoice"),
    ("checkout", "", "Where is my invoice?"),
    ("checkout", "Plan", "How do I change my plan?"),
    ("checkout", "Payment method", "How do I change my payment method?"),
    ("checkout", "Refund", "I paid twice last month, please refund one payment"),
    ("checkout", "", "I paid my invoice but have a problem with my address"),
    ("checkout", "Checkout", "Thank you, the checkout works again"),
    ("checkout", "", "Does your checkout support Apple Pay?"),
    ("checkout", "", "I did not pay yet, can I still change the order?"),
    ("checkout", "", "I don't pay for this plan any more"),
    ("checkout", "", "I pay for this every month and your support is slow"),
    ("checkout", "", "What happens if the checkout fails?"),
    ("checkout", "Checkout hangs", "And please send me the invoice for March"),
    ("checkout", "Search is broken", "I cannot find anything"),
    ("checkout", "Rechnung", "Bitte schicken Sie mir die Rechnung für März"),
    ("checkout", "Zahlung", "Kann ich auch per Lastschrift zahlen?"),
    ("checkout", "Error in my invoice", "The amount is wrong, I paid less"),
    ("checkout", "", "My password does not work"),
    ("checkout", "Cancel", "I want to cancel, your product is broken"),
    ("checkout", "", "The checkout works without problems, I only want a receipt"),
    ("account", "", "I want to shut down my account"),
    ("account", "Delete", "I cannot delete my account"),
    ("account", "", "I have a problem with my invoice, it is not in my account"),
    ("search", "", "I searched for the reason why my payment failed"),
    ("search", "Search", "How do I search for an article?"),
    ("uploads", "", "I have not uploaded my documents yet, is this a problem?"),
    ("login", "", "How do I change my login name?"),
    ("checkout", "", ""),
    ("checkout", "Ödeme", "Ödeme sayfası çalışmıyor"),  # a language whose words nobody has listed
)


def speaks(message: Message) -> bool:
    component, subject, body = message
    return trouble_with(component, (subject, body), CONFIGURATION.catalog).score >= LINK_FROM


def test_an_affected_customers_unrelated_question_is_not_taken_for_trouble_and_their_trouble_is() -> None:
    missed = [message for message in RELATED if not speaks(message)]
    false = [message for message in UNRELATED if speaks(message)]
    right = len(RELATED) - len(missed)
    figures = f"precision {right / (right + len(false)):.2f}, recall {right / len(RELATED):.2f} of {len(RELATED)} and {len(UNRELATED)}"
    assert (false, missed) == ([], []), figures


def test_the_reason_quotes_the_customers_own_words() -> None:
    heard = trouble_with("uploads", ("Upload?", "It fails."), Catalog())
    assert heard.reason == 'It speaks of trouble with uploads: "Upload. It fails".'


@pytest.mark.parametrize("word", ["uploads", "uploaded", "uploading", "upload"])
def test_endings_are_seen_through(word: str) -> None:
    assert stem(word) == "upload"


@pytest.mark.parametrize(
    ("said", "known", "meant"),
    [
        ("chekout", "checkout", True),
        ("chekuot", "checkout", False),
        ("logic", "login", False),
        ("amount", "account", False),
        ("hearch", "search", False),
    ],
)
def test_a_mistyped_name_is_known_when_it_is_long_enough(said: str, known: str, meant: bool) -> None:
    assert alike(said, known) is meant


def test_a_long_message_is_read_in_no_time_and_only_its_beginning_counts() -> None:
    assert not speaks(("checkout", "", "on and on, " * 30_000 + "the checkout hangs"))
    assert not speaks(("checkout", "", "on " * 100_000))


def test_trouble_words_are_those_of_the_catalog() -> None:
    catalog = Catalog(trouble=("kaput",))
    assert trouble_with("checkout", ("checkout kaput",), catalog).score >= LINK_FROM
    assert trouble_with("checkout", ("checkout hangs",), catalog).score < LINK_FROM
