-- Which topic an offset counts in: a topic that was made anew, or is on another broker, has another id and begins at its start.
ALTER TABLE offsets ADD COLUMN topic_id text;
