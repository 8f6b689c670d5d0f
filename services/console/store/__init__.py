"""The read model: all SQL that writes it, and what several screens read. A page keeps its own queries in its folder."""
