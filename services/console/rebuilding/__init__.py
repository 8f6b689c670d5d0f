"""The read model is made anew from the topics beside the one that serves, and takes its place in one short transaction."""
