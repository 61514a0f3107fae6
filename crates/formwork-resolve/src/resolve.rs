//! From wishes to a plan.

use std::collections::{BTreeMap, BTreeSet};

use formwork_catalog::{Catalog, Need};

use crate::ask::Ask;
use crate::cores::conflict;
use crate::evaluate::{Chosen, applies, present, violations};
use crate::optimum::{CONFLICTS, Optimum, optimum};
use crate::problem::Problem;
use crate::request::Request;
use crate::suggest::suggestions;
use crate::{Circle, Dropped, Plan, Planned, Reason, ResolveError, Wishes};

/// A catalog made ready for any number of questions. One question is answered as quickly without,
/// by the functions of the same names.
#[derive(Debug)]
pub struct Resolver<'a> {
    problem: Problem<'a>,
}

impl<'a> Resolver<'a> {
    /// Makes a catalog ready.
    pub fn new(catalog: &'a Catalog) -> Self {
        Self {
            problem: Problem::new(catalog),
        }
    }

    /// The one optimal plan for the wishes, or why there is none.
    pub fn resolve(&self, wishes: &Wishes) -> Result<Plan, ResolveError> {
        self.asking(wishes, |ask| match plan(ask)? {
            Some(mut plan) => {
                plan.suggestions = suggestions(ask, &plan);
                Ok(plan)
            }
            None => Err(ResolveError::Conflict(Box::new(conflict(ask)?))),
        })
    }

    /// The catalog it was made from.
    pub(crate) fn catalog(&self) -> &'a Catalog {
        self.problem.catalog
    }

    /// Understands wishes and puts a question about them.
    pub(crate) fn asking<T>(
        &self,
        wishes: &Wishes,
        question: impl FnOnce(&Ask<'_, '_>) -> Result<T, ResolveError>,
    ) -> Result<T, ResolveError> {
        let request = Request::new(self.problem.catalog, wishes).map_err(ResolveError::Wishes)?;
        question(&Ask::new(&self.problem, &request))
    }
}

/// The one optimal plan for the wishes, or why there is none.
pub fn resolve(catalog: &Catalog, wishes: &Wishes) -> Result<Plan, ResolveError> {
    Resolver::new(catalog).resolve(wishes)
}

/// The optimal plan, checked, without suggestions; nothing when the wishes are in conflict.
pub(crate) fn plan(ask: &Ask<'_, '_>) -> Result<Option<Plan>, ResolveError> {
    limited(ask, CONFLICTS)
}

/// The same with a limit on the solver's conflicts, past which the plan is the best found so far.
pub(crate) fn limited(ask: &Ask<'_, '_>, conflicts: u64) -> Result<Option<Plan>, ResolveError> {
    let request = ask.request;
    let Some(optimum) = optimum(ask, conflicts) else {
        return Ok(None);
    };
    let Optimum {
        chosen,
        grounds: mut reasons,
        optimal,
    } = optimum;
    let broken = violations(request, &chosen, &reasons);
    if !broken.is_empty() {
        return Err(ResolveError::Unsound(broken));
    }
    let (order, circles) = build_order(request, &chosen);
    let planned = order.into_iter().map(|id| {
        let feature = chosen[id];
        let options = feature.options.iter().filter_map(|option| {
            // A question that does not come up keeps its default.
            let value = if applies(request, &chosen, feature, &option.when) {
                request.value(feature, &option.key)
            } else {
                Some(option.default.clone())
            };
            value.map(|value| (option.key.clone(), value))
        });
        Planned {
            id: feature.id.clone(),
            version: feature.version.clone(),
            reason: reasons.remove(id).unwrap_or(Reason::Wished),
            options: options.collect(),
        }
    });
    Ok(Some(Plan {
        tier: request.tier,
        features: planned.collect(),
        dropped: dropped(request, &chosen),
        suggestions: Vec::new(),
        unused_answers: request.unused(|id| chosen.contains_key(id)),
        optimal,
        circles,
    }))
}

/// What a feature needs first, otherwise by id; and the circles, each cut where it is entered.
fn build_order<'a>(request: &Request<'a>, chosen: &Chosen<'a>) -> (Vec<&'a str>, Vec<Circle>) {
    let mut visit = Visit {
        before: BTreeMap::new(),
        path: Vec::new(),
        seen: BTreeSet::new(),
        order: Vec::with_capacity(chosen.len()),
        circles: Vec::new(),
    };
    for (id, feature) in chosen {
        let mut first: BTreeMap<&str, Edge<'_>> = BTreeMap::new();
        for need in &feature.requires {
            if applies(request, chosen, feature, &need.when) {
                let fills = |other| need.any.iter().any(|it| request.catalog.accepts(it, other));
                for (other, _) in chosen
                    .iter()
                    .filter(|(other, it)| *other != id && fills(it))
                {
                    let by_name = need.any.iter().any(|it| it.id == *other);
                    let edge = first.entry(other).or_insert(Edge { need, by_name });
                    if by_name && !edge.by_name {
                        *edge = Edge { need, by_name };
                    }
                }
            }
        }
        visit.before.insert(id, first);
    }
    for id in chosen.keys() {
        visit.visit(id);
    }
    (visit.order, visit.circles)
}

/// What puts a feature before another.
#[derive(Debug, Clone, Copy)]
struct Edge<'n> {
    need: &'n Need,
    /// Whether it names the feature and not only a capability of it.
    by_name: bool,
}

struct Visit<'a, 'n> {
    /// By feature: what comes before it, and why.
    before: BTreeMap<&'a str, BTreeMap<&'a str, Edge<'n>>>,
    /// The features being visited, each needed by the one before.
    path: Vec<&'a str>,
    seen: BTreeSet<&'a str>,
    order: Vec<&'a str>,
    circles: Vec<Circle>,
}

impl<'a> Visit<'a, '_> {
    fn visit(&mut self, id: &'a str) {
        if !self.seen.insert(id) {
            return;
        }
        self.path.push(id);
        for (first, edge) in self.before[id].clone() {
            if let Some(start) = self.path.iter().position(|other| *other == first) {
                let circle = &self.path[start..];
                // A feature with a role to fill and the one that fills it are no circle.
                let steps = circle.windows(2).map(|pair| self.before[pair[0]][pair[1]]);
                if steps.chain([edge]).all(|edge| edge.by_name) {
                    self.circles.push(Circle {
                        features: circle.iter().map(|it| (*it).to_owned()).collect(),
                        cut: edge.need.site.clone(),
                    });
                }
            }
            self.visit(first);
        }
        self.path.pop();
        self.order.push(id);
    }
}

/// Recommendations that were not taken. What was refused is not worth a word.
fn dropped(request: &Request<'_>, chosen: &Chosen<'_>) -> Vec<Dropped> {
    let mut dropped: BTreeMap<&str, Dropped> = BTreeMap::new();
    for (owner, feature) in chosen.iter().filter(|(id, _)| request.named.contains(*id)) {
        for weak in &feature.recommends {
            let id = weak.feature.id.as_str();
            if !request.refused.contains(id)
                && !present(chosen, &weak.feature)
                && applies(request, chosen, feature, &weak.when)
            {
                let entry = dropped.entry(id).or_insert_with(|| Dropped {
                    feature: id.to_owned(),
                    by: Vec::new(),
                    reason: weak.reason.clone(),
                    site: weak.site.clone(),
                });
                entry.by.push((*owner).to_owned());
                entry.by.dedup();
            }
        }
    }
    dropped.into_values().collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use formwork_catalog::{Catalog, Source};

    use super::{Resolver, limited};
    use crate::Wishes;

    /// A catalog in which every feature `w` needs one of three `o`, so that the fewest take a search.
    fn covering(wished: usize, offered: usize) -> Catalog {
        let mut source = Source::default();
        let mut add = |id: &str, rules: &str| {
            let manifest = format!(
                "id = \"{id}\"\nname = \"{id}\"\nsummary = \"One.\"\nversion = \"1.0.0\"\nkind = \"core\"\n\
                 probes = [{{ name = \"present\", kind = \"file\", path = \"x\" }}]\n{rules}"
            );
            source.insert(format!("features/{id}/feature.toml"), manifest.into_bytes());
            source.insert(format!("features/{id}/README.md"), b"".to_vec());
        };
        for number in 0..offered {
            add(&format!("o{number}"), "");
        }
        let mut all = String::new();
        for number in 0..wished {
            let others = [number * 7 + 1, number * 5 + 3, number * 11 + 6];
            let any: Vec<_> = others.map(|it| format!("\"o{}\"", it % offered)).into();
            let need = format!("[[requires]]\nany = [{}]\n", any.join(", "));
            add(&format!("w{number}"), &need);
            let _ = write!(all, "[[requires]]\nany = [\"w{number}\"]\n");
        }
        add("all", &all);
        Catalog::read(source).expect("the catalog is sound").catalog
    }

    /// Past the limit on conflicts the plan is sound, says that it may not be the best, and is the
    /// same every time.
    ///
    /// Shows a part of: C-10, C-11.
    #[test]
    fn a_search_that_is_cut_short_says_so() {
        let catalog = covering(24, 17);
        let resolver = Resolver::new(&catalog);
        let wishes = Wishes::new().want("all");
        let plan = |conflicts| {
            let plan = resolver.asking(&wishes, |ask| limited(ask, conflicts));
            plan.expect("it is sound").expect("there is a plan")
        };
        let (short, whole) = (plan(0), plan(super::CONFLICTS));
        assert!(!short.optimal && whole.optimal);
        assert!(short.features.len() >= whole.features.len());
        assert_eq!(short, plan(0));
        assert_eq!(whole, resolver.resolve(&wishes).expect("there is a plan"));
    }
}
