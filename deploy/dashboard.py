"""Makes Grafana's dashboard: the panels that people drew stay as they are, those of the measures are made of their registry below them."""

import json
from pathlib import Path
from typing import Any

from services.console.measures.registry import MEASURES, Measure, Unit

FILE = Path(__file__).parent / "grafana" / "dashboards" / "loop.json"
FIRST_ID = 1001  # panels from this id on are made here
UNITS = {Unit.SHARE: "percentunit", Unit.SECONDS: "s"}
WIDTH, HEIGHT, ACROSS = 6, 6, 4
SOURCE = {"type": "prometheus", "uid": "prometheus"}

Panel = dict[str, Any]


def text() -> str:
    """Returns what the file is to hold."""
    drawn = json.loads(FILE.read_text())
    kept = [panel for panel in drawn["panels"] if panel["id"] < FIRST_ID]
    below = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in kept)
    row = {
        "id": FIRST_ID,
        "type": "row",
        "title": "Measures of the last day, week and month (docs/measures.md)",
        "collapsed": False,
        "gridPos": {"h": 1, "w": 24, "x": 0, "y": below},
        "panels": [],
    }
    made = [_panel(number, measure, below + 1) for number, measure in enumerate(MEASURES)]
    drawn["panels"] = [*kept, row, *made]
    return json.dumps(drawn, indent=2, ensure_ascii=False) + "\n"


def _panel(number: int, measure: Measure, top: int) -> Panel:
    return {
        "id": FIRST_ID + 1 + number,
        "type": "timeseries",
        "title": measure.title,
        "description": measure.sentence,
        "datasource": SOURCE,
        "gridPos": {"h": HEIGHT, "w": WIDTH, "x": number % ACROSS * WIDTH, "y": top + number // ACROSS * HEIGHT},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": f"max by (period) ({measure.series})", "legendFormat": "{{period}}"}],
        "fieldConfig": {
            "defaults": {
                "unit": UNITS.get(measure.unit, "short"),
                "min": 0,
                "custom": {"lineWidth": 2, "fillOpacity": 8, "showPoints": "never", "spanNulls": True},
                "color": {"mode": "palette-classic"},
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }
