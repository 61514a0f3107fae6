//! Outboxes with one mistake each, which the suite finds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use formwork_app::SystemClock;
use formwork_domain::{BoxFuture, Operation, Outcome, RepositoryError, Timestamp};
use formwork_outbox::{
    Claim, Claimed, Dead, DeadId, Envelope, IdempotencyStore, InboxStore, Lease, MemoryStore,
    OutboxStore, Pending, Settlement, Stats, StoreError,
};
use formwork_test::CountingIdentifiers;
use formwork_test::conformance::{self, Storage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    /// Fetches the newest rows first.
    Order,
    /// Lets later rows overtake a failed one.
    Overtaking,
    /// Settles whatever the lease.
    Fencing,
    /// Keeps the epoch when a partition changes hands.
    Epoch,
    /// Records without looking at the inbox.
    Inbox,
    /// Records without looking at the idempotency keys.
    Idempotency,
    /// Never purges.
    Retention,
    /// Records for nobody in particular.
    Tenants,
}

#[derive(Clone)]
struct Wrong {
    right: Arc<MemoryStore>,
    mistake: Mistake,
    /// The leases given out last.
    last: Arc<Mutex<Vec<Lease>>>,
}

impl Wrong {
    fn new(mistake: Mistake) -> Self {
        let identifiers = Arc::new(CountingIdentifiers::new());
        Self {
            right: Arc::new(MemoryStore::new("shop", Arc::new(SystemClock), identifiers)),
            mistake,
            last: Arc::default(),
        }
    }

    fn is(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }
}

impl OutboxStore for Wrong {
    fn partitions(&self) -> u16 {
        self.right.partitions()
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Claimed, StoreError>> {
        Box::pin(async move {
            let mut claimed = self.right.claim(claim).await?;
            if !claimed.leases.is_empty() {
                *self.last.lock().expect("not poisoned") = claimed.leases.clone();
            }
            if self.is(Mistake::Epoch) {
                for lease in &mut claimed.leases {
                    lease.epoch = 1;
                }
            }
            Ok(claimed)
        })
    }

    fn release<'a>(&'a self, leases: &'a [Lease]) -> BoxFuture<'a, Result<(), StoreError>> {
        self.right.release(leases)
    }

    fn leave<'a>(&'a self, worker: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.right.leave(worker)
    }

    fn fetch<'a>(
        &'a self,
        leases: &'a [Lease],
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Pending>, StoreError>> {
        Box::pin(async move {
            let mut rows = self.right.fetch(leases, limit).await?;
            if self.is(Mistake::Order) {
                rows.reverse();
            }
            Ok(rows)
        })
    }

    fn settle<'a>(
        &'a self,
        settlements: &'a [Settlement],
    ) -> BoxFuture<'a, Result<Vec<Lease>, StoreError>> {
        Box::pin(async move {
            let mut settlements = settlements.to_vec();
            if self.is(Mistake::Fencing) {
                let last = self.last.lock().expect("not poisoned").clone();
                for settlement in &mut settlements {
                    let partition = settlement.lease.partition;
                    let current = last.iter().find(|lease| lease.partition == partition);
                    settlement.lease = *current.expect("every partition is leased");
                }
            }
            if self.is(Mistake::Overtaking) {
                settlements.retain(|settlement| {
                    !matches!(settlement.verdict, formwork_outbox::Verdict::Retry { .. })
                });
            }
            self.right.settle(&settlements).await
        })
    }

    fn bury<'a>(
        &'a self,
        consumer: &'a str,
        envelope: &'a Envelope,
        attempts: u32,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.right.bury(consumer, envelope, attempts, reason)
    }

    fn dead(&self, after: DeadId, limit: usize) -> BoxFuture<'_, Result<Vec<Dead>, StoreError>> {
        self.right.dead(after, limit)
    }

    fn replay(&self, dead: DeadId) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.right.replay(dead)
    }

    fn discard(&self, dead: DeadId) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.right.discard(dead)
    }

    fn resend(&self, since: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.right.resend(since)
    }

    fn stats(&self) -> BoxFuture<'_, Result<Stats, StoreError>> {
        self.right.stats()
    }

    fn purge(&self, window: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        if self.is(Mistake::Retention) {
            return Box::pin(std::future::ready(Ok(0)));
        }
        OutboxStore::purge(self.right.as_ref(), window)
    }
}

impl Storage for Wrong {
    fn outbox(&self) -> Arc<dyn OutboxStore> {
        Arc::new(self.clone())
    }

    fn inbox(&self) -> Arc<dyn InboxStore> {
        self.right.inbox()
    }

    fn idempotency(&self) -> Arc<dyn IdempotencyStore> {
        self.right.idempotency()
    }

    fn record<'a>(
        &'a self,
        operation: &'a Operation,
        envelopes: Vec<Envelope>,
        outcome: Outcome,
    ) -> BoxFuture<'a, Result<(), RepositoryError>> {
        let mut operation = operation.clone();
        if self.is(Mistake::Inbox) {
            operation.delivery = None;
        }
        if self.is(Mistake::Idempotency) {
            operation.idempotency = None;
        }
        if self.is(Mistake::Tenants) {
            operation.tenant = None;
        }
        let recorded = MemoryStore::record(&self.right, &operation, envelopes, outcome);
        Box::pin(std::future::ready(recorded))
    }
}

#[tokio::test]
#[should_panic(expected = "order: fetch returns rows by position")]
async fn an_outbox_that_turns_the_order_round_is_found() {
    conformance::outbox_store(async || Wrong::new(Mistake::Order)).await;
}

#[tokio::test]
#[should_panic(expected = "order: a failed row blocks the later rows of its key")]
async fn an_outbox_that_lets_rows_overtake_is_found() {
    conformance::outbox_store(async || Wrong::new(Mistake::Overtaking)).await;
}

#[tokio::test]
#[should_panic(expected = "fencing: settle names the lost lease")]
async fn an_outbox_without_fencing_is_found() {
    conformance::outbox_store(async || Wrong::new(Mistake::Fencing)).await;
}

#[tokio::test]
#[should_panic(expected = "fencing: the epoch of partition 0 rises")]
async fn an_outbox_that_keeps_its_epochs_is_found() {
    conformance::outbox_store(async || Wrong::new(Mistake::Epoch)).await;
}

#[tokio::test]
#[should_panic(expected = "inbox: the second answer is `AlreadyHandled`")]
async fn a_transaction_without_an_inbox_is_found() {
    conformance::inbox(async || Wrong::new(Mistake::Inbox)).await;
}

#[tokio::test]
#[should_panic(expected = "idempotency: the outcome is found again")]
async fn a_transaction_without_idempotency_keys_is_found() {
    conformance::idempotency(async || Wrong::new(Mistake::Idempotency)).await;
}

#[tokio::test]
#[should_panic(expected = "retention: what was sent long ago goes")]
async fn an_outbox_that_keeps_everything_is_found() {
    conformance::outbox_store(async || Wrong::new(Mistake::Retention)).await;
}

#[tokio::test]
#[should_panic(expected = "append: keeps the tenant")]
async fn an_outbox_that_loses_the_tenant_is_found() {
    conformance::outbox_store(async || Wrong::new(Mistake::Tenants)).await;
}

#[tokio::test]
#[should_panic(expected = "inbox: what one tenant handled is new to another")]
async fn an_inbox_that_mixes_tenants_is_found() {
    conformance::inbox(async || Wrong::new(Mistake::Tenants)).await;
}

#[tokio::test]
#[should_panic(expected = "idempotency: one tenant's key is new to another")]
async fn idempotency_keys_that_mix_tenants_are_found() {
    conformance::idempotency(async || Wrong::new(Mistake::Tenants)).await;
}
