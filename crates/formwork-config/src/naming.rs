//! The names of environment variables.

/// How a service's variables are called: `SHOP__HTTP__LISTEN` for `http.listen`.
#[derive(Debug, Clone)]
pub(crate) struct Naming {
    service: String,
}

impl Naming {
    pub(crate) fn of(service: &str) -> Self {
        Self {
            service: screaming(service),
        }
    }

    /// What the variables of all values start with.
    pub(crate) fn prefix(&self) -> String {
        format!("{}__", self.service)
    }

    /// The variable of a value.
    pub(crate) fn variable(&self, path: &str) -> String {
        let parts: Vec<_> = path.split('.').map(screaming).collect();
        format!("{}{}", self.prefix(), parts.join("__"))
    }

    /// The variable that names the directory or the base file.
    pub(crate) fn location_variable(&self) -> String {
        format!("{}_CONFIG", self.service)
    }

    /// The variable that names the profile.
    pub(crate) fn profile_variable(&self) -> String {
        format!("{}_PROFILE", self.service)
    }

    /// The variable that names the directory of secrets.
    pub(crate) fn secrets_variable(&self) -> String {
        format!("{}_SECRETS_DIR", self.service)
    }
}

/// Whether a profile or a tenant may be called so: a file is named after it, and a file elsewhere
/// must not be.
pub(crate) fn is_file_name(name: &str) -> bool {
    let allowed = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    name.len() <= 128
        && name.starts_with(|it: char| it.is_ascii_alphanumeric())
        && name.chars().all(allowed)
}

fn screaming(kebab: &str) -> String {
    kebab.replace(['-', ' '], "_").to_uppercase()
}
