//! Wishes understood: each id found in the catalog, each answer matched to its question.

use std::collections::{BTreeMap, BTreeSet};

use formwork_catalog::{Capability, Catalog, Condition, Feature, OptionValue, Tier, nearest};
use semver::{Version, VersionReq};

use crate::{Mistake, Wish, Wishes};

/// What a wish comes to.
#[derive(Debug, Clone)]
pub(crate) enum Meaning<'a> {
    Feature {
        id: &'a str,
        range: VersionReq,
    },
    Capability {
        id: &'a str,
        range: VersionReq,
    },
    Pin {
        id: &'a str,
        version: &'a Version,
    },
    /// None of these features.
    Refuse(BTreeSet<&'a str>),
    /// An answer to an option; it matters only to conditions.
    Option,
    Tier,
}

/// Wishes that make sense for a catalog.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) wishes: &'a Wishes,
    pub(crate) tier: Tier,
    /// One for every wish, in order.
    pub(crate) meanings: Vec<Meaning<'a>>,
    /// The features asked for by name or as an answer.
    pub(crate) wished: BTreeSet<&'a str>,
    /// Those of them whose recommendations count: an answer that confirms the default of a question
    /// brings no more than leaving it open.
    pub(crate) named: BTreeSet<&'a str>,
    pub(crate) refused: BTreeSet<&'a str>,
    /// By feature and option: the wish and the text of the answer.
    answers: BTreeMap<(&'a str, &'a str), (usize, &'a str)>,
}

impl<'a> Request<'a> {
    /// Understands every wish, or says what is wrong with every one that makes no sense.
    pub(crate) fn new(catalog: &'a Catalog, wishes: &'a Wishes) -> Result<Self, Vec<Mistake>> {
        let mut request = Self {
            catalog,
            wishes,
            tier: wishes.highest_tier(),
            meanings: Vec::with_capacity(wishes.list.len()),
            wished: BTreeSet::new(),
            named: BTreeSet::new(),
            refused: BTreeSet::new(),
            answers: BTreeMap::new(),
        };
        let mut mistakes = Vec::new();
        for (index, wish) in wishes.list.iter().enumerate() {
            match request.understand(index, wish) {
                Ok(meaning) => {
                    match &meaning {
                        Meaning::Feature { id, .. } => {
                            request.wished.insert(id);
                            if !request.confirms(wish) {
                                request.named.insert(id);
                            }
                        }
                        Meaning::Refuse(ids) => request.refused.extend(ids),
                        _ => {}
                    }
                    request.meanings.push(meaning);
                }
                Err((message, help)) => mistakes.push(Mistake {
                    wish: wish.clone(),
                    message,
                    help,
                }),
            }
        }
        if mistakes.is_empty() {
            Ok(request)
        } else {
            Err(mistakes)
        }
    }

    /// Whether a wish answers a question with its default.
    fn confirms(&self, wish: &Wish) -> bool {
        let Wish::Answer { question, value } = wish else {
            return false;
        };
        let capability = self.catalog.capability(question);
        capability.is_some_and(|it| it.default.as_ref() == Some(value))
    }

    fn understand(
        &mut self,
        index: usize,
        wish: &'a Wish,
    ) -> Result<Meaning<'a>, (String, Option<String>)> {
        let catalog = self.catalog;
        match wish {
            Wish::Tier { .. } => Ok(Meaning::Tier),
            Wish::Want { id, range } => {
                let range = range.clone();
                if catalog.newest(id).is_some() {
                    Ok(Meaning::Feature { id, range })
                } else if catalog.capability(id).is_some() {
                    Ok(Meaning::Capability { id, range })
                } else {
                    Err(self.unknown(id))
                }
            }
            Wish::Pin { feature, version } => {
                let versions = catalog.versions(feature);
                if versions.iter().any(|known| known.version == *version) {
                    Ok(Meaning::Pin {
                        id: feature,
                        version,
                    })
                } else if versions.is_empty() {
                    Err(self.unknown(feature))
                } else {
                    let known: Vec<_> = versions.iter().map(|it| it.version.to_string()).collect();
                    let message = format!("`{feature}` has no version {version}");
                    Err((message, Some(format!("there is {}", known.join(", ")))))
                }
            }
            Wish::Refuse { id } => {
                if catalog.newest(id).is_some() {
                    Ok(Meaning::Refuse(BTreeSet::from([id.as_str()])))
                } else if catalog.capability(id).is_some() {
                    Ok(Meaning::Refuse(catalog.providers(id).into_iter().collect()))
                } else {
                    Err(self.unknown(id))
                }
            }
            Wish::Answer { question, value } => match catalog.capability(question) {
                Some(capability) => self.role(capability, value),
                None => self.option(index, question, value),
            },
        }
    }

    fn role(
        &self,
        capability: &'a Capability,
        value: &'a str,
    ) -> Result<Meaning<'a>, (String, Option<String>)> {
        let id = &capability.id;
        let providers = self.catalog.providers(id);
        if providers.contains(&value) {
            let range = VersionReq::STAR;
            return Ok(Meaning::Feature { id: value, range });
        }
        if value == "none" && !capability.cardinality.is_demanded() {
            return Ok(Meaning::Refuse(providers.into_iter().collect()));
        }
        let help = match nearest(value, providers.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the answers are {}", providers.join(", ")),
        };
        Err((format!("`{value}` is no answer to `{id}`"), Some(help)))
    }

    fn option(
        &mut self,
        index: usize,
        question: &'a str,
        value: &'a str,
    ) -> Result<Meaning<'a>, (String, Option<String>)> {
        let (feature, key) = match question.split_once('.') {
            Some((feature, key)) => {
                match self.catalog.newest(feature) {
                    Some(known) => (known.id.as_str(), key),
                    None => {
                        let help = match nearest(feature, self.catalog.ids()) {
                        Some(near) => format!("did you mean `{near}.{key}`?"),
                        None => "features and capabilities ask; settings of the running service are \
                                 in its configuration"
                            .to_owned(),
                    };
                        return Err((format!("nothing asks `{question}`"), Some(help)));
                    }
                }
            }
            None => {
                let asking = |id: &&str| self.asks(id, question).is_some();
                let features: Vec<_> = self.catalog.ids().filter(asking).collect();
                match features.as_slice() {
                    [only] => (*only, question),
                    [] => {
                        let capabilities = self.catalog.capabilities().map(|it| it.id.as_str());
                        let options = self.catalog.features().iter().flat_map(|it| &it.options);
                        let options = options.map(|option| option.key.as_str());
                        let help = nearest(question, capabilities.chain(options))
                            .map(|near| format!("did you mean `{near}`?"));
                        return Err((format!("nothing asks `{question}`"), help));
                    }
                    several => {
                        let message = format!("more than one feature asks `{question}`");
                        let full: Vec<_> = several
                            .iter()
                            .map(|feature| format!("`{feature}.{question}`"))
                            .collect();
                        return Err((message, Some(format!("write {}", full.join(" or ")))));
                    }
                }
            }
        };
        let Some(asked) = self.asks(feature, key) else {
            let versions = self.catalog.versions(feature).iter();
            let known = versions
                .flat_map(|it| &it.options)
                .map(|it| it.key.as_str());
            let help = nearest(key, known).map(|near| format!("did you mean `{near}`?"));
            return Err((format!("`{feature}` has no option `{key}`"), help));
        };
        let option = asked.option(key).map(|option| &option.kind);
        if let Some(Err(problem)) = option.map(|kind| kind.parse(value)) {
            return Err((format!("`{question}`: {problem}"), None));
        }
        let before = self.answers.insert((feature, key), (index, value));
        if before.is_some_and(|(_, before)| before != value) {
            return Err((format!("`{question}` is answered twice"), None));
        }
        Ok(Meaning::Option)
    }

    fn asks(&self, feature: &str, key: &str) -> Option<&'a Feature> {
        let versions = self.catalog.versions(feature);
        versions
            .iter()
            .find(|version| version.option(key).is_some())
    }

    fn unknown(&self, id: &str) -> (String, Option<String>) {
        let capabilities = self.catalog.capabilities().map(|it| it.id.as_str());
        let help = nearest(id, self.catalog.ids().chain(capabilities))
            .map(|near| format!("did you mean `{near}`?"));
        (format!("unknown feature `{id}`"), help)
    }

    /// The wish and the text that answer an option.
    pub(crate) fn answer(&self, feature: &str, key: &str) -> Option<(usize, &'a str)> {
        self.answers.get(&(feature, key)).copied()
    }

    /// The value of an option: the answer where one was given and makes sense, or the default.
    pub(crate) fn value(&self, feature: &Feature, key: &str) -> Option<OptionValue> {
        let option = feature.option(key)?;
        let answer = self.answer(&feature.id, key);
        let answer = answer.and_then(|(_, text)| option.kind.parse(text).ok());
        Some(answer.unwrap_or_else(|| option.default.clone()))
    }

    /// Whether a condition on the tier or an answer holds; nothing for the other kinds.
    pub(crate) fn settled(&self, owner: &Feature, condition: &Condition) -> Option<bool> {
        match condition {
            Condition::Tier(tier) => Some(*tier <= self.tier),
            Condition::Answer { option, value, .. } => {
                let given = self.value(owner, option);
                Some(given.is_some_and(|given| given.to_string() == *value))
            }
            Condition::Feature(_) | Condition::Capability(_) => None,
        }
    }

    /// Answers to options of features outside a plan.
    pub(crate) fn unused(&self, in_plan: impl Fn(&str) -> bool) -> Vec<String> {
        let unused = self
            .answers
            .iter()
            .filter(|((feature, _), _)| !in_plan(feature));
        unused
            .map(|((feature, key), (_, value))| format!("{feature}.{key}={value}"))
            .collect()
    }
}
