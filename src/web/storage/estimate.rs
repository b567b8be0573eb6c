//! The browser's estimate of the room that is left.

use web_sys::StorageEstimate;

use super::js;

/// Bytes that may still be stored, as the browser estimates.
pub async fn free() -> Option<u64> {
    let promise = js::storage_manager()?.estimate().ok()?;
    let estimate: StorageEstimate = js::resolve(promise).await.ok()?;
    Some((estimate.get_quota()? - estimate.get_usage()?).max(0.0) as u64)
}
