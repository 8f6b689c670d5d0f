"""A batch of events becomes counts for each rule, component and bucket of event time. Pure, and hot."""
