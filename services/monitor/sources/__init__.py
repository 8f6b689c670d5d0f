"""What a company's systems say on topics of their own becomes events of ours: sources.yml, and how a record is read. Pure."""
