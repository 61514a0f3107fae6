-- Events in the order they were committed. A position is never used twice.
CREATE TABLE outbox (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    partition  INTEGER NOT NULL,
    key        TEXT NOT NULL,
    event      TEXT NOT NULL,
    consumer   TEXT,
    created    INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER,
    sent       INTEGER
) STRICT;
CREATE INDEX outbox_pending ON outbox (position, partition, key) WHERE sent IS NULL;
CREATE INDEX outbox_waiting ON outbox (not_before, key) WHERE not_before IS NOT NULL;
CREATE INDEX outbox_sent ON outbox (sent) WHERE sent IS NOT NULL;

-- Who may publish which partition. The epoch rises with every change of hands.
CREATE TABLE outbox_leases (
    partition INTEGER PRIMARY KEY,
    epoch     INTEGER NOT NULL DEFAULT 0,
    worker    TEXT,
    until     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE outbox_workers (
    worker TEXT PRIMARY KEY,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Events that were given up: by the relay, or by one consumer.
CREATE TABLE outbox_dead (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    position INTEGER,
    key      TEXT NOT NULL,
    message  TEXT NOT NULL,
    event    TEXT NOT NULL,
    consumer TEXT,
    blocks   INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_dead_blocking ON outbox_dead (key) WHERE blocks = 1;
CREATE UNIQUE INDEX outbox_dead_buried ON outbox_dead (consumer, message) WHERE position IS NULL;

-- Deliveries that were handled.
CREATE TABLE inbox (
    consumer TEXT NOT NULL,
    message  TEXT NOT NULL,
    part     INTEGER NOT NULL,
    handled  INTEGER NOT NULL,
    PRIMARY KEY (consumer, message, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_handled ON inbox (handled);

-- What commands with an idempotency key led to.
CREATE TABLE idempotency (
    scope       TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    id          BLOB NOT NULL,
    version     INTEGER NOT NULL,
    used        INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_used ON idempotency (used);
