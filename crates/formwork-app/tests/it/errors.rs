//! What errors of modules carry.

use std::error::Error as _;

use formwork_app::{App, Cause, Class, Error, StartError, WireError};

use crate::support::{Act, Journal, app, module};

/// A class no part of the core has heard of.
const BILLING: Class = Class::Other("billing");

fn broken() -> Error {
    let cause = std::io::Error::other("connection refused");
    Error::new(BILLING, "could not charge")
        .about("invoice", 42)
        .about("customer", "acme")
        .because(Error::dependency("the bank does not answer").because(cause))
}

#[track_caller]
fn wiring_of(app: App) -> StartError {
    app.check().expect_err("it cannot be wired")
}

/// Class, context and the chain of causes, from a module to whoever started the application.
///
/// Proves: R-017, R-046.
#[tokio::test]
async fn errors_carry_class_context_and_causes() {
    let error = broken();
    assert_eq!(error.class().as_str(), "billing");
    assert_eq!(error.context()[1], ("customer", "acme".to_owned()));
    assert_eq!(
        error.to_string(),
        "could not charge (invoice `42`, customer `acme`)"
    );
    let cause = error.source().expect("there is a cause");
    assert_eq!(cause.to_string(), "the bank does not answer");
    let last = cause.source().expect("there is a cause");
    assert!(last.downcast_ref::<std::io::Error>().is_some());

    let journal = Journal::default();
    let wired =
        wiring_of(app().module(module("till", &journal).wire(|_| Err(WireError::from(broken())))));
    assert_eq!(wired.class(), BILLING);
    insta::assert_snapshot!(wired, @r"
    the wiring has 1 problem
      `till` could not be wired: could not charge (invoice `42`, customer `acme`): the bank does not answer: connection refused
    ");

    let failing = app().module(module("store", &journal).start(Act::Fail));
    let failed = failing.start().await.expect_err("it cannot start");
    assert_eq!(failed.class(), Class::Dependency);
    let StartError::Modules(failures) = failed else {
        panic!("not the failure of a module: {failed}");
    };
    let Cause::Error(error) = &failures.0[0].cause else {
        panic!("not an error: {failures}");
    };
    let cause = error.source().expect("there is a cause");
    assert_eq!(cause.to_string(), "disk full");
}

/// Each kind of problem tells who should look at it.
///
/// Shows a part of: R-017.
#[test]
fn the_core_classifies_its_own_errors() {
    let journal = Journal::default();
    let missing = app().module(module("a", &journal).declare(|it| it.needs::<u8>()));
    assert_eq!(wiring_of(missing).class(), Class::Dependency);
    let version = app().module(module("a", &journal).declare(|it| it.version("one")));
    assert_eq!(wiring_of(version).class(), Class::Validation);
    let panics = app().module(module("a", &journal).wire(|_| panic!("oh no")));
    assert_eq!(wiring_of(panics).class(), Class::Lifecycle);
    let config = crate::support::set(app(), "app.drain-timeout", "soon");
    assert_eq!(wiring_of(config).class(), Class::Config);
}
