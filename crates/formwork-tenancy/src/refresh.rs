//! Looking at the tenants again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use formwork_app::{Answer, Error};
use formwork_domain::TenantId;
use serde_json::json;

use crate::tenancy::{Entry, Shared, Tenants};
use crate::{Tenant, TenantStatus, kind};

/// After so many files others get a turn.
const AT_A_TIME: usize = 32;

/// What is about all tenants, and so about none.
const OWN: [&str; 2] = ["tenancy", "tenant-resolution"];

/// What became of a tenant.
#[derive(Clone, Copy, PartialEq)]
enum News {
    Added,
    Changed,
    /// It is as it was, but not all of what it has in common with others is.
    Surroundings,
    Removed,
}

pub(crate) async fn refresh(shared: &Shared) -> Result<(), Error> {
    let _alone = shared.refreshing.lock().await;
    let before = shared.tenants.load_full();
    let (listed, outage) = list(shared, &before).await;
    // What the configuration says of a tenant goes before what the source says.
    let mut wanted = listed.clone();
    let declared = shared.declared.load_full();
    wanted.extend(declared.iter().map(|(id, status)| (id.clone(), *status)));

    let mut entries = HashMap::with_capacity(wanted.len());
    let mut degraded = Vec::new();
    let mut news = Vec::new();
    for (index, (id, status)) in wanted.into_iter().enumerate() {
        if index % AT_A_TIME == AT_A_TIME - 1 {
            tokio::task::yield_now().await;
        }
        let known = before.entries.get(&id);
        let had = known.and_then(|entry| entry.tenant.clone());
        let tenant = match shared.reloads.tenant(&id) {
            Ok(config) => match had {
                Some(had) if had.snapshot().hash() == config.hash() => Some(had),
                _ => Some(Tenant::new(id.clone(), config)),
            },
            Err(mistakes) => {
                if !before.degraded.contains(&id) {
                    let count = mistakes.iter().len() + mistakes.omitted();
                    tracing::error!(
                        tenant = %id,
                        error = &mistakes as &dyn std::error::Error,
                        serving = had.is_some(),
                        "the configuration of a tenant is not valid"
                    );
                    let data = json!({ "serving": had.is_some(), "mistakes": count });
                    shared.events.emit(kind::DEGRADED, id.as_str(), data);
                }
                degraded.push(id.clone());
                had
            }
        };
        let entry = Entry { status, tenant };
        match known {
            None => news.push((id.clone(), News::Added)),
            Some(known) => news.extend(known.became(&entry).map(|it| (id.clone(), it))),
        }
        entries.insert(id, entry);
    }
    let gone = before
        .entries
        .keys()
        .filter(|id| !entries.contains_key(*id));
    news.extend(gone.map(|id| (id.clone(), News::Removed)));

    let failure = outage.clone();
    let after = Arc::new(Tenants {
        entries,
        listed,
        degraded,
        outage,
    });
    shared.tenants.store(Arc::clone(&after));
    for (id, news) in news {
        tell(shared, &after, &id, news);
    }
    match failure {
        None => Ok(()),
        Some(why) => Err(Error::dependency(format!(
            "could not list the tenants: {why}"
        ))),
    }
}

/// Those of the source, or when it does not answer those it listed before, and why it does not.
async fn list(
    shared: &Shared,
    before: &Tenants,
) -> (BTreeMap<TenantId, TenantStatus>, Option<String>) {
    let Some(source) = &shared.source else {
        return (BTreeMap::new(), None);
    };
    match source.tenants().await {
        Ok(records) => {
            let records = records.into_iter().map(|it| (it.id, it.status));
            (records.collect(), None)
        }
        Err(error) => (before.listed.clone(), Some(error.to_string())),
    }
}

fn tell(shared: &Shared, after: &Tenants, id: &TenantId, news: News) {
    // A service of a tenant may have been made of anything in the configuration.
    if news != News::Added {
        shared.services.forget(id);
    }
    let kind = match news {
        News::Added => kind::ADDED,
        News::Changed => kind::CHANGED,
        News::Removed => kind::REMOVED,
        News::Surroundings => return,
    };
    let status = after.entries.get(id).map(|entry| entry.status.as_str());
    tracing::info!(tenant = %id, status, kind, "tenants have changed");
    let data = status.map_or_else(|| json!({}), |status| json!({ "status": status }));
    shared.events.emit(kind, id.as_str(), data);
}

impl Entry {
    /// What the difference is to the tenant: its own is what tenants may have of their own, whether
    /// it says something of it or goes with what all have.
    fn became(&self, next: &Self) -> Option<News> {
        if self.status != next.status || self.tenant.is_some() != next.tenant.is_some() {
            return Some(News::Changed);
        }
        let (one, next) = (
            self.tenant.as_ref()?.snapshot(),
            next.tenant.as_ref()?.snapshot(),
        );
        if one.hash() == next.hash() {
            return None;
        }
        let changes = one.changes(next);
        if changes.iter().any(|change| change.of_tenants) {
            return Some(News::Changed);
        }
        let mut others = changes.iter().map(|change| &*change.prefix);
        others
            .any(|prefix| !OWN.contains(&prefix))
            .then_some(News::Surroundings)
    }
}

impl Tenants {
    /// How it is with all of them together.
    pub(crate) fn answer(&self) -> Answer {
        let mut troubles = Vec::new();
        if let Some(outage) = &self.outage {
            troubles.push(format!("the tenants could not be listed: {outage}"));
        }
        if !self.degraded.is_empty() {
            let names: Vec<_> = self.degraded.iter().take(5).map(TenantId::as_str).collect();
            let more = match self.degraded.len() - names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            troubles.push(format!(
                "the configuration of these tenants is not valid: {}{more}",
                names.join(", ")
            ));
        }
        match troubles.is_empty() {
            true => Answer::healthy(),
            false => Answer::degraded(troubles.join("; ")),
        }
    }
}
