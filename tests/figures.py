"""Reads the values of metrics as Prometheus reads them."""

from prometheus_client import Counter, Gauge, Histogram, Summary


def value(metric: Counter | Gauge) -> float:
    """Returns the value of a metric without labels, or with those that were chosen by `labels`."""
    return _sample(metric, "_total" if isinstance(metric, Counter) else "")


def total(metric: Histogram | Summary) -> float:
    """Returns the sum of what was observed."""
    return _sample(metric, "_sum")


def _sample(metric: Counter | Gauge | Histogram | Summary, ending: str) -> float:
    [family] = metric.collect()
    [found] = [sample.value for sample in family.samples if sample.name == family.name + ending]
    return found
