//! What the downloads of one load share.

use std::rc::Rc;

use super::progress::DownloadProgress;
use super::settings::DownloadSettings;
use super::slots::RequestSlots;
use super::store::Store;
use super::transport::Transport;
use crate::bytes::http::Clock;

/// The environment of the downloads of one load.
pub struct DownloadContext {
    /// Where files are kept.
    pub store: Rc<dyn Store>,
    /// Where the pieces of a file are kept once `store` has returned damaged data for it; none if there is no better one.
    pub fallback: Option<Rc<dyn Store>>,
    /// How requests are sent.
    pub transport: Rc<dyn Transport>,
    /// Time and random numbers.
    pub clock: Rc<dyn Clock>,
    /// Sizes, limits and timeouts.
    pub settings: DownloadSettings,
    /// Concurrent requests over all files: [`DownloadSettings::requests`] of them.
    pub slots: RequestSlots,
    /// Receives progress.
    pub report: Rc<dyn Fn(DownloadProgress)>,
}
