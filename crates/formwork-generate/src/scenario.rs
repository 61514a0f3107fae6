//! The steps of scenarios, from the files that features bring for them.

use formwork_catalog::{Change, Feature, Probe, ProbeKind, Request, Restore, Step};
use serde::Deserialize;
use toml::{Spanned, Table};

use crate::ComposeError;
use crate::document::PlannedProbe;
use crate::render::Renderer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    steps: Vec<Spanned<Table>>,
}

/// The probes of a plan's features, with the steps of each scenario.
pub(crate) fn probes(
    features: &[&Feature],
    renderer: &Renderer<'_>,
    errors: &mut Vec<ComposeError>,
) -> Vec<PlannedProbe> {
    let mut probes = Vec::new();
    for feature in features {
        for probe in &feature.probes {
            let kind = match &probe.kind {
                ProbeKind::Scenario { from, .. } => match steps(feature, from, renderer) {
                    Ok(steps) => ProbeKind::Scenario {
                        from: from.clone(),
                        steps,
                    },
                    Err(failed) => {
                        errors.extend(failed);
                        continue;
                    }
                },
                kind => kind.clone(),
            };
            probes.push(PlannedProbe {
                feature: feature.id.clone(),
                pack: feature.pack().map(str::to_owned),
                probe: Probe {
                    kind,
                    ..probe.clone()
                },
            });
        }
    }
    probes
}

fn steps(
    feature: &Feature,
    from: &str,
    renderer: &Renderer<'_>,
) -> Result<Vec<Step>, Vec<ComposeError>> {
    let text = renderer.part(feature, from)?;
    let mistake = |start: Option<usize>, message: String| ComposeError::Template {
        feature: feature.id.clone(),
        template: from.to_owned(),
        line: start.map(|start| text[..start].matches('\n').count() + 1),
        message,
    };
    let file: File = toml::from_str(&text).map_err(|error| {
        let start = error.span().map(|span| span.start);
        vec![mistake(start, error.message().to_owned())]
    })?;
    let mut steps = Vec::new();
    let mut errors = Vec::new();
    for table in file.steps {
        let start = table.span().start;
        match step(table.into_inner()) {
            Ok(step) => steps.push(step),
            Err(error) => errors.push(mistake(Some(start), error.message().to_owned())),
        }
    }
    if errors.is_empty() {
        Ok(steps)
    } else {
        Err(errors)
    }
}

fn step(table: Table) -> Result<Step, toml::de::Error> {
    if table.contains_key("change") {
        table.try_into::<Change>().map(Step::Change)
    } else if table.contains_key("restore") {
        table.try_into::<Restore>().map(Step::Restore)
    } else {
        table.try_into::<Request>().map(Step::Request)
    }
}
