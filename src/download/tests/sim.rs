//! A simulation: time advances when every task waits, and faults are drawn from a seed.

mod disk;
mod host;
mod time;

pub use disk::{Disk, Reads, SimStore};
pub use host::{Faults, Host, SimTransport};
pub use time::{Rng, SimClock, Time};
