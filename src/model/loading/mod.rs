//! Loading a model's tensors, and listing them: the two sources that the constructors of modules are run with.

mod collector;
mod loader;
mod requirements;
mod spec;
mod throttle;

pub use loader::CheckpointLoader;
pub use requirements::{check_complete, required_tensors};
pub use spec::TensorSpec;
pub use throttle::UploadThrottle;
