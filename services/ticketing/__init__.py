"""ticketing: works on the cases that come all the same, with their deadlines and the known incident."""
