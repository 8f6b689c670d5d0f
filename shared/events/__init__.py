"""Exports every fact the services tell each other, and the one open-world event that products emit.

A fact is a CloudEvent 1.0 (https://github.com/cloudevents/spec, v1.0.2) whose type is
`forewarn.<fact>.v1`, in the past tense. Its id is derived from what the fact *is* (UUIDv5), so
saying it again after a crash or a replay says the same id. How facts look as bytes is
`shared/cloudevents.py`; JSON Schemas and the AsyncAPI document in `docs/` are generated from here.

A new fact is a class in its topic's module: it is exported, published, read and documented by being there.
"""

# ruff: noqa: F403
from shared.events.customers import *
from shared.events.envelope import *
from shared.events.incidents import *
from shared.events.maintenance import *
from shared.events.notifications import *
from shared.events.partials import *
from shared.events.registry import *
from shared.events.risks import *
from shared.events.support_requests import *
from shared.events.tickets import *
