//! Query strings.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::mistakes::{self, Pairs};
use super::names::names;
use crate::problem::rejection::malformed;
use crate::{PageQuery, Problem};

/// The parameters of a query string. Those that `T` does not know are left to others.
///
/// What does not fit `T` is refused with 400 and the names of all parameters at fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut problem = None;
        let value = mistakes::of_pairs(pairs(parts), &mut problem);
        value
            .map(Self)
            .ok_or_else(|| problem.unwrap_or_else(malformed))
    }
}

/// The whole query string of a listing: filters, and the page of them.
///
/// Every parameter that does not fit, is given twice, or that neither `F` nor [`PageQuery`] knows is
/// refused with 400, all in one answer. `F` is a struct that names its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing<F> {
    /// What is listed.
    pub filters: F,
    /// The part of it that is asked for.
    pub page: PageQuery,
}

impl<F, S> FromRequestParts<S> for Listing<F>
where
    F: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = pairs(parts);
        let filters = names::<F>();
        let page = names::<PageQuery>();
        let mut problem: Option<Problem> = None;
        if let (Some(filters), Some(page)) = (filters, page) {
            let mut unknown: Vec<&str> = Vec::new();
            for (name, _) in &pairs {
                let name: &str = name;
                if !filters.contains(&name) && !page.contains(&name) && !unknown.contains(&name) {
                    unknown.push(name);
                }
            }
            for name in unknown {
                let so_far = problem.take().unwrap_or_else(malformed);
                problem = Some(so_far.with_violation(name, "unknown", "is not known"));
            }
        }
        let known = |names: Option<&'static [&'static str]>| {
            let known = pairs
                .iter()
                .filter(|(name, _)| names.is_none_or(|names| names.contains(&&**name)));
            known.cloned().collect()
        };
        let filters = mistakes::of_pairs(known(filters), &mut problem);
        let page = mistakes::of_pairs(known(page), &mut problem);
        match (filters, page, problem) {
            (Some(filters), Some(page), None) => Ok(Self { filters, page }),
            (_, _, problem) => Err(problem.unwrap_or_else(malformed)),
        }
    }
}

fn pairs(parts: &Parts) -> Pairs<'_> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.collect()
}
