"""The console: how long its pages take with a million customers, how far it is behind, and how fast it is built anew."""
