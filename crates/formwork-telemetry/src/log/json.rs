//! One JSON object per event.

use std::cell::RefCell;
use std::io::Write;
use std::time::SystemTime;

use formwork_domain::Timestamp;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::escape::string;
use super::fields::Fields;

/// What a line begins with; fields of these names are written with `_` before them.
const RESERVED: [&str; 4] = ["timestamp", "level", "target", "message"];

/// Writes `timestamp`, `level`, `target`, `message`, then the fields of the event and of the spans
/// it is in, side by side. Where names meet, the innermost wins.
#[derive(Debug)]
pub(super) struct JsonLayer<W> {
    writer: W,
}

impl<W> JsonLayer<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer }
    }
}

/// Kept by each thread, so that a line costs no allocation.
#[derive(Default)]
struct Scratch {
    line: Vec<u8>,
    fields: Fields,
    names: Vec<&'static str>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl<S, W> Layer<S> for JsonLayer<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::of_span();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        SCRATCH.with(|scratch| {
            // A value that logs while it is being formatted gets a scratch of its own.
            match scratch.try_borrow_mut() {
                Ok(mut scratch) => self.write(event, &context, &mut scratch),
                Err(_) => self.write(event, &context, &mut Scratch::default()),
            }
        });
    }
}

impl<W> JsonLayer<W> {
    fn write<S>(&self, event: &Event<'_>, context: &Context<'_, S>, scratch: &mut Scratch)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        W: for<'a> MakeWriter<'a>,
    {
        let Scratch {
            line,
            fields,
            names,
        } = scratch;
        line.clear();
        fields.clear();
        names.clear();
        event.record(fields);

        let metadata = event.metadata();
        let level = level(*metadata.level());
        // A vector takes every byte: writing to it does not fail.
        let _ = write!(
            line,
            r#"{{"timestamp":"{}","level":"{level}","target":"#,
            now()
        );
        string(line, metadata.target());
        line.extend_from_slice(br#","message":"#);
        line.extend_from_slice(fields.get("message").unwrap_or(b"\"\""));
        names.push("message");
        append(line, names, fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Fields>() {
                append(line, names, fields);
            }
        }
        line.extend_from_slice(b"}\n");
        // There is no place left to report that the log cannot be written.
        let _ = self.writer.make_writer_for(metadata).write_all(line);
    }
}

fn append(line: &mut Vec<u8>, names: &mut Vec<&'static str>, fields: &Fields) {
    for (name, value) in fields.iter() {
        if names.contains(&name) {
            continue;
        }
        names.push(name);
        line.push(b',');
        if RESERVED.contains(&name) {
            string(line, &format!("_{name}"));
        } else {
            string(line, name);
        }
        line.push(b':');
        line.extend_from_slice(value);
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::registry::Registry;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(log: impl FnOnce()) -> Vec<Value> {
        let sink = Sink::default();
        let writer = sink.clone();
        let layer = JsonLayer::new(move || writer.clone());
        tracing::subscriber::with_default(Registry::default().with(layer), log);
        let bytes = sink.0.lock().unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_has_the_fields_of_its_event_and_its_spans_side_by_side() {
        let lines = lines(|| {
            let outer = tracing::info_span!(
                "request",
                correlation = "c-1",
                step = "outer",
                late = tracing::field::Empty
            );
            outer.record("late", 7);
            let _outer = outer.enter();
            let _inner = tracing::info_span!("save", step = "inner").entered();
            tracing::warn!(target: "shop::orders", count = 3, ratio = 0.5, nan = f64::NAN, ok = true, who = ?Some("a\"b"), "two\nlines");
        });
        let [line] = &lines[..] else {
            panic!("expected one line: {lines:?}")
        };
        let timestamp = line["timestamp"].as_str().unwrap();
        assert!(timestamp.parse::<Timestamp>().is_ok(), "{timestamp}");
        let mut rest = line.clone();
        rest.as_object_mut().unwrap().remove("timestamp");
        let expected = json!({
            "level": "warn", "target": "shop::orders", "message": "two\nlines",
            "count": 3, "ratio": 0.5, "nan": null, "ok": true, "who": "Some(\"a\\\"b\")",
            "step": "inner", "correlation": "c-1", "late": 7,
        });
        assert_eq!(rest, expected);
    }

    #[test]
    fn a_field_cannot_pass_for_a_part_of_the_line() {
        let lines = lines(|| {
            let _span = tracing::info_span!("span", message = "spans have none").entered();
            tracing::info!(level = "fatal", timestamp = 0, "hello");
        });
        assert_eq!(lines[0]["level"], "info");
        assert_eq!(lines[0]["_level"], "fatal");
        assert_eq!(lines[0]["_timestamp"], 0);
        assert_eq!(lines[0]["message"], "hello");
    }

    #[test]
    fn an_error_is_written_with_its_causes() {
        #[derive(Debug)]
        struct Outer(io::Error);
        impl std::fmt::Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("could not save")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let lines = lines(|| {
            let error = Outer(io::Error::other("disk full"));
            tracing::error!(error = &error as &dyn std::error::Error);
        });
        assert_eq!(lines[0]["error"], "could not save: disk full");
        assert_eq!(lines[0]["message"], "");
    }

    #[test]
    fn a_value_that_logs_while_it_is_formatted_does_no_harm() {
        struct Chatty;
        impl std::fmt::Debug for Chatty {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                tracing::info!("inside");
                f.write_str("done")
            }
        }
        let lines = lines(|| tracing::info!(value = ?Chatty, "outside"));
        let line = lines.last().unwrap();
        assert_eq!(line["message"], "outside");
        assert_eq!(line["value"], "done");
    }
}
