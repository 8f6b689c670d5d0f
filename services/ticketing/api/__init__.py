"""The REST interface of ticketing."""
