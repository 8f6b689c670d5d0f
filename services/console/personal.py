"""This table names what the console holds of one customer, how it is shown and how it is erased."""

from shared.erasing import Personal

PERSONAL: tuple[Personal, ...] = ()
