//! Listings in parts: the page asked for and the page answered.

use formwork_domain::{Page, PageRequest};
use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::problem::rejection::malformed;

/// The query parameters of a listing: `?limit=20&sort=-placed_at&cursor=…`.
///
/// [`Listing`](crate::Listing) reads it together with the filters.
///
/// ```
/// use formwork_http::PageQuery;
///
/// let query = PageQuery {
///     sort: Some("-placed_at".to_owned()),
///     ..PageQuery::default()
/// };
/// let request = query.request(20, 100)?;
/// assert_eq!((request.limit, request.descending), (20, true));
/// assert_eq!(query.sort(&["placed_at", "total"])?, Some("placed_at"));
/// assert!(query.sort(&["total"]).is_err());
/// # Ok::<(), formwork_http::Problem>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PageQuery {
    /// Where the last page ended, as it said.
    pub cursor: Option<String>,
    /// At most so many items.
    pub limit: Option<u32>,
    /// The field to sort by, with `-` before it from the greatest to the least.
    pub sort: Option<String>,
}

impl PageQuery {
    /// The page asked for: `default` items where no limit is given, at most `max`.
    ///
    /// # Errors
    /// 400 when the limit is not in 1..=`max` or the cursor is none.
    pub fn request(&self, default: u32, max: u32) -> Result<PageRequest, Problem> {
        let mut problem = None;
        let mut refuse = |path: &str, code, message: String| {
            let so_far = problem.take().unwrap_or_else(malformed);
            problem = Some(so_far.with_violation(path, code, message));
        };
        let limit = self.limit.unwrap_or(default);
        if !(1..=max).contains(&limit) {
            refuse(
                "limit",
                "range",
                format!("expected a number from 1 to {max}"),
            );
        }
        let after = match self.cursor.as_deref().map(str::parse).transpose() {
            Ok(after) => after,
            Err(error) => {
                let error: formwork_domain::ParseCursorError = error;
                refuse("cursor", "cursor", error.to_string());
                None
            }
        };
        match problem {
            Some(problem) => Err(problem),
            None => Ok(PageRequest {
                after,
                limit,
                descending: self
                    .sort
                    .as_deref()
                    .is_some_and(|sort| sort.starts_with('-')),
            }),
        }
    }

    /// The field to sort by, which must be one of `allowed`; `None` when none is asked for.
    ///
    /// # Errors
    /// 400 when another field is asked for.
    pub fn sort<'a>(&self, allowed: &[&'a str]) -> Result<Option<&'a str>, Problem> {
        let Some(sort) = &self.sort else {
            return Ok(None);
        };
        let field = sort.strip_prefix('-').unwrap_or(sort);
        match allowed.iter().find(|allowed| **allowed == field) {
            Some(field) => Ok(Some(field)),
            None => {
                let message = format!("expected one of: {}", allowed.join(", "));
                Err(malformed().with_violation("sort", "one_of", message))
            }
        }
    }
}

/// A page as it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageBody<T> {
    /// The items.
    pub items: Vec<T>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> PageBody<T> {
    /// A page, with every item as `view` shows it.
    pub fn new<I>(page: Page<I>, view: impl FnMut(I) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(view).collect(),
            next: page.next.map(|cursor| cursor.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_mistake_is_told_at_once() {
        let query = PageQuery {
            cursor: Some("?".to_owned()),
            limit: Some(0),
            sort: None,
        };
        let problem = query.request(20, 100).unwrap_err();
        let paths: Vec<_> = problem.violations().iter().map(|v| &*v.path).collect();
        assert_eq!(paths, ["limit", "cursor"]);
        assert_eq!(problem.status(), axum::http::StatusCode::BAD_REQUEST);
    }

    proptest! {
        #[test]
        fn any_cursor_is_read_or_refused(cursor in any::<String>(), limit in any::<u32>()) {
            let query = PageQuery { cursor: Some(cursor), limit: Some(limit), sort: None };
            let _ = query.request(20, 100);
        }
    }
}
