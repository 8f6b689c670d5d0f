"""Actions are what is done about a risk: others are asked, or a webhook of the operator's own is called."""
