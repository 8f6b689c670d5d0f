"""These are the endpoints that every service has beside its own, and the roles that may use them."""

STREAMS = {
    ("GET", "/v1/streams"): {"operator"},
    ("POST", "/v1/streams/{topic}/release"): {"operator"},
    ("POST", "/v1/unpublished/send"): {"operator"},
    ("GET", "/v1/due"): {"operator"},
    ("POST", "/v1/due/retry"): {"operator"},
    ("POST", "/v1/erasures/find"): {"operator"},
    ("GET", "/v1/customers/{customer_id}/data"): {"operator"},
    ("GET", "/v1/customers/{customer_id}/erasure"): {"operator"},
}
