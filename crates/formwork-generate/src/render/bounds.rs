//! Templates of third parties: what they may write, and how long they may take, all together.
//!
//! A template is pure, so that the worst it can do is to take too much. Steps are counted for each template and for each
//! pack, bytes for each file and for what is printed on the way, into variables and macros as well. What a
//! template does with memory beside that, by joining texts to themselves, is for whoever runs this to bound.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io;
use std::sync::{Mutex, PoisonError};

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, Template};

use super::FUEL;

/// Steps of all templates of one pack.
const PACK_FUEL: u64 = 5 * FUEL;
/// Bytes of one file.
const FILE: usize = 4 << 20;
/// Bytes printed while one file is rendered, wherever they end up.
const PRINTED: usize = 4 * FILE;

thread_local! {
    static LEFT: Cell<usize> = const { Cell::new(0) };
}

pub(super) struct Bounded<'a> {
    environment: Environment<'a>,
    /// Steps taken, by pack.
    taken: Mutex<BTreeMap<String, u64>>,
}

impl<'a> Bounded<'a> {
    /// The same environment, in which what is printed is counted.
    pub(super) fn new(environment: &Environment<'a>) -> Self {
        let mut environment = environment.clone();
        environment.set_formatter(print);
        Self {
            environment,
            taken: Mutex::default(),
        }
    }

    pub(super) fn environment(&self) -> &Environment<'a> {
        &self.environment
    }

    pub(super) fn render(
        &self,
        pack: &str,
        template: &Template<'_, '_>,
        context: Value,
    ) -> Result<String, Error> {
        let taken = self.take(pack, 0);
        if taken >= PACK_FUEL {
            let detail = format!(
                "the templates of the pack `{pack}` did not end after {PACK_FUEL} steps together"
            );
            return Err(Error::new(ErrorKind::OutOfFuel, detail));
        }
        LEFT.set(PRINTED);
        let mut file = File::default();
        let rendered = template.render_captured_to(context, &mut file);
        let steps = match &rendered {
            Ok(captured) => captured.state().fuel_levels().map_or(0, |(used, _)| used),
            Err(_) => FUEL,
        };
        let rendered = rendered.map(|_| ());
        self.take(pack, steps);
        if file.is_full {
            return Err(too_much(FILE));
        }
        rendered?;
        String::from_utf8(file.bytes)
            .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
    }

    fn take(&self, pack: &str, steps: u64) -> u64 {
        // A count is as good after a panic as before.
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(pack.to_owned()).or_default();
        *count = count.saturating_add(steps);
        *count
    }
}

fn too_much(limit: usize) -> Error {
    let detail = format!("the template of a third party writes more than {limit} bytes");
    Error::new(ErrorKind::InvalidOperation, detail)
}

fn print(output: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match (value.kind(), value.as_str()) {
        (ValueKind::Undefined | ValueKind::None | ValueKind::Bool, _) => {
            super::print(output, state, value)
        }
        (_, Some(text)) => {
            charge(text.len()).map_err(|_| too_much(PRINTED))?;
            super::print(output, state, value)
        }
        _ => {
            // The text of a list may be far longer than the list.
            let mut text = Charged(String::new());
            write!(text, "{value}").map_err(|_| too_much(PRINTED))?;
            output.write_str(&text.0).map_err(Error::from)
        }
    }
}

/// Takes bytes from what is left for this file.
fn charge(bytes: usize) -> Result<(), fmt::Error> {
    let left = LEFT.get().checked_sub(bytes).ok_or(fmt::Error)?;
    LEFT.set(left);
    Ok(())
}

struct Charged(String);

impl fmt::Write for Charged {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        charge(text.len())?;
        self.0.push_str(text);
        Ok(())
    }
}

/// A file that takes no more than it may hold.
#[derive(Default)]
struct File {
    bytes: Vec<u8>,
    is_full: bool,
}

impl io::Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > FILE {
            self.is_full = true;
            return Err(io::Error::other("the file is full"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
