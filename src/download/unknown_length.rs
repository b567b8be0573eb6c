//! Files whose length the host does not announce. They can only be read once all of it is stored, and an interrupted
//! download starts again.

use super::journal::{FileIdentity, Journal, JournalEvent, checksum};
use super::pending_file::PendingFile;
use super::progress::{DownloadPhase, ProgressMeter};
use super::request::next_chunk;
use super::store::StoreError;
use super::transport::{RangeRequest, ResponseStream};
use crate::bytes::SourceError;
use crate::bytes::http::{EVERYTHING, RequestFault, Retries, probe};

/// What is known of the file before it is downloaded.
pub(super) struct UnknownLength {
    /// Without its length.
    pub identity: FileIdentity,
    /// The length of the stored version that made no sense.
    pub doubted_len: Option<u64>,
}

/// Downloads the whole file.
pub(super) async fn store_unknown_length(
    pending: &PendingFile<'_>,
    response: Box<dyn ResponseStream>,
    unknown: UnknownLength,
) -> Result<Journal, SourceError> {
    let (context, file) = (pending.context, pending.request.file);
    let mut first_response = Some(response);
    let mut retries = Retries::new(&context.settings.retry, context.settings.retry.tries);
    let meter = ProgressMeter::unknown_length(DownloadPhase::Download);
    let request = RangeRequest { url: pending.request.url.to_owned(), range: EVERYTHING, ..RangeRequest::default() };
    loop {
        let response = match first_response.take() {
            Some(response) => response,
            None => pending.send_until(&request, |head| probe(file, head, 0, u64::MAX)).await?.0,
        };
        match attempt(pending, response, &unknown, &meter).await {
            Ok(journal) => return Ok(journal),
            Err(fault) => retries.wait(file, fault, &*context.clock).await?,
        }
        meter.subtract(u64::MAX);
    }
}

/// One response, to its end.
async fn attempt(
    pending: &PendingFile<'_>,
    mut response: Box<dyn ResponseStream>,
    unknown: &UnknownLength,
    meter: &ProgressMeter,
) -> Result<Journal, RequestFault> {
    let (context, file) = (pending.context, pending.request.file);
    let failed = |e| RequestFault::Fatal(pending.store_error(e));
    pending.storage.reset(&[], 0).await.map_err(failed)?;
    let free = context.store.free().await;
    let (mut identity, mut partial, mut checksums) = (unknown.identity.clone(), Vec::new(), Vec::new());
    let mut uncounted = 0;
    loop {
        let bytes = next_chunk(context, file, &mut *response).await?;
        let ended = bytes.is_none();
        let bytes = bytes.unwrap_or_default();
        identity.len += bytes.len() as u64;
        if free.is_some_and(|free| identity.len > free) {
            return Err(no_room(pending, identity.len).await);
        }
        // The last bytes are reported once it is known that they are the last, by `StoredFile::work`.
        if let Some(progress) = meter.add(file, uncounted, context.clock.now()).filter(|_| !ended) {
            (context.report)(progress);
        }
        uncounted = bytes.len() as u64;
        partial.extend(bytes);
        while partial.len() >= identity.piece as usize || (ended && !partial.is_empty()) {
            let rest = partial.split_off(partial.len().min(identity.piece as usize));
            match pending.storage.put(identity.location(checksums.len() as u32), &partial).await {
                Err(StoreError::Full) => return Err(no_room(pending, identity.len).await),
                put => put.map_err(failed)?,
            }
            checksums.push(checksum(&partial));
            partial = rest;
        }
        if ended {
            break;
        }
    }
    identity.again = unknown.doubted_len == Some(identity.len);
    let mut journal = pending.new_journal(identity).map_err(RequestFault::Fatal)?;
    let mut lines = journal.first_line();
    for (index, check) in checksums.into_iter().enumerate() {
        let event = JournalEvent::Piece(index as u32, check);
        lines.extend(event.line());
        journal.apply(event);
    }
    pending.storage.append(&lines).await.map_err(failed)?;
    pending.storage.close().await.map_err(failed)?;
    Ok(journal)
}

/// Frees the room again. At least `needed` bytes would have been stored.
async fn no_room(pending: &PendingFile<'_>, needed: u64) -> RequestFault {
    // The error that is returned says more than one of storage would.
    let _ = pending.storage.reset(&[], 0).await;
    let _ = pending.storage.close().await;
    let free = pending.context.store.free().await.filter(|&free| free < needed);
    RequestFault::Fatal(SourceError::StorageFull { file: pending.request.file.to_owned(), needed: Some(needed), free })
}
