"""The loop on a screen: a read model of the topics, its measures and the pages on which people see, decide and answer.."""
