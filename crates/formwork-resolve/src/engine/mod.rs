//! What the resolver reasons with: clauses that know where they come from, an incremental solver,
//! cores, minimal explanations and optima. It knows nothing of features.
//!
//! [`resolve`](crate::resolve) is built on it. It is public so that the same code can be put to
//! formulas from elsewhere, such as feature models in DIMACS, and be measured there.
//!
//! ```
//! use formwork_resolve::engine::{Formula, Lit, Origin, Search, minimal_rules};
//!
//! let [a, b, c] = [0, 1, 2].map(Lit::positive);
//! let mut formula = Formula::new(3);
//! formula.add(Origin::Rule(0), &[!a, b]);
//! formula.add(Origin::Rule(1), &[!b, !c]);
//! formula.add(Origin::Rule(2), &[a, c]);
//!
//! let mut search = Search::load(&formula);
//! assert!(search.solve(&[a]).is_satisfiable() && search.holds(b) && !search.holds(c));
//! assert!(!search.solve(&[a, c]).is_satisfiable());
//!
//! formula.add(Origin::Wish(0), &[a]);
//! formula.add(Origin::Wish(1), &[c]);
//! assert_eq!(minimal_rules(&formula), Some(vec![0, 1]));
//! ```

mod explain;
mod formula;
mod look;
mod propagate;
mod search;
mod solver;

pub use explain::{contradicts, minimal_assumptions, minimal_rules};
pub use formula::{Formula, Lit, Origin};
pub use search::Search;
pub use solver::Verdict;

pub(crate) use explain::{connected, minimal_rules_of, refuted_wishes, wishes};
pub(crate) use look::{Found, look};
pub(crate) use propagate::{Clauses, Occurrences, fixed};
