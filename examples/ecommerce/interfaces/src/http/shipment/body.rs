//! Bodies of shipments.

use application::shipment::ShipmentFilter;
use domain::shipment::{Dispatch, Parcel, ShipmentSnapshot, TrackingCode};
use formwork_domain::Violations;
use serde::{Deserialize, Serialize};

use crate::http::body::{AddressBody, LineBody, parse_text};

/// A shipment as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShipmentBody {
    /// The identifier.
    pub id: String,
    /// How often it was saved; the entity tag.
    pub version: u64,
    /// Where it is in its life.
    pub state: &'static str,
    /// Whose goods these are.
    pub order: String,
    /// Where they go.
    pub deliver_to: AddressBody,
    /// What to pack.
    pub lines: Vec<LineBody>,
    /// Who takes them there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// How they were packed.
    pub parcels: Vec<ParcelBody>,
    /// What they weigh.
    pub grams: i64,
    /// When they arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<String>,
    /// When it was created.
    pub created: String,
    /// When it last changed.
    pub updated: String,
}

impl From<ShipmentSnapshot> for ShipmentBody {
    fn from(shipment: ShipmentSnapshot) -> Self {
        Self {
            id: shipment.id.to_string(),
            version: shipment.version.get(),
            state: shipment.state.as_str(),
            order: shipment.order.to_string(),
            deliver_to: AddressBody::from(&shipment.deliver_to),
            lines: shipment.lines.iter().map(LineBody::from).collect(),
            carrier: shipment.carrier.map(|value| value.as_str().to_owned()),
            parcels: shipment.parcels.iter().map(ParcelBody::from).collect(),
            grams: shipment.grams,
            delivered_at: shipment.delivered_at.map(|value| value.to_string()),
            created: shipment.created.to_string(),
            updated: shipment.updated.to_string(),
        }
    }
}

/// Which shipments a listing shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Filters {
    /// Where it is in its life.
    pub state: Option<String>,
    /// Whose goods these are.
    pub order: Option<String>,
}

impl Filters {
    /// The filter this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<ShipmentFilter, Violations> {
        let mut violations = Violations::new();
        let state = match self.state {
            Some(value) => violations.check("state", value.parse()).map(Some),
            None => Some(None),
        };
        let order = match self.order {
            Some(value) => violations.check("order", parse_text(&value)).map(Some),
            None => Some(None),
        };
        violations.build(|| {
            let filter = ShipmentFilter {
                state: state?,
                order: order?,
            };
            Some(Ok(filter))
        })
    }
}

/// One box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct ParcelBody {
    /// The tracking code.
    pub tracking_code: String,
    /// The grams.
    pub grams: i64,
}

impl From<&Parcel> for ParcelBody {
    fn from(parcel: &Parcel) -> Self {
        Self {
            tracking_code: parcel.tracking_code().as_str().to_owned(),
            grams: parcel.grams(),
        }
    }
}

impl ParcelBody {
    /// The value this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<Parcel, Violations> {
        let mut violations = Violations::new();
        let tracking_code =
            violations.check("tracking_code", TrackingCode::new(self.tracking_code));
        violations.check("grams", Parcel::check_grams(self.grams));
        violations.build(|| {
            let parcel = Parcel::new(tracking_code?, self.grams);
            Some(parcel)
        })
    }
}

/// Hands the parcels over to a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct DispatchBody {
    /// How they were packed.
    pub parcels: Vec<ParcelBody>,
    /// The by.
    pub by: String,
}

impl DispatchBody {
    /// The command this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<Dispatch, Violations> {
        let mut violations = Violations::new();
        violations.check("parcels", Dispatch::check_parcels(self.parcels.len()));
        let parcels = violations.check(
            "parcels",
            Violations::collect(self.parcels, ParcelBody::parse),
        );
        let by = violations.check("by", self.by.parse());
        violations.build(|| {
            let dispatch = Dispatch {
                parcels: parcels?,
                by: by?,
            };
            Some(Ok(dispatch))
        })
    }
}
