"""All the SQL of ticketing: rows become values, and values become rows. One module and one .sql file for each subject."""
