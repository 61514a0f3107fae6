//! The model in the crate's documentation.

use formwork_model::{Source, read};

#[test]
fn the_documented_model_is_right() {
    let documentation = include_str!("../../src/lib.rs");
    let ticket: String = documentation
        .lines()
        .skip_while(|line| *line != "//! ```toml")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| format!("{}\n", line.trim_start_matches("//!")))
        .collect();
    let evening = r#"
name = "evening"
[commands.open]
creates = true
emits = ["opened"]
[events.opened]
"#;
    let scan = r#"
name = "scan"
[fields]
ticket = { type = "reference", to = "ticket" }
gate = { type = "integer" }
[commands.make]
creates = true
takes = ["ticket", "gate"]
emits = ["made"]
[events.made]
integration = true
fields = ["ticket", "gate"]
"#;
    let sources = [
        Source::new("model/evening.toml", evening),
        Source::new("model/scan.toml", scan),
        Source::new("model/ticket.toml", ticket),
    ];
    let report = read(&sources).map_err(|report| report.to_string());
    assert_eq!(report.err(), None);
}
