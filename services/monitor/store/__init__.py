"""All SQL of monitor: one module and one .sql file a subject, without decisions."""
