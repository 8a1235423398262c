//! State kept between processes: one record per server, its cached lists, and the current
//! server.

mod catalog;
mod credentials;
mod files;
mod logins;
mod offers;
mod record;
mod store;
mod target;
mod trust;

pub use catalog::{Freshness, KnownTools};
pub use credentials::{Credentials, ResolvedCredentials, expand, may_hold_secret};
pub use files::{Lock, private_options};
pub use logins::{Grant, KeyReference, Login};
pub use offers::{KnownOffers, Offer};
pub use record::Record;
pub use store::{Store, check_name};
pub use target::{FromFile, Target, TargetError, resolve};
