"""Decisions about notifications as values with their reasons: tell or not, try again or not, who hears of an end. Pure."""
