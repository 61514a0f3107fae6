//! The way to a value.

/// The path of the value that is looked at, such as `http.tls.version`. Going down and up again
/// costs no memory.
#[derive(Debug, Default)]
pub(crate) struct Steps(String);

impl Steps {
    pub(crate) fn to(path: &str) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Goes down one step. What comes back leads up again.
    pub(crate) fn down(&mut self, key: &str) -> usize {
        let length = self.0.len();
        if length > 0 {
            self.0.push('.');
        }
        self.0.push_str(key);
        length
    }

    /// Goes up to where [`down`](Self::down) came from.
    pub(crate) fn up(&mut self, length: usize) {
        self.0.truncate(length);
    }
}
