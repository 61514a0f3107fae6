-- Deliveries and idempotency keys belong to a tenant, or to none: ''. A primary key can only be
-- changed by making the table anew.
CREATE TABLE inbox_of_tenants (
    tenant   TEXT NOT NULL,
    consumer TEXT NOT NULL,
    message  TEXT NOT NULL,
    part     INTEGER NOT NULL,
    handled  INTEGER NOT NULL,
    PRIMARY KEY (tenant, consumer, message, part)
) STRICT, WITHOUT ROWID;
INSERT INTO inbox_of_tenants SELECT '', consumer, message, part, handled FROM inbox;
DROP TABLE inbox;
ALTER TABLE inbox_of_tenants RENAME TO inbox;
CREATE INDEX inbox_handled ON inbox (handled);

CREATE TABLE idempotency_of_tenants (
    tenant      TEXT NOT NULL,
    scope       TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    id          BLOB NOT NULL,
    version     INTEGER NOT NULL,
    used        INTEGER NOT NULL,
    PRIMARY KEY (tenant, scope, key)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_of_tenants
    SELECT '', scope, key, fingerprint, id, version, used FROM idempotency;
DROP TABLE idempotency;
ALTER TABLE idempotency_of_tenants RENAME TO idempotency;
CREATE INDEX idempotency_used ON idempotency (used);
