//! The checks themselves, on models small enough to answer by hand.

use std::path::Path;
use std::process::Command;

use formwork_resolve::engine::Lit;
use xtask_models::oracle::{Oracle, Query};
use xtask_models::{Model, Outcome, check, dimacs, uvl};

/// A shop: the payment is by card or invoice, never both; express delivery needs the card.
const SHOP: &str = "features
\tShop
\t\tmandatory
\t\t\tPayment
\t\t\t\talternative
\t\t\t\t\tCard
\t\t\t\t\tInvoice
\t\toptional
\t\t\tExpress
\t\t\tGiftWrap
constraints
\tExpress => Card
";

const SHOP_CLAUSES: &str = "c 1 Shop
c 2 Payment
c 3 Card
c 4 Invoice
c 5 Express
c 6 GiftWrap
p cnf 6 10
1 0
-2 1 0
-1 2 0
-3 2 0
-4 2 0
-2 3 4 0
-3 -4 0
-5 1 0
-6 1 0
-5 3 0
";

fn oracle() -> Oracle {
    let query = |selection: &[i64], min_true_vars: Option<usize>, min_correction_size| Query {
        selection: selection.to_vec(),
        satisfiable: min_true_vars != Some(0),
        min_true_vars: min_true_vars.filter(|fewest| *fewest > 0),
        min_correction_size,
    };
    Oracle {
        vars: 6,
        satisfiable: true,
        always_true: Some(2),
        always_false: Some(0),
        queries: vec![
            query(&[5], Some(4), None),
            query(&[6, -3], Some(4), None),
            query(&[5, 4, 6], Some(0), Some(1)),
            query(&[-1], Some(0), Some(1)),
        ],
    }
}

fn run(model: &Model, oracle: &Oracle) -> Outcome {
    check(model, oracle, |number| {
        let index = usize::try_from(number.unsigned_abs()).ok()? - 1;
        let literal: Lit = *model.features.get(index)?;
        Some(if number > 0 { literal } else { !literal })
    })
}

/// Shows a part of: C-17.
#[test]
fn both_formats_of_one_model_have_the_same_answers() {
    for model in [uvl::read(SHOP), dimacs::read(SHOP_CLAUSES)] {
        let outcome = run(&model.expect("a model"), &oracle());
        assert!(outcome.ok(), "{outcome:?}");
        assert_eq!((outcome.verdicts, outcome.agree), (5, 5));
        assert_eq!((outcome.optimal, outcome.completable), (2, 2));
        assert_eq!(
            (
                outcome.explanation_minimal,
                outcome.fixed,
                outcome.explained
            ),
            (2, 2, 2)
        );
        assert_eq!(outcome.forced_agree, Some(true));
    }
}

/// A check that cannot fail proves nothing.
#[test]
fn wrong_answers_are_noticed() {
    let model = uvl::read(SHOP).expect("a model");
    let mut cases: Vec<Oracle> = vec![oracle(); 6];
    cases[0].satisfiable = false;
    cases[1].queries[0].satisfiable = false;
    cases[2].queries[0].min_true_vars = Some(3);
    cases[3].queries[2].min_correction_size = Some(2);
    cases[4].always_true = Some(3);
    cases[5].queries[0].selection = vec![7];
    for case in cases {
        let outcome = run(&model, &case);
        assert!(!outcome.ok(), "{case:?} gave {outcome:?}");
    }
}

/// The program on the folder the environment names. Without one there is nothing to run it on.
///
/// Shows a part of: C-17.
#[test]
fn recorded_answers_are_met_where_they_are() {
    let program = env!("CARGO_BIN_EXE_xtask-models");
    match std::env::var_os("FORMWORK_MODELS") {
        Some(folder) => {
            let status = Command::new(program).arg(folder).status().expect("it runs");
            assert!(status.success());
        }
        None => {
            eprintln!(
                "FORMWORK_MODELS names no folder of feature models: only the small ones were checked"
            );
            let nothing = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
            let status = Command::new(program)
                .arg(nothing)
                .output()
                .expect("it runs");
            assert!(
                !status.status.success(),
                "a run that finds nothing must fail"
            );
        }
    }
}
