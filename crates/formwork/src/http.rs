//! A small HTTP client for talking to a service on this machine.

use std::time::Duration;

use serde_json::Value;

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case, and values; those that are no text are left out.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// Speaks to one base address. Proxies of the environment are ignored: the service is near.
#[derive(Debug)]
pub(crate) struct Client {
    base: String,
    agent: ureq::Agent,
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .into();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            agent,
        }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer, String> {
        let answer = self.agent.get(self.address(path)).call();
        read(answer)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        let answer = self.agent.post(self.address(path)).send_json(body);
        read(answer)
    }

    /// Asks as one who knows this token.
    pub(crate) fn get_as(&self, token: &str, path: &str) -> Result<Answer, String> {
        let bearer = ("authorization".to_owned(), format!("Bearer {token}"));
        self.send("GET", path, &[bearer], None)
    }

    /// Asks with headers; a body makes it a `POST`-like request of JSON.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: Option<&str>,
    ) -> Result<Answer, String> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(self.address(path));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request
            .body(body.unwrap_or_default().to_owned())
            .map_err(|error| error.to_string())?;
        read(self.agent.run(request))
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer, String> {
    let mut answer = answer.map_err(|error| error.to_string())?;
    let body = answer
        .body_mut()
        .read_to_string()
        .map_err(|error| error.to_string())?;
    let headers = answer
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    Ok(Answer {
        status: answer.status().as_u16(),
        headers,
        body,
    })
}
