//! Where the servers are, apart from what opens them.

use formwork_config::{Secret, Url};

use crate::NatsConfig;

/// The client does not log in with what it finds in an address, and shows addresses in its logs:
/// they are handed to it without credentials, and these on their own.
pub(crate) struct Servers {
    pub(crate) addresses: Vec<String>,
    pub(crate) login: Option<Login>,
}

/// How to log in, to all servers alike.
#[derive(PartialEq, Eq)]
pub(crate) enum Login {
    Token(Secret<String>),
    Password(String, Secret<String>),
}

impl Servers {
    pub(crate) fn of(config: &NatsConfig) -> Self {
        let url = match &config.password {
            Some(password) => config.url.with_password(password),
            None => config.url.clone(),
        };
        let hosts = url.hosts().split(',');
        Self {
            addresses: hosts
                .map(|host| format!("{}://{host}", url.scheme()))
                .collect(),
            login: match &config.token {
                Some(token) => Some(Login::Token(token.clone())),
                None => Login::of(&url),
            },
        }
    }
}

impl Login {
    fn of(url: &Url) -> Option<Self> {
        let user = url.user()?;
        Some(match url.password() {
            Some(password) => Self::Password(user, password),
            // As addresses of NATS are read. A configuration that is loaded has none such.
            None => Self::Token(Secret::new(user)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(config: &NatsConfig, addresses: &[&str], login: Option<Login>) {
        let servers = Servers::of(config);
        assert_eq!(servers.addresses, addresses);
        assert!(servers.login == login);
    }

    #[test]
    fn credentials_are_handed_over_apart_from_addresses() {
        let config = |url: &str| NatsConfig::new(url.parse().expect("an address"));
        let secret = |text: &str| Secret::new(text.to_owned());
        let password =
            |user: &str, password: &str| Some(Login::Password(user.to_owned(), secret(password)));
        check(&config("nats://a:4222"), &["nats://a:4222"], None);
        check(&config("tls://a:1,b:2"), &["tls://a:1", "tls://b:2"], None);
        check(
            &config("nats://shop:p%40ss@a:1,b:2"),
            &["nats://a:1", "nats://b:2"],
            password("shop", "p@ss"),
        );
        let mut apart = config("nats://shop:old@a:1,b:2");
        apart.password = Some(secret("p@ss"));
        let both = ["nats://a:1", "nats://b:2"];
        check(&apart, &both, password("shop", "p@ss"));
        let token = Some(Login::Token(secret("t0k3n")));
        check(&config("nats://t0k3n@a:1"), &["nats://a:1"], token);
        let mut token = config("nats://shop:x@a:1");
        token.token = Some(secret("t0k3n"));
        check(&token, &["nats://a:1"], Some(Login::Token(secret("t0k3n"))));
    }
}
