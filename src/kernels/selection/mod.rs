//! Which shaders a GPU computes with: the fastest that get known values right.

mod choice;
#[cfg(feature = "gpu")]
mod measure;
mod select;

pub use choice::{KernelChoice, SelectionError};
pub use select::{describe, select};

pub use super::adapter::AdapterTraits;
pub use super::shaders::{Style, Styles};
