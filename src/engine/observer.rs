//! How a caller watches and stops work. The engine knows neither threads nor event loops; the doors supply them.

use serde::Serialize;

use super::Error;
use crate::bytes::LocalBoxFuture;
use crate::model::{ModelError, Turns};

/// What loading is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Bytes arrive; reported by the source of the bytes.
    Download,
    /// Bytes are compared with a hash; reported by the source of the bytes.
    Verify,
    /// Weights move to the device, counted in parts of the model.
    Upload,
    /// The first pass runs, which compiles every shader.
    Compile,
}

/// One step of loading.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    /// What is going on.
    pub stage: Stage,
    /// How much of it is done: bytes, or parts.
    pub loaded: u64,
    /// Of how much.
    pub total: u64,
    /// Bytes a second, where they are counted and it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// The file, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// A caller's view into running work.
pub struct Observer<'a> {
    /// Told of each step of loading.
    pub on_progress: &'a dyn Fn(Progress),
    /// Told of each document's score, in the order in which they are computed.
    pub on_result: &'a dyn Fn(usize, f64),
    /// Asked between steps; `true` ends the work with [`Error::Aborted`].
    pub aborted: &'a dyn Fn() -> bool,
    /// Lets others run between steps, so that an abort can arrive at all.
    pub pause: &'a dyn Fn() -> LocalBoxFuture<'static, ()>,
    /// Milliseconds since some start; there is no clock that works everywhere.
    pub now: &'a dyn Fn() -> f64,
    /// Whether a document that cannot be scored ends the request, instead of being reported beside the others' scores.
    pub strict: bool,
}

impl Observer<'static> {
    /// Watches nothing and never aborts.
    pub fn silent() -> Self {
        Self {
            on_progress: &|_| {},
            on_result: &|_, _| {},
            aborted: &|| false,
            pause: &|| Box::pin(std::future::ready(())),
            now: &|| 0.0,
            strict: false,
        }
    }
}

impl Observer<'_> {
    pub(super) fn report(&self, stage: Stage, loaded: u64, total: u64) {
        (self.on_progress)(Progress { stage, loaded, total, rate: None, file: None });
    }

    /// Gives others a turn, then ends the work if it is no longer wanted.
    pub(super) async fn checkpoint(&self) -> Result<(), Error> {
        (self.pause)().await;
        if (self.aborted)() { Err(Error::Aborted) } else { Ok(()) }
    }
}

impl Turns for Observer<'_> {
    fn next(&self) -> LocalBoxFuture<'_, Result<(), ModelError>> {
        Box::pin(async { self.checkpoint().await.map_err(|_| ModelError::Aborted) })
    }
}
