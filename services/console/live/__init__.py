"""Open pages stay current: what changed is written beside the change, and each visible page hears of it on one event stream."""
