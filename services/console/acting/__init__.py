"""Acts: the console asks the service that owns a thing, on behalf of who is signed in, once for a form however often it is sent."""
