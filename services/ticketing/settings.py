"""The settings that ticketing reads from its environment."""

from pydantic import Field

from shared.settings import Settings


class TicketingSettings(Settings):
    """The settings of how long tickets and incidents are kept, beside those of every service."""

    http_port: int = Field(8003, description="of REST, health and metrics")
    keep_incidents_days: int = Field(400, ge=1, description="ended incidents, whom they touched and who was told")
    keep_tickets_days: int = Field(730, ge=1, description="closed tickets and all that was said on them")
    keep_fact_ids_days: int = Field(90, ge=30, description="which facts were heard; longer than any topic keeps them")
