//! A world in which time stands still until everybody waits, and everything that may go wrong is drawn from a seed.

mod disk;
mod host;
mod time;

pub use disk::{Disk, SimStore};
pub use host::{Faults, Host, SimTransport};
pub use time::{Rng, SimClock, Time};
