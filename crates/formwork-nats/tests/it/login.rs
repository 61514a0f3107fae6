//! What a server is told by somebody who logs in. Needs no server: the test is one.

use formwork_config::{Environment, Loader, Secret, Section};
use formwork_nats::{NatsBroker, NatsConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

const INFO: &str = "INFO {\"server_id\":\"s\",\"server_name\":\"s\",\"version\":\"2.9.0\",\
    \"go\":\"go\",\"host\":\"127.0.0.1\",\"port\":4222,\"headers\":true,\"max_payload\":1048576,\
    \"proto\":1,\"auth_required\":true}\r\n";

/// What the client says after `CONNECT`.
async fn connect(login: &str, change: impl FnOnce(&mut NatsConfig)) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let url = format!("nats://{login}{address}");
    let mut config = NatsConfig::new(url.parse().expect("an address"));
    change(&mut config);
    let broker = NatsBroker::new(config);
    broker.open().await.expect("the address is valid");
    let (stream, _) = listener.accept().await.expect("the client comes");
    let mut stream = BufReader::new(stream);
    stream.write_all(INFO.as_bytes()).await.expect("it listens");
    let mut line = String::new();
    stream.read_line(&mut line).await.expect("it answers");
    let text = line.strip_prefix("CONNECT ").expect("it logs in");
    serde_json::from_str(text).expect("JSON")
}

#[tokio::test]
async fn the_credentials_are_used() {
    let secret = |text: &str| Some(Secret::new(text.to_owned()));
    let told = connect("shop:p%40ss@", |_| {}).await;
    assert_eq!(
        (&told["user"], &told["pass"]),
        (&json!("shop"), &json!("p@ss"))
    );
    let apart = |config: &mut NatsConfig| config.password = secret("new");
    let told = connect("shop:old@", apart).await;
    assert_eq!(
        (&told["user"], &told["pass"]),
        (&json!("shop"), &json!("new"))
    );
    let told = connect("", |config| config.token = secret("t0k3n")).await;
    assert_eq!(told["auth_token"], "t0k3n");
}

/// Who logs in must be clear, and no token may stand where it is shown.
///
/// Shows a part of: R-049.
#[test]
fn credentials_that_do_not_go_together_are_refused() {
    let refused = |values: &[(&str, &str)]| {
        let loader = Loader::new("shop").with_environment(Environment::default());
        let loader = values.iter().fold(loader, |loader, (key, value)| {
            loader.with_value(format!("nats.{key}"), *value)
        });
        let errors = loader.load(&[Section::of::<NatsConfig>("nats")]);
        let errors = errors.err().map(|errors| errors.to_string());
        let errors = errors.unwrap_or_default();
        assert!(!errors.contains("t0k3n"), "{errors}");
        errors
    };
    let (url, user) = (("url", "nats://a:1"), ("url", "nats://shop@a:1"));
    let (password, token) = (("password", "t0k3n"), ("token", "t0k3n"));
    for valid in [
        &[url][..],
        &[user, password],
        &[url, token],
        &[user, password, token],
    ] {
        assert_eq!(refused(valid), "");
    }
    for (values, key) in [
        (&[("url", "nats://t0k3n@a:1")][..], "nats.url"),
        (&[("url", "nats://:t0k3n@a:1")], "nats.url"),
        (&[("url", "t0k3n@a:1")], "nats.url"),
        (&[url, password], "nats.password"),
    ] {
        let errors = refused(values);
        assert!(errors.contains(key), "{errors}");
    }
}
