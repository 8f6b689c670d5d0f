"""Fakes of Slack, Microsoft Teams, Discord and Twilio: ASGI applications whose answers have the recorded shapes of the real ones.

They refuse what the real ones refuse. Sources are beside each refusal.
"""
