"""All SQL of notifier: a module and a file of queries for each subject. They turn rows into values and back, and decide nothing."""
