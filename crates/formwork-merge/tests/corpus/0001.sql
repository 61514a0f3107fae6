-- The tables of E-commerce. A migration that has run is never edited: add another.

CREATE TABLE orders (
    id TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    customer TEXT NOT NULL,
    deliver_to TEXT NOT NULL,
    lines TEXT NOT NULL,
    total_minor INTEGER NOT NULL,
    total_currency TEXT NOT NULL,
    note TEXT,
    cancel_reason TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_by_created ON orders (created, id);
CREATE INDEX orders_by_state ON orders (state, created, id);
CREATE INDEX orders_by_customer ON orders (customer, created, id);

CREATE TABLE payments (
    id TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    "order" TEXT NOT NULL UNIQUE,
    amount_minor INTEGER NOT NULL,
    amount_currency TEXT NOT NULL,
    captured_at INTEGER,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE INDEX payments_by_created ON payments (created, id);
CREATE INDEX payments_by_state ON payments (state, created, id);

CREATE TABLE shipments (
    id TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    "order" TEXT NOT NULL UNIQUE,
    deliver_to TEXT NOT NULL,
    lines TEXT NOT NULL,
    carrier TEXT,
    parcels TEXT NOT NULL,
    grams INTEGER NOT NULL,
    delivered_at INTEGER,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE INDEX shipments_by_created ON shipments (created, id);
CREATE INDEX shipments_by_state ON shipments (state, created, id);

CREATE TABLE stock_items (
    id TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    sku TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    on_hand INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    reorder_level INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE INDEX stock_items_by_created ON stock_items (created, id);
