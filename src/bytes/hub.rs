//! Addresses of models on a hub: `hf:owner/name[@revision][/path]`.

/// The hub of addresses that name no other.
pub const DEFAULT_HUB: &str = "https://huggingface.co";

const PREFIX: &str = "hf:";

/// An address that begins like a hub's and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no address of a model; expected hf:owner/name, and optionally @revision and /path, as in hf:cross-encoder/ettin-reranker-32m-v1@main"
)]
pub struct HubAddressError(String);

/// The URL of what `address` names on `hub`, or None if it is no address of a hub. Without a revision it is that of the
/// main branch. What is stored is found again by the URL, so a revision is part of its name.
///
/// ```
/// use secondpass::bytes::{DEFAULT_HUB, hub_url};
///
/// let url = |address| hub_url(address, DEFAULT_HUB).transpose();
/// assert_eq!(url("hf:owner/name")?.as_deref(), Some("https://huggingface.co/owner/name/resolve/main/"));
/// assert_eq!(
///     url("hf:owner/name@v1.0/model-Q8_0.gguf")?.as_deref(),
///     Some("https://huggingface.co/owner/name/resolve/v1.0/model-Q8_0.gguf")
/// );
/// assert_eq!(url("https://example.org/model/")?, None);
/// assert!(url("hf:name").is_err());
/// # Ok::<(), secondpass::bytes::HubAddressError>(())
/// ```
pub fn hub_url(address: &str, hub: &str) -> Option<Result<String, HubAddressError>> {
    let rest = address.strip_prefix(PREFIX)?;
    Some(resolve(rest, hub).ok_or_else(|| HubAddressError(address.to_owned())))
}

fn resolve(address: &str, hub: &str) -> Option<String> {
    let (owner, rest) = address.split_once('/')?;
    let (repository, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, revision) = repository.split_once('@').unwrap_or((repository, "main"));
    // A revision's slashes are written as %2F, as in the hub's own URLs.
    let parts = [owner, name, revision].into_iter().chain(path.split('/').filter(|part| !part.is_empty()));
    if !parts.into_iter().all(is_plain) {
        return None;
    }
    Some(format!("{}/{owner}/{name}/resolve/{revision}/{path}", hub.trim_end_matches('/')))
}

fn is_plain(part: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-%".contains(c);
    !part.is_empty() && part.chars().all(is_allowed) && part != "." && part != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_within_a_repository() {
        let url = |address: &str| hub_url(address, "http://127.0.0.1:1/hub/").expect("a hub's").ok();
        assert_eq!(url("hf:a/b").as_deref(), Some("http://127.0.0.1:1/hub/a/b/resolve/main/"));
        assert_eq!(
            url("hf:a/b@refs%2Fpr%2F5/onnx/").as_deref(),
            Some("http://127.0.0.1:1/hub/a/b/resolve/refs%2Fpr%2F5/onnx/")
        );
        for wrong in
            ["hf:", "hf:a", "hf:a/", "hf:/b", "hf:a/b@", "hf:a/../x", "hf:a/b/../c", "hf:a/b?x", "hf:a b/c", "hf:a/b#c"]
        {
            assert_eq!(url(wrong), None, "{wrong}");
        }
    }
}
