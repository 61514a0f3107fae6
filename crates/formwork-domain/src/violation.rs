//! What is wrong with an input: every mistake, each with its place.

use std::fmt;

/// One mistake in an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where: a path such as `lines[2].quantity`; empty for the input as a whole.
    pub path: String,
    /// A stable code for programs, such as `too_long`.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
}

/// Every mistake found in one input, in the order of its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// None yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// A single mistake.
    pub fn one(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        let mut violations = Self::new();
        violations.add(path, code, message);
        violations
    }

    /// Adds a mistake.
    pub fn add(&mut self, path: impl Into<String>, code: &'static str, message: impl Into<String>) {
        self.0.push(Violation {
            path: path.into(),
            code,
            message: message.into(),
        });
    }

    /// Takes over mistakes found in a part of the input, putting `prefix` before their paths.
    pub fn nest(&mut self, prefix: &str, part: Violations) {
        self.0.extend(part.0.into_iter().map(|violation| Violation {
            path: join(prefix, &violation.path),
            ..violation
        }));
    }

    /// The value, or `None` with its mistakes taken over under `prefix`.
    pub fn check<T>(&mut self, prefix: &str, part: Result<T, Violations>) -> Option<T> {
        match part {
            Ok(value) => Some(value),
            Err(violations) => {
                self.nest(prefix, violations);
                None
            }
        }
    }

    /// Every item of a list parsed, or the mistakes of all of them, each under its index.
    ///
    /// # Errors
    /// The mistakes.
    pub fn collect<T, U>(
        items: impl IntoIterator<Item = T>,
        parse: impl Fn(T) -> Result<U, Self>,
    ) -> Result<Vec<U>, Self> {
        let mut violations = Self::new();
        let parsed: Vec<_> = items
            .into_iter()
            .enumerate()
            .filter_map(|(index, item)| violations.check(&format!("[{index}]"), parse(item)))
            .collect();
        violations.into_result().map(|()| parsed)
    }

    /// The value made of parts that were checked before: `make` returns `None` when one of them
    /// is missing because it was wrong.
    ///
    /// # Errors
    /// The mistakes found before, or else those `make` found.
    pub fn build<T>(self, make: impl FnOnce() -> Option<Result<T, Self>>) -> Result<T, Self> {
        match make() {
            Some(made) if self.is_empty() => made,
            _ => Err(self),
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mistakes, in the order they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }

    /// Success when nothing is wrong.
    ///
    /// # Errors
    /// The mistakes themselves.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

fn join(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        ("", path) => path.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, path) if path.starts_with('[') => format!("{prefix}{path}"),
        (prefix, path) => format!("{prefix}.{path}"),
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            if violation.path.is_empty() {
                write!(f, "{}", violation.message)?;
            } else {
                write!(f, "`{}`: {}", violation.path, violation.message)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_wholes_report_every_part() {
        let odd = |number: i64| match number % 2 {
            0 => Err(Violations::one("value", "even", "must be odd")),
            _ => Ok(number),
        };
        assert_eq!(Violations::collect([1, 3], odd), Ok(vec![1, 3]));
        let mut violations = Violations::new();
        let numbers = violations.check("numbers", Violations::collect([1, 2, 4], odd));
        violations.add("name", "length", "must not be empty");
        let built = violations.build(|| Some(Ok(numbers?.len())));
        let paths: Vec<_> = built
            .as_ref()
            .expect_err("two mistakes")
            .iter()
            .map(|v| v.path.clone())
            .collect();
        assert_eq!(paths, ["numbers[1].value", "numbers[2].value", "name"]);
        assert_eq!(Violations::new().build(|| Some(odd(5))), Ok(5));
    }

    #[test]
    fn nested_mistakes_keep_their_whole_path() {
        let mut line = Violations::one("quantity", "too_small", "must be at least 1");
        line.nest(
            "price",
            Violations::one("", "negative", "must not be negative"),
        );
        let mut order = Violations::new();
        order.nest("lines[2]", line);
        let paths: Vec<_> = order
            .iter()
            .map(|violation| violation.path.as_str())
            .collect();
        assert_eq!(paths, ["lines[2].quantity", "lines[2].price"]);
        assert_eq!(
            order.to_string(),
            "`lines[2].quantity`: must be at least 1; `lines[2].price`: must not be negative"
        );
    }
}
