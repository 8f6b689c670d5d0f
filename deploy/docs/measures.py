"""Makes the page that defines the measures: the table is made of the registry, what counts in odd cases stands here."""

from services.console.measures.registry import MEASURES, PERIODS, Measure, Of

HEAD = """\
<!-- Made by `make docs` from services/console/measures/registry.py and deploy/docs/measures.py. Change those. -->
# Measures

What the loop achieved, in figures: were customers told before they had to write in, how many wrote all the same, and how long did they
wait? The console counts them from its read model, and so from the [facts](events.md) alone. The same figures are shown

- on the pages of the console (8004);
- by `forewarn report`: the last seven days, `--since 24h` any other time before now, `--incident ID` one incident, `--json` for programs.
  It asks the console with the agent's or operator's token, as `forewarn streams` asks the services;
- by REST: `GET /v1/measures?since=7d` and `GET /v1/incidents/{id}/measures`, counted when they are asked for;
- in Prometheus, with the label `period` (__PERIODS__), and on Grafana's dashboard, counted every half minute: `NaN` means nothing
  to count. `forewarn_console_measured_timestamp_seconds` says when.

A **period** ends now. Its figures are of the incidents and of the tickets that were **opened** in it, and of all that became of them
since, whenever that was. The figures of an **incident** are of the customers whom it touches, and of the tickets that are linked to it now.

| measure | unit | what it is | of | follows from | series |
|---|---|---|---|---|---|
"""

REST = """
## What counts

- **Affected** are the customers of `incident.impact`, each once for an incident, however often the incident is said to touch them.
  A period counts a customer once for each incident.
- **Told** is the first `notification.delivered` of kind `opened` about the incident to a customer: the moment `delivered_at`, when the
  provider accepted it. Updates and all-clears do not count, nor does an automatic answer to a ticket: who gets that has written already.
  What is delivered after the incident's end counts as told all the same, and so shows as a long time from the opening.
- **Wrote** is the opening (`state.opened_at`: when the customer wrote) of the earliest of a customer's tickets that are linked to the
  incident **now**. Of several tickets the earliest counts. A ticket that is unlinked counts no more, one that an agent links later
  counts from when it was opened. Tickets about something else never count.
- Somebody who is told and writes **in the same moment** was told first. Somebody who was never told is not covered, whether they
  wrote or not.
- **Lead time** is of those who wrote when they had been told; who never wrote has none. Who wrote first, and was told later,
  has none either.
- A customer who is told or writes, but is not (yet) in the impact, counts nowhere.
- **Response by a person** is the first `ticket.replied` of kind `reply`, even where Forewarn had answered before.
  **Automatic response** is of tickets whose first response Forewarn gave.
- **Resolution** is the latest one: a ticket that was reopened and is open again has none, one that is resolved again has the later.
- A ticket that was reopened several times counts once. One that is open again still counts among those that were ever resolved.
- **Ended** is what an incident is now: one that was reopened has not ended. Of the facts of one incident the one with the highest
  revision counts.
- A **median** and a **95th percentile** are interpolated between the two figures nearest to them (Postgres: `percentile_cont`).
- An **erased** customer counts nowhere any more, and their tickets do not either: figures of a past incident may become smaller by it.
- What **retention** has deleted (`FOREWARN_KEEP_INCIDENTS_DAYS`, `FOREWARN_KEEP_TICKETS_DAYS` of the console) counts no more.
- A fact that comes again changes nothing. Figures follow the topics as far as the console has read them; every page says how far
  behind it is.
"""


def page() -> str:
    periods = ", ".join(f"`{period}`" for period in PERIODS)
    return HEAD.replace("__PERIODS__", periods) + "".join(_line(each) for each in MEASURES) + REST


def _line(measure: Measure) -> str:
    of = "period" if measure.of is Of.PERIOD else "both"
    name = f"**{measure.title}** `{measure.name}`"
    return f"| {name} | {measure.unit} | {measure.sentence} | {of} | {measure.facts} | `{measure.series}` |\n"
