//! What a server is told by somebody who logs in, and what is told of it. The test is a server
//! where none is needed.

use std::error::Error;

use formwork_config::{Environment, Loader, Secret, Section};
use formwork_nats::{NatsBroker, NatsConfig};
use formwork_outbox::{Broker, Subscription};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::private::Server;
use crate::support::{event, message};

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
/// Proves: R-049.
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

/// All that an error says: to people, to developers, and of its causes.
fn said(error: &(dyn Error + 'static)) -> String {
    let mut texts = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        texts += &format!("{error}\n{error:?}\n");
        next = error.source();
    }
    texts
}

/// Neither a server that refuses the credentials nor one that is not there makes an error show
/// them.
///
/// Proves: R-049.
#[tokio::test]
async fn no_error_shows_a_credential() {
    let Some(server) = Server::start("the-right-one") else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = listener.local_addr().expect("an address").port();
    drop(listener);
    for port in [server.port(), nobody] {
        let at = |login: &str| {
            NatsConfig::new(
                format!("nats://{login}127.0.0.1:{port}")
                    .parse()
                    .expect("an address"),
            )
        };
        let secret = || Some(Secret::new("m4rk3r/+of-all".to_owned()));
        let mut apart = at("shop@");
        apart.password = secret();
        let mut token = at("");
        token.token = secret();
        for config in [at("shop:m4rk3r%2F%2Bof-all@"), apart, token] {
            let broker = NatsBroker::new(config.clone());
            broker.open().await.expect("the address is valid");
            let subscription = Subscription {
                consumer: "orders".to_owned(),
                subjects: vec!["order.placed".to_owned()],
                limit: 16,
            };
            let mut texts = vec![format!("{config:?} {broker:?}")];
            texts.push(said(&broker.check().await.expect_err("nobody is let in")));
            let subscribed = broker.subscribe(&subscription).await;
            texts.push(said(&subscribed.map(drop).expect_err("nobody is let in")));
            let published = broker.publish(&[message(&event(1, 1))]).await.remove(0);
            texts.push(said(&published.expect_err("nobody is let in")));
            for text in texts {
                assert!(!text.contains("m4rk3r"), "{text}");
            }
        }
    }
}
