//! Pages written from the structs, so that they cannot be out of date.

mod json_schema;
mod reference;
mod sample;

pub use json_schema::json_schema;
pub use reference::reference;
pub use sample::sample;

use crate::Section;

/// One section of each prefix, with the names of its instances.
fn places(sections: &[Section]) -> Vec<(&Section, Vec<&str>)> {
    let mut places: Vec<(&Section, Vec<&str>)> = Vec::new();
    for section in sections {
        let known = places
            .iter()
            .position(|(place, _)| place.base() == section.base());
        let index = known.unwrap_or_else(|| {
            places.push((section, Vec::new()));
            places.len() - 1
        });
        places[index].1.extend(section.instance_name());
    }
    places
}
