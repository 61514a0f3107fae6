-- Deliveries and idempotency keys belong to a tenant, or to none: ''.
ALTER TABLE formwork_inbox ADD COLUMN tenant text NOT NULL DEFAULT '';
ALTER TABLE formwork_inbox
    DROP CONSTRAINT formwork_inbox_pkey,
    ADD CONSTRAINT formwork_inbox_pkey PRIMARY KEY (tenant, consumer, message, part);

ALTER TABLE formwork_idempotency ADD COLUMN tenant text NOT NULL DEFAULT '';
ALTER TABLE formwork_idempotency
    DROP CONSTRAINT formwork_idempotency_pkey,
    ADD CONSTRAINT formwork_idempotency_pkey PRIMARY KEY (tenant, scope, key);

-- It creates and drops tables, also for a service that owns none.
ALTER FUNCTION formwork_outbox_purge(bigint) SECURITY DEFINER;
ALTER FUNCTION formwork_outbox_purge(bigint) SET search_path FROM CURRENT;
REVOKE ALL ON FUNCTION formwork_outbox_purge(bigint) FROM PUBLIC;
