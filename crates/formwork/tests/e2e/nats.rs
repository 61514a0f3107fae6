//! A stream of its own on the real server, in as much of the protocol as that takes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

/// A name for a stream that the service makes; the stream and its dead letters are deleted with this.
pub(crate) struct Stream {
    server: String,
    name: String,
}

impl Stream {
    pub(crate) fn new(server: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            server: server.to_owned(),
            name: format!("formwork-e2e-{}-{number}", process::id()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How many deliveries its consumers have not settled.
    pub(crate) fn unsettled(&self) -> u64 {
        let answer = self.request("CONSUMER.LIST", &self.name, r#"{"offset":0}"#);
        let consumers = answer["consumers"]
            .as_array()
            .unwrap_or_else(|| panic!("no consumers in {answer}"));
        assert!(!consumers.is_empty(), "nobody consumes `{}`", self.name);
        let of = |consumer: &Value| {
            let number = |key: &str| consumer[key].as_u64().unwrap_or_default();
            number("num_pending") + number("num_ack_pending")
        };
        consumers.iter().map(of).sum()
    }

    /// How many events its consumers gave up.
    pub(crate) fn dead(&self) -> u64 {
        let answer = self.request("STREAM.INFO", &self.dead_letters(), "");
        let messages = answer["state"]["messages"].as_u64();
        // There may be no such stream as long as nothing was given up.
        assert!(
            messages.is_some() || answer["error"]["code"] == 404,
            "{answer}"
        );
        messages.unwrap_or_default()
    }

    fn dead_letters(&self) -> String {
        format!("{}-dead", self.name)
    }

    /// Asks JetStream.
    fn request(&self, what: &str, name: &str, payload: &str) -> Value {
        let address = self.server.trim_start_matches("nats://");
        let connection = TcpStream::connect(address).expect("the server answers");
        connection
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("the time can be limited");
        let mut input = BufReader::new(connection.try_clone().expect("it can be shared"));
        let mut output = connection;
        let length = payload.len();
        let request = format!(
            "CONNECT {{\"verbose\":false}}\r\nSUB _INBOX.e2e 1\r\n\
             PUB $JS.API.{what}.{name} _INBOX.e2e {length}\r\n{payload}\r\n"
        );
        output
            .write_all(request.as_bytes())
            .expect("the server listens");
        let mut line = String::new();
        loop {
            line.clear();
            let read = input.read_line(&mut line).expect("the server answers");
            assert!(read > 0, "the server hung up");
            if line.starts_with("PING") {
                output.write_all(b"PONG\r\n").expect("the server listens");
            }
            assert!(!line.starts_with("-ERR"), "{line}");
            if line.starts_with("MSG ") {
                break;
            }
        }
        let length = line.split_whitespace().last();
        let length = length.and_then(|length| length.parse().ok());
        let mut bytes = vec![0; length.expect("a message has a length")];
        input.read_exact(&mut bytes).expect("the message is whole");
        serde_json::from_slice(&bytes).expect("JetStream speaks JSON")
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        for name in [self.name.clone(), self.dead_letters()] {
            self.request("STREAM.DELETE", &name, "");
        }
    }
}
