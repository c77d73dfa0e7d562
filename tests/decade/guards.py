"""Triggers that a test puts on the tables of record: whatever an action does, at its commit these hold."""

#: A version is written once and superseded once; the head is its current version; each version has its change.
GUARDS = """
CREATE FUNCTION guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(new) - 'superseded_at' <> to_jsonb(old) - 'superseded_at' OR old.superseded_at IS NOT NULL THEN
            RAISE EXCEPTION 'version % of % was changed', old.version_no, old.id;
        END IF;
    ELSIF NOT EXISTS (SELECT FROM pending_change p WHERE p.uscc = new.uscc AND p.record_id = new.id AND p.version_no = new.version_no)
        AND NOT EXISTS (SELECT FROM change c WHERE c.uscc = new.uscc AND c.record_id = new.id AND c.version_no = new.version_no) THEN
        RAISE EXCEPTION 'version % of % has no change', new.version_no, new.id;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION guard_head() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found int;
BEGIN
    EXECUTE format('SELECT count(*) FROM %I h JOIN %I v USING (uscc, id, version_no, state)
        WHERE h.uscc = $1 AND h.id = $2 AND v.superseded_at IS NULL', TG_TABLE_NAME, TG_TABLE_NAME || '_version')
        INTO found USING new.uscc, new.id;
    IF found <> 1 THEN
        RAISE EXCEPTION 'the head of % is not its current version', new.id;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER guard AFTER INSERT OR UPDATE ON penalty_version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION guard_version();
CREATE CONSTRAINT TRIGGER guard AFTER INSERT OR UPDATE ON blacklist_entry_version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION guard_version();
CREATE CONSTRAINT TRIGGER guard AFTER INSERT OR UPDATE ON penalty
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION guard_head();
CREATE CONSTRAINT TRIGGER guard AFTER INSERT OR UPDATE ON blacklist_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION guard_head();
"""
