-- What people do with an incident. It stays open while a person has it, and while it is merged into another.
ALTER TABLE incidents
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN acknowledged_by text,
    ADD COLUMN public          jsonb,  -- the latest words for customers
    ADD COLUMN merged_into     text;   -- the incident that it is the same trouble as
