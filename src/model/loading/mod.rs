//! Loading a model's tensors, and listing them: the two sources that the constructors of modules are run with.

mod collector;
mod loader;
mod origin;
mod requirements;
mod residency;
mod spec;
mod stored_rows;
mod throttle;
mod trunk_loader;

pub use requirements::{check_complete, required_tensors, required_tensors_named};
pub use residency::Residency;
pub use spec::TensorSpec;
pub use trunk_loader::{LoadParameters, load_trunk};
