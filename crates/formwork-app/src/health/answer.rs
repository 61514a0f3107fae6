//! What a check answers.

use std::error::Error as StdError;

use crate::health::Status;

/// What a check found, when working or not is not all there is to say.
///
/// ```
/// use formwork_app::{Answer, HealthCheck};
///
/// # async fn lag() -> Result<u64, std::io::Error> { Ok(7) }
/// let check = HealthCheck::required("replica", || async {
///     match lag().await? {
///         0..5 => Ok::<_, std::io::Error>(Answer::healthy()),
///         seconds => Ok(Answer::degraded(format!("{seconds} s behind"))),
///     }
/// });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: Status,
    message: Option<String>,
}

impl Answer {
    /// The component works.
    pub const fn healthy() -> Self {
        Self {
            status: Status::Healthy,
            message: None,
        }
    }

    /// The component works less well than it should. Believed at once, no failure to be counted.
    /// The message is shown to whoever may see details: no secret belongs into it.
    pub fn degraded(message: impl Into<String>) -> Self {
        Self {
            status: Status::Degraded,
            message: Some(message.into()),
        }
    }

    /// The component does not work, as when the check returns an error. The message is shown to
    /// whoever may see details: no secret belongs into it.
    pub fn unhealthy(message: impl Into<String>) -> Self {
        Self {
            status: Status::Unhealthy,
            message: Some(message.into()),
        }
    }

    pub(super) fn into_parts(self) -> (Status, Option<String>) {
        (self.status, self.message)
    }
}

/// What a check may return: `Result<(), E>`, [`Answer`], or `Result<Answer, E>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not tell whether a component works",
    note = "a health check returns `Result<(), E>`, `Answer` or `Result<Answer, E>`"
)]
pub trait IntoAnswer {
    /// The answer.
    fn into_answer(self) -> Answer;
}

impl IntoAnswer for Answer {
    fn into_answer(self) -> Answer {
        self
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> IntoAnswer for Result<(), E> {
    fn into_answer(self) -> Answer {
        self.map(|()| Answer::healthy()).into_answer()
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> IntoAnswer for Result<Answer, E> {
    fn into_answer(self) -> Answer {
        self.unwrap_or_else(|error| {
            let error: Box<dyn StdError + Send + Sync> = error.into();
            Answer::unhealthy(crate::error::chain(&*error))
        })
    }
}
