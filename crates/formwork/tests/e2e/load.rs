//! Orders from several threads while the service is killed under them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Answer, Client};
use crate::service::Service;

/// How many threads place orders, and how many each.
const THREADS: usize = 4;
const ORDERS: usize = 200;

/// How many articles there are: few enough that orders get into each other's way.
pub(crate) const ARTICLES: usize = 8;

/// How often the service is killed while orders are placed. Once more it is killed right after the last answer.
const KILLS: usize = 3;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait before something is tried again.
const PAUSE: Duration = Duration::from_millis(10);

/// An order that was answered with 201.
pub(crate) struct Placed {
    pub(crate) key: String,
    pub(crate) body: Value,
    pub(crate) id: String,
    /// The quantity of each article.
    pub(crate) quantities: BTreeMap<String, u64>,
}

/// What happened.
pub(crate) struct Load {
    pub(crate) placed: Vec<Placed>,
    /// How many requests got no answer, or a 5xx, and were repeated under their key.
    pub(crate) repeated: usize,
    /// How many orders had been answered at each kill.
    pub(crate) kills: Vec<usize>,
}

/// Makes sure that nothing runs out.
pub(crate) fn stock(client: &Client) {
    for article in 0..ARTICLES {
        let body = json!({
            "sku": sku(article), "title": "A mug", "on_hand": 1_000_000, "reorder_level": 10,
        });
        let key = format!("stock-{article}");
        let answer = client
            .post("/api/stock-items", &key, &body)
            .expect("the service answers");
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
}

/// Places one order, so that there is something to see.
pub(crate) fn first(client: &Client) -> Placed {
    let mut order = order("first", &mut Random::new(0));
    let answer = client
        .post("/api/orders", &order.key, &order.body)
        .expect("the service answers");
    assert_eq!(answer.status, 201, "{}", answer.body);
    order.id = id_in(&answer);
    order
}

/// Places orders and kills the service at moments that the seed decides; `start` starts it again.
pub(crate) fn run(
    seed: u64,
    service: Service,
    start: impl Fn(usize) -> Service,
) -> (Load, Service) {
    let all = THREADS * ORDERS;
    let (answered, repeated) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let client = Mutex::new(service.client.clone());
    let deadline = Instant::now() + PATIENCE;
    let mut random = Random::new(seed);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let mut random = Random::new(seed + 1 + thread as u64);
                let (answered, repeated, client) = (&answered, &repeated, &client);
                scope.spawn(move || {
                    let place = |number| {
                        let order = order(&format!("{seed}-{thread}-{number}"), &mut random);
                        let placed = place(order, client, repeated, deadline);
                        answered.fetch_add(1, Ordering::Relaxed);
                        placed
                    };
                    (0..ORDERS).map(place).collect::<Vec<_>>()
                })
            })
            .collect();

        let mut service = service;
        let mut kills = Vec::new();
        for kill in 0..=KILLS {
            // Somewhere in its part of the load; the last time at the very end, with events still on their way.
            let part = all / (KILLS + 1);
            let moment = match kill {
                KILLS => all,
                _ => kill * part + part / 4 + random.below(part / 2),
            };
            while answered.load(Ordering::Relaxed) < moment {
                assert!(Instant::now() < deadline, "the load does not get on");
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_micros(random.below(10_000) as u64));
            service.kill();
            kills.push(answered.load(Ordering::Relaxed));
            service = start(kill + 1);
            *lock(&client) = service.client.clone();
        }
        let placed = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("every order is placed in the end"))
            .collect();
        let load = Load {
            placed,
            repeated: repeated.load(Ordering::Relaxed),
            kills,
        };
        (load, service)
    })
}

/// Sends orders that were answered once more, under their keys: each is the same order as before.
pub(crate) fn repeat(client: &Client, placed: &[Placed]) -> usize {
    let again = placed.iter().step_by(7);
    for order in again.clone() {
        let answer = client
            .post("/api/orders", &order.key, &order.body)
            .expect("the service answers");
        assert_eq!(answer.status, 201, "{}: {}", order.key, answer.body);
        assert_eq!(answer.json()["id"], order.id, "{} again", order.key);
    }
    again.count()
}

/// Sends an order until it is answered.
fn place(
    mut order: Placed,
    client: &Mutex<Client>,
    repeated: &AtomicUsize,
    deadline: Instant,
) -> Placed {
    loop {
        let present = lock(client).clone();
        match present.post("/api/orders", &order.key, &order.body) {
            Ok(answer) if answer.status == 201 => {
                order.id = id_in(&answer);
                return order;
            }
            Ok(answer) if answer.status < 500 => {
                panic!(
                    "{} is refused: {} {}",
                    order.key, answer.status, answer.body
                )
            }
            unanswered => {
                assert!(Instant::now() < deadline, "{}: {unanswered:?}", order.key);
                repeated.fetch_add(1, Ordering::Relaxed);
                thread::sleep(PAUSE);
            }
        }
    }
}

fn id_in(answer: &Answer) -> String {
    let body = answer.json();
    body["id"].as_str().expect("an order has an id").to_owned()
}

/// One to three articles, a few pieces of each.
fn order(key: &str, random: &mut Random) -> Placed {
    let mut quantities = BTreeMap::new();
    for _ in 0..=random.below(3) {
        quantities.insert(sku(random.below(ARTICLES)), 1 + random.below(5) as u64);
    }
    let lines: Vec<Value> = quantities
        .iter()
        .map(|(sku, quantity)| {
            json!({ "sku": sku, "quantity": quantity, "price": { "minor": 1250, "currency": "EUR" } })
        })
        .collect();
    Placed {
        key: key.to_owned(),
        body: json!({
            "customer": key,
            "deliver_to": {
                "recipient": "Ada Lovelace", "street": "12 St James's Square",
                "postcode": "SW1Y 4JH", "city": "London", "country": "GB",
            },
            "lines": lines,
        }),
        id: String::new(),
        quantities,
    }
}

fn sku(article: usize) -> String {
    format!("MUG-{article:04}")
}

fn lock(client: &Mutex<Client>) -> std::sync::MutexGuard<'_, Client> {
    client.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Numbers that the seed decides (SplitMix64).
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % limit as u64).expect("it is below a usize")
    }
}
