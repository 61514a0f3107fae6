//! Bodies of stock items.

use application::stock_item::StockItemFilter;
use domain::shared::Sku;
use domain::stock_item::{Receive, Register, StockItemSnapshot, WriteOff};
use formwork_domain::Violations;
use serde::{Deserialize, Serialize};

/// A stock item as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StockItemBody {
    /// The identifier.
    pub id: String,
    /// How often it was saved; the entity tag.
    pub version: u64,
    /// Which article.
    pub sku: String,
    /// What customers call it.
    pub title: String,
    /// Pieces in the warehouse.
    pub on_hand: i64,
    /// Pieces promised to orders.
    pub reserved: i64,
    /// Fewer free pieces than this are too few.
    pub reorder_level: i64,
    /// When it was created.
    pub created: String,
    /// When it last changed.
    pub updated: String,
}

impl From<StockItemSnapshot> for StockItemBody {
    fn from(stock_item: StockItemSnapshot) -> Self {
        Self {
            id: stock_item.id.to_string(),
            version: stock_item.version.get(),
            sku: stock_item.sku.as_str().to_owned(),
            title: stock_item.title,
            on_hand: stock_item.on_hand,
            reserved: stock_item.reserved,
            reorder_level: stock_item.reorder_level,
            created: stock_item.created.to_string(),
            updated: stock_item.updated.to_string(),
        }
    }
}

/// Which stock items a listing shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Filters {
    /// Which article.
    pub sku: Option<String>,
}

impl Filters {
    /// The filter this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<StockItemFilter, Violations> {
        let mut violations = Violations::new();
        let sku = match self.sku {
            Some(value) => violations.check("sku", Sku::new(value)).map(Some),
            None => Some(None),
        };
        violations.build(|| {
            let filter = StockItemFilter { sku: sku? };
            Some(Ok(filter))
        })
    }
}

/// Adds an article to the range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct RegisterBody {
    /// Which article.
    pub sku: String,
    /// What customers call it.
    pub title: String,
    /// Pieces in the warehouse.
    #[serde(default = "default_register_on_hand")]
    pub on_hand: i64,
    /// Fewer free pieces than this are too few.
    #[serde(default = "default_register_reorder_level")]
    pub reorder_level: i64,
}

fn default_register_on_hand() -> i64 {
    0
}

fn default_register_reorder_level() -> i64 {
    0
}

impl RegisterBody {
    /// The command this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<Register, Violations> {
        let mut violations = Violations::new();
        let sku = violations.check("sku", Sku::new(self.sku));
        violations.check("title", Register::check_title(&self.title));
        violations.check("on_hand", Register::check_on_hand(self.on_hand));
        violations.check(
            "reorder_level",
            Register::check_reorder_level(self.reorder_level),
        );
        violations.build(|| {
            let register = Register {
                sku: sku?,
                title: self.title,
                on_hand: self.on_hand,
                reorder_level: self.reorder_level,
            };
            Some(Ok(register))
        })
    }
}

/// Books a delivery from a supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct ReceiveBody {
    /// The quantity.
    pub quantity: i64,
}

impl ReceiveBody {
    /// The command this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<Receive, Violations> {
        let mut violations = Violations::new();
        violations.check("quantity", Receive::check_quantity(self.quantity));
        violations.build(|| {
            let receive = Receive {
                quantity: self.quantity,
            };
            Some(Ok(receive))
        })
    }
}

/// Takes lost or broken pieces off the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct WriteOffBody {
    /// The quantity.
    pub quantity: i64,
}

impl WriteOffBody {
    /// The command this describes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(self) -> Result<WriteOff, Violations> {
        let mut violations = Violations::new();
        violations.check("quantity", WriteOff::check_quantity(self.quantity));
        violations.build(|| {
            let write_off = WriteOff {
                quantity: self.quantity,
            };
            Some(Ok(write_off))
        })
    }
}
