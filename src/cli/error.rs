//! Why a command fails.

use std::io;
use std::path::{Path, PathBuf};

use super::convert::ConvertError;
use super::eval::EvalError;
use super::verify::VerifyError;
use crate::engine;

/// Why a command failed: one line that says what is wrong and what to do about it. [`main`](super::main) prints it.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The model could not be loaded, or the request not answered.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// `inspect` found what loading would fail on.
    #[error("it will not run: {0}")]
    NotLoadable(#[source] engine::Error),
    /// The paths do not name a model.
    #[error("{0}")]
    ModelPath(String),
    /// The file with the request's JSON.
    #[error("{} could not be read: {source}; give a file, or - for standard input", request_name(path))]
    ReadRequest {
        /// The path as given; `-` is standard input.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The response has no JSON form.
    #[error("the response could not be written as JSON: {0}")]
    WriteResponse(#[source] serde_json::Error),
    /// `--device gpu` in a build for the CPU alone.
    #[cfg(not(feature = "gpu"))]
    #[error("this secondpass was built without the feature \"gpu\"; use --device cpu")]
    BuiltWithoutGpu,
    /// `--device gpu` on a machine without a usable GPU.
    #[cfg(feature = "gpu")]
    #[error("no usable GPU was found ({0}); use --device cpu")]
    NoGpu(#[source] burn::tensor::wgpu::WgpuInitError),
    /// `convert` failed.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// `verify` could not compare, or found differences.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// `eval` could not read a collection, or not write what it found.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

fn request_name(path: &Path) -> String {
    match path.as_os_str() == "-" {
        true => "the request on standard input".to_owned(),
        false => format!("the request {}", path.display()),
    }
}
