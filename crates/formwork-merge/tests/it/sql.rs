//! SQL.

use insta::assert_snapshot;

const SCHEMA: &str = "-- Orders.
CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    total INTEGER NOT NULL, -- in cents
    CONSTRAINT total_is_positive CHECK (total >= 0)
);

CREATE INDEX orders_by_total ON orders (total);
";

/// Shows a part of: C-32.
#[test]
fn columns_and_statements_of_both_sides_are_kept() {
    let ours = SCHEMA.replace(
        "    total INTEGER",
        "    state TEXT NOT NULL,\n    total INTEGER",
    ) + "\nCREATE TABLE payments (\n    id TEXT PRIMARY KEY\n);\n";
    let theirs = SCHEMA.replace(
        "CHECK (total >= 0)\n",
        "CHECK (total >= 0),\n    note TEXT\n",
    ) + "\n-- Mine; see the wiki.\nINSERT INTO orders VALUES ('a;b', 1);\n";
    assert_snapshot!(crate::merged("migrations/0001.sql", SCHEMA, &ours, &theirs));
}

/// Shows a part of: C-32.
#[test]
fn a_trigger_is_one_statement() {
    let base = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  UPDATE b SET c = 1;\n  UPDATE d SET e = CASE f WHEN 1 THEN 2 END;\nEND;\nSELECT 1;\n";
    let ours = base.replace("c = 1", "c = 2");
    let theirs = base.replace("SELECT 1;", "SELECT 2;\nSELECT $$a;b$$;");
    assert_snapshot!(crate::merged("a.sql", base, &ours, &theirs), @r"
        CREATE TRIGGER t AFTER INSERT ON a BEGIN
          UPDATE b SET c = 2;
          UPDATE d SET e = CASE f WHEN 1 THEN 2 END;
        END;
        SELECT 2;
        SELECT $$a;b$$;
        ");
}
