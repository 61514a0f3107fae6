//! Talking to the service.

use std::time::Duration;

use serde_json::Value;

/// A client of one address.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    agent: ureq::Agent,
    /// What every request carries.
    pub(crate) headers: &'static [(&'static str, &'static str)],
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.body))
    }
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .into();
        Self {
            base,
            agent,
            headers: &[],
        }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Asks; an error means that there was no answer.
    pub(crate) fn get(&self, path: &str) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.get(self.address(path));
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        read(request.call()?)
    }

    /// Everything that comes back for a path, with its headers.
    pub(crate) fn raw(&self, path: &str, token: Option<&str>) -> String {
        let mut request = self.agent.get(self.address(path));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().expect("the service answers");
        let head = format!("{:?}", response.headers());
        let body = response.body_mut().read_to_string();
        format!("{head}\n{}", body.expect("the answer is text"))
    }

    /// Sends a command that may be repeated under its key; an error means that there was no answer.
    pub(crate) fn post(&self, path: &str, key: &str, body: &Value) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.post(self.address(path));
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        read(request.header("idempotency-key", key).send_json(body)?)
    }

    /// Every item of a listing, page by page.
    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("{path}?limit=100{cursor}");
            let answer = self.get(&path).expect("the service answers");
            assert_eq!(answer.status, 200, "GET {path}: {}", answer.body);
            let page = answer.json();
            items.extend(page["items"].as_array().expect("a page has items").clone());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// The sum of a series over its labels; 0 when there is no such series.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let answer = self.get("/metrics").expect("the service answers");
        let value = |line: &str| -> Option<f64> {
            let rest = line.strip_prefix(series)?;
            let rest = match rest.strip_prefix('{') {
                Some(labelled) => labelled.split_once('}')?.1,
                None => rest,
            };
            rest.strip_prefix(' ')?.trim().parse().ok()
        };
        answer.body.lines().filter_map(value).sum()
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_string()?;
    Ok(Answer { status, body })
}
