"""The key of a product event: it decides the partition that folds the event. Pure."""

from shared.events import ProductEvent


def key_of(event: ProductEvent) -> str:
    """The event's customer, else the component it names, else its source.

    All events of one customer have one key, and all copies of one event do, so that one partition sees them all.
    """
    if event.subject is not None:
        return event.subject
    component = event.data.get("component") if type(event.data) is dict else None
    return component if isinstance(component, str) and component else event.source
