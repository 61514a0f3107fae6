//! The tables behind the in-memory stores, as plain collections.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use formwork_domain::{
    Delivery, IdempotencyKey, Operation, Outcome, RepositoryError, TenantId, Timestamp,
};

use crate::{
    Claim, Claimed, Dead, DeadId, Envelope, Lease, Pending, Position, Settlement, Stats, Verdict,
    partition_of,
};

pub(super) struct Rows {
    leases: Vec<Owner>,
    workers: HashMap<String, Timestamp>,
    outbox: BTreeMap<Position, Row>,
    next_position: Position,
    dead: BTreeMap<DeadId, Dead>,
    next_dead: DeadId,
    inbox: HashMap<(Option<TenantId>, String, String, u32), Timestamp>,
    keys: HashMap<(Option<TenantId>, String, String), Used>,
}

struct Owner {
    epoch: u64,
    worker: Option<String>,
    until: Timestamp,
}

struct Row {
    partition: u16,
    created: Timestamp,
    attempts: u32,
    not_before: Option<Timestamp>,
    sent: Option<Timestamp>,
    consumer: Option<String>,
    envelope: Envelope,
}

struct Used {
    fingerprint: String,
    outcome: Outcome,
    at: Timestamp,
}

impl Rows {
    pub(super) fn new(partitions: u16) -> Self {
        let free = || Owner {
            epoch: 0,
            worker: None,
            until: Timestamp::MIN,
        };
        Self {
            leases: (0..partitions).map(|_| free()).collect(),
            workers: HashMap::new(),
            outbox: BTreeMap::new(),
            next_position: 1,
            dead: BTreeMap::new(),
            next_dead: 1,
            inbox: HashMap::new(),
            keys: HashMap::new(),
        }
    }

    pub(super) fn partitions(&self) -> u16 {
        self.leases.len() as u16
    }

    pub(super) fn record(
        &mut self,
        now: Timestamp,
        operation: &Operation,
        envelopes: Vec<Envelope>,
        outcome: Outcome,
    ) -> Result<(), RepositoryError> {
        let tenant = operation.tenant.as_ref();
        if let Some(delivery) = &operation.delivery
            && self.handled(tenant, delivery)
        {
            return Err(RepositoryError::AlreadyHandled);
        }
        if let Some(key) = &operation.idempotency
            && let Some(outcome) = self.find(tenant, key)?
        {
            return Err(RepositoryError::Replayed {
                outcome: Some(outcome),
            });
        }
        if let Some(delivery) = &operation.delivery {
            self.mark(now, tenant, delivery);
        }
        if let Some(key) = &operation.idempotency {
            let used = Used {
                fingerprint: key.fingerprint.clone(),
                outcome,
                at: now,
            };
            self.keys.insert(used_key(tenant, key), used);
        }
        for envelope in envelopes {
            self.append(now, envelope, None);
        }
        Ok(())
    }

    fn append(&mut self, now: Timestamp, envelope: Envelope, consumer: Option<String>) {
        let row = Row {
            partition: partition_of(&envelope.partition_key, self.partitions()),
            created: now,
            attempts: 0,
            not_before: None,
            sent: None,
            consumer,
            envelope,
        };
        self.outbox.insert(self.next_position, row);
        self.next_position += 1;
    }

    pub(super) fn claim(&mut self, now: Timestamp, claim: &Claim) -> Claimed {
        let until = after(now, claim.lease);
        self.workers.insert(claim.worker.clone(), until);
        self.workers.retain(|_, until| *until > now);
        let workers = self.workers.len();
        let share = self.leases.len().div_ceil(workers.max(1));

        let mut leases = Vec::new();
        for (partition, owner) in self.leases.iter_mut().enumerate() {
            if owner.worker.as_deref() == Some(&claim.worker) {
                owner.until = until;
                leases.push(owner.lease(partition));
            }
        }
        for (partition, owner) in self.leases.iter_mut().enumerate() {
            if leases.len() >= share {
                break;
            }
            if owner.worker.is_none() || owner.until <= now {
                owner.epoch += 1;
                owner.worker = Some(claim.worker.clone());
                owner.until = until;
                leases.push(owner.lease(partition));
            }
        }
        leases.sort_unstable();
        Claimed { leases, workers }
    }

    pub(super) fn release(&mut self, leases: &[Lease]) {
        for lease in leases {
            if self.holds(lease) {
                self.leases[usize::from(lease.partition)].worker = None;
            }
        }
    }

    pub(super) fn leave(&mut self, worker: &str) {
        self.workers.remove(worker);
        for owner in &mut self.leases {
            if owner.worker.as_deref() == Some(worker) {
                owner.worker = None;
            }
        }
    }

    fn holds(&self, lease: &Lease) -> bool {
        self.leases
            .get(usize::from(lease.partition))
            .is_some_and(|owner| owner.epoch == lease.epoch && owner.worker.is_some())
    }

    pub(super) fn fetch(&self, now: Timestamp, leases: &[Lease], limit: usize) -> Vec<Pending> {
        let held: HashMap<u16, Lease> = leases
            .iter()
            .filter(|lease| self.holds(lease))
            .map(|lease| (lease.partition, *lease))
            .collect();
        let mut blocked: HashSet<&str> = self
            .dead
            .values()
            .filter(|dead| dead.blocks)
            .map(|dead| dead.envelope.partition_key.as_str())
            .collect();
        let mut batch = Vec::new();
        for (position, row) in &self.outbox {
            let Some(lease) = held.get(&row.partition) else {
                continue;
            };
            if row.sent.is_some() || blocked.contains(row.envelope.partition_key.as_str()) {
                continue;
            }
            if row.not_before.is_some_and(|instant| instant > now) {
                blocked.insert(&row.envelope.partition_key);
                continue;
            }
            batch.push(Pending {
                position: *position,
                lease: *lease,
                attempts: row.attempts,
                consumer: row.consumer.clone(),
                envelope: row.envelope.clone(),
            });
            if batch.len() == limit {
                break;
            }
        }
        batch
    }

    pub(super) fn settle(&mut self, now: Timestamp, settlements: &[Settlement]) -> Vec<Lease> {
        let mut lost = Vec::new();
        for settlement in settlements {
            if !self.holds(&settlement.lease) {
                lost.push(settlement.lease);
                continue;
            }
            let Some(row) = self.outbox.get_mut(&settlement.position) else {
                continue;
            };
            if row.sent.is_some() {
                continue;
            }
            match &settlement.verdict {
                Verdict::Sent => row.sent = Some(now),
                Verdict::Retry { after: wait } => {
                    row.attempts += 1;
                    row.not_before = Some(after(now, *wait));
                }
                Verdict::Dead { reason, blocks } => {
                    let dead = Dead {
                        id: self.next_dead,
                        position: Some(settlement.position),
                        consumer: row.consumer.clone(),
                        blocks: *blocks,
                        attempts: row.attempts + 1,
                        reason: reason.clone(),
                        at: now,
                        envelope: row.envelope.clone(),
                    };
                    self.outbox.remove(&settlement.position);
                    self.dead.insert(dead.id, dead);
                    self.next_dead += 1;
                }
            }
        }
        lost.sort_unstable();
        lost.dedup();
        lost
    }

    pub(super) fn bury(
        &mut self,
        now: Timestamp,
        consumer: &str,
        envelope: &Envelope,
        attempts: u32,
        reason: &str,
    ) {
        let known = self.dead.values().any(|dead| {
            dead.consumer.as_deref() == Some(consumer) && dead.envelope.id == envelope.id
        });
        if known {
            return;
        }
        let dead = Dead {
            id: self.next_dead,
            position: None,
            consumer: Some(consumer.to_owned()),
            blocks: false,
            attempts,
            reason: reason.to_owned(),
            at: now,
            envelope: envelope.clone(),
        };
        self.dead.insert(dead.id, dead);
        self.next_dead += 1;
    }

    pub(super) fn dead(&self, after: DeadId, limit: usize) -> Vec<Dead> {
        self.dead
            .range(after.saturating_add(1)..)
            .take(limit)
            .map(|(_, dead)| dead.clone())
            .collect()
    }

    pub(super) fn replay(&mut self, now: Timestamp, dead: DeadId) -> bool {
        let Some(dead) = self.dead.remove(&dead) else {
            return false;
        };
        let Some(position) = dead.position else {
            self.append(now, dead.envelope, dead.consumer);
            return true;
        };
        let row = Row {
            partition: partition_of(&dead.envelope.partition_key, self.partitions()),
            created: now,
            attempts: 0,
            not_before: None,
            sent: None,
            consumer: dead.consumer,
            envelope: dead.envelope,
        };
        self.outbox.insert(position, row);
        true
    }

    pub(super) fn discard(&mut self, dead: DeadId) -> bool {
        self.dead.remove(&dead).is_some()
    }

    pub(super) fn resend(&mut self, since: Timestamp) -> u64 {
        let mut count = 0;
        for row in self.outbox.values_mut() {
            if row.sent.is_some_and(|sent| sent >= since) {
                row.sent = None;
                row.attempts = 0;
                row.not_before = None;
                count += 1;
            }
        }
        count
    }

    pub(super) fn stats(&self, now: Timestamp) -> Stats {
        let mut stats = Stats {
            dead: self.dead.len() as u64,
            ..Stats::default()
        };
        let mut oldest = None;
        for row in self.outbox.values().filter(|row| row.sent.is_none()) {
            stats.pending += 1;
            oldest = Some(oldest.map_or(row.created, |oldest: Timestamp| oldest.min(row.created)));
        }
        stats.oldest = oldest.map(|created| {
            let micros = now.as_micros().saturating_sub(created.as_micros());
            Duration::from_micros(micros.try_into().unwrap_or(0))
        });
        stats
    }

    pub(super) fn purge_sent(&mut self, before: Timestamp) -> u64 {
        let count = self.outbox.len();
        self.outbox
            .retain(|_, row| row.sent.is_none_or(|sent| sent >= before));
        (count - self.outbox.len()) as u64
    }

    pub(super) fn mark(
        &mut self,
        now: Timestamp,
        tenant: Option<&TenantId>,
        delivery: &Delivery,
    ) -> bool {
        let key = inbox_key(tenant, delivery);
        let new = !self.inbox.contains_key(&key);
        if new {
            self.inbox.insert(key, now);
        }
        new
    }

    pub(super) fn handled(&self, tenant: Option<&TenantId>, delivery: &Delivery) -> bool {
        self.inbox.contains_key(&inbox_key(tenant, delivery))
    }

    pub(super) fn purge_handled(&mut self, before: Timestamp) -> u64 {
        let count = self.inbox.len();
        self.inbox.retain(|_, at| *at >= before);
        (count - self.inbox.len()) as u64
    }

    pub(super) fn find(
        &self,
        tenant: Option<&TenantId>,
        key: &IdempotencyKey,
    ) -> Result<Option<Outcome>, RepositoryError> {
        match self.keys.get(&used_key(tenant, key)) {
            None => Ok(None),
            Some(used) if used.fingerprint == key.fingerprint => Ok(Some(used.outcome.clone())),
            Some(_) => Err(RepositoryError::Replayed { outcome: None }),
        }
    }

    pub(super) fn purge_keys(&mut self, before: Timestamp) -> u64 {
        let count = self.keys.len();
        self.keys.retain(|_, used| used.at >= before);
        (count - self.keys.len()) as u64
    }
}

impl Owner {
    fn lease(&self, partition: usize) -> Lease {
        Lease {
            partition: partition as u16,
            epoch: self.epoch,
        }
    }
}

fn used_key(tenant: Option<&TenantId>, key: &IdempotencyKey) -> (Option<TenantId>, String, String) {
    (tenant.cloned(), key.scope.clone(), key.key.clone())
}

fn inbox_key(
    tenant: Option<&TenantId>,
    delivery: &Delivery,
) -> (Option<TenantId>, String, String, u32) {
    (
        tenant.cloned(),
        delivery.consumer.clone(),
        delivery.message.clone(),
        delivery.part,
    )
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_add(wait))
}
