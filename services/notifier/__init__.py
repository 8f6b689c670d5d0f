"""notifier: decides who must know what, when and how, and brings it there, once."""
