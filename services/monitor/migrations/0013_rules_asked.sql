-- How often somebody has asked for the rules to be read anew. Every process does so that has not yet since the number it knows.
CREATE TABLE rules_asked (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    number int     NOT NULL DEFAULT 0
);
INSERT INTO rules_asked DEFAULT VALUES;
CREATE TRIGGER wake AFTER UPDATE ON rules_asked FOR EACH STATEMENT EXECUTE FUNCTION wake();
