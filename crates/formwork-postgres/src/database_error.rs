//! What PostgreSQL says went wrong, without the values it says it of.

use std::error::Error;
use std::fmt;

use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::WrongType;

/// What PostgreSQL, or the connection to it, says went wrong.
///
/// The server quotes rows: `Key (email)=(ada@example.org) already exists`. That is data of people, and
/// errors end up in logs. So neither `Display` nor `Debug` nor the chain of sources holds the server's
/// detail, context, or what it says of a statement inside a function. Its message is shown, with the
/// code and the names of table, column and constraint, unless the server's messages of this kind quote
/// values: data exceptions (class 22), such as `invalid input syntax for type integer: "4711a"`, and
/// what functions raise themselves (class P0). Of these the code is shown. The server's own log has
/// everything.
///
/// ```no_run
/// # async fn example(client: &tokio_postgres::Client) -> Result<(), formwork_postgres::Error> {
/// client.execute("INSERT INTO orders (number) VALUES ('A-1')", &[]).await?;
/// // a statement failed: ERROR: duplicate key value violates unique constraint
/// // "orders_number_key" (SQLSTATE 23505, table `orders`, constraint `orders_number_key`)
/// # Ok(())
/// # }
/// ```
pub struct DatabaseError(tokio_postgres::Error);

impl DatabaseError {
    /// The client's own error, which may quote rows: do not log it, do not put it into another one.
    pub fn expose(&self) -> &tokio_postgres::Error {
        &self.0
    }

    /// The SQLSTATE, when the server answered with one.
    pub fn code(&self) -> Option<&SqlState> {
        self.0.code()
    }

    /// What a violated constraint is called, when one was violated.
    pub fn constraint(&self) -> Option<&str> {
        self.0.as_db_error()?.constraint()
    }
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(error)
    }
}

/// Whether the server's messages of this kind quote values.
fn quotes_values(error: &DbError) -> bool {
    let code = error.code().code();
    code.starts_with("22") || code.starts_with("P0")
}

/// Where it went wrong, by names of the schema.
fn places(error: &DbError) -> impl Iterator<Item = (&'static str, &str)> {
    let places = [
        ("table", error.table()),
        ("column", error.column()),
        ("type", error.datatype()),
        ("constraint", error.constraint()),
    ];
    places
        .into_iter()
        .filter_map(|(what, name)| Some((what, name?)))
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = self.0.as_db_error() else {
            return self.0.fmt(f);
        };
        let code = error.code().code();
        write!(f, "{}: ", error.severity())?;
        if quotes_values(error) {
            f.write_str("the server's words are not told, as they may quote values")?;
        } else {
            f.write_str(error.message())?;
        }
        write!(f, " (SQLSTATE {code}")?;
        for (what, name) in places(error) {
            write!(f, ", {what} `{name}`")?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_tuple("DatabaseError");
        debug.field(&format_args!("{self}"));
        if let Some(source) = self.source() {
            debug.field(&source);
        }
        debug.finish()
    }
}

impl Error for DatabaseError {
    /// What the operating system or the client say, unless it is about a value: what the server says
    /// is told by this error itself.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.0.source()?;
        if source.is::<DbError>() {
            return None;
        }
        // Of a column or a parameter, whatever could not be read may be quoted; types are not.
        let of_a_value = ["error deserializing", "error serializing"];
        let text = self.0.to_string();
        let of_a_value = of_a_value.iter().any(|start| text.starts_with(start));
        // What is no option may be a piece of a password with a `?` in it.
        let of_a_url = source.to_string().starts_with("unknown option");
        let quotes = of_a_value && !source.is::<WrongType>() || of_a_url;
        (!quotes).then_some(source)
    }
}
