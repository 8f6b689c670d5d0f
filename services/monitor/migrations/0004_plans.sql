-- The list of incidents may ask for one component's: it need not walk through those of all others.
CREATE INDEX incidents_of_component ON incidents (component, opened_at DESC, id);
