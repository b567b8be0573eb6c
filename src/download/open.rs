//! From a URL to a file: what is stored of it, whether that may be used, and where the rest comes from.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::Either;

use super::context::DownloadContext;
use super::journal::{FileIdentity, Journal};
use super::pending_file::{FileRequest, PendingFile};
use super::piece_storage::PieceStorage;
use super::progress::{DownloadPhase, ProgressMeter};
use super::request::next_chunk;
use super::select::select_first;
use super::store::{WriteLock, storage_key};
use super::stored_file::StoredFile;
use super::transfer::{Transfer, TransferMode};
use super::transport::{RangeRequest, ResponseStream};
use super::unknown_length::{UnknownLength, store_unknown_length};
use crate::bytes::SourceError;
use crate::bytes::http::{ProbeOutcome, ResponseHead, check_range, is_busy, probe};

/// How often the progress of another tab's download is read.
const WATCH_MS: f64 = 300.0;

/// The result of opening a file.
pub enum OpenedFile {
    /// The host has no such file.
    Absent,
    /// All of it is stored. It still wants [`StoredFile::work`] where there is a hash to compare it with.
    Complete(Rc<StoredFile>),
    /// Some of it is still to be fetched, by [`StoredFile::work`].
    Partial(Rc<StoredFile>, Transfer),
}

/// Opens a file. No body is read yet, so that the caller can check the room for all files first.
pub async fn open(context: &Rc<DownloadContext>, request: FileRequest<'_>) -> Result<OpenedFile, SourceError> {
    let key = storage_key(request.url);
    let storage = PieceStorage::new(&key, context.store.entry(&key), context.fallback.clone());
    let mut pending = PendingFile { context, request, storage, key, lock: None };
    // What cannot be read is asked for again with the right to replace it.
    if let Ok(Some(journal)) = pending.usable_journal().await {
        return Ok(complete(pending, journal, true));
    }
    pending.lock = Some(wait_for_lock(&pending).await?);
    // Another tab may have completed it meanwhile.
    if let Some(journal) = pending.usable_journal().await? {
        pending.lock = None;
        return Ok(complete(pending, journal, true));
    }
    match pending.journal().await? {
        Some(journal) if journal.identity.absent && !request.revalidate => Ok(OpenedFile::Absent),
        Some(journal) if pending.is_doubted(&journal) => start(pending, Some(journal.identity)).await,
        Some(journal) if pending.is_worth_keeping(&journal) => resume(pending, journal).await,
        _ => start(pending, None).await,
    }
}

/// Waits for the right to write. Meanwhile another tab's download of the same file is reported as progress.
async fn wait_for_lock(pending: &PendingFile<'_>) -> Result<Box<dyn WriteLock>, SourceError> {
    let context = pending.context;
    let mut lock = context.store.lock(&pending.key);
    let mut watched = None;
    loop {
        let journal = match select_first(&mut lock, context.clock.sleep(WATCH_MS)).await {
            Either::Left(lock) => return lock.map_err(|e| pending.store_error(e)),
            Either::Right(()) => match select_first(&mut lock, pending.journal()).await {
                Either::Left(lock) => return lock.map_err(|e| pending.store_error(e)),
                // What cannot be read now may be readable the next time.
                Either::Right(journal) => journal.ok().flatten(),
            },
        };
        let Some(journal) = journal.filter(|j| !j.identity.absent) else { continue };
        let (stored, total) = (journal.stored_bytes(), journal.identity.len);
        let (meter, before) = watched.get_or_insert_with(|| (ProgressMeter::new(DownloadPhase::Download, 0, total), 0));
        let fresh = stored.saturating_sub(*before);
        *before += fresh;
        if let Some(progress) = meter.add(pending.request.file, fresh, context.clock.now()) {
            (context.report)(progress);
        }
    }
}

/// A file that is stored completely, in this session or in an earlier one.
fn complete(mut pending: PendingFile<'_>, journal: Journal, inherited: bool) -> OpenedFile {
    pending.lock = None;
    let file = pending.into_stored_file(journal);
    let mut state = file.state.borrow_mut();
    state.inherited = inherited;
    (state.sent_whole, state.without_length) = (!inherited, !inherited);
    state.finished = file.integrity.is_none() || state.journal.digest == file.integrity;
    drop(state);
    OpenedFile::Complete(file)
}

/// A file of which at least one piece is still to be fetched.
fn partial(pending: PendingFile<'_>, journal: Journal, transfer: Transfer) -> OpenedFile {
    let file = pending.into_stored_file(journal);
    let mut state = file.state.borrow_mut();
    state.fetching = true;
    state.begun_before = !transfer.fresh;
    state.sent_whole = transfer.mode == TransferMode::Whole;
    state.take(transfer.run.clone());
    drop(state);
    OpenedFile::Partial(file, transfer)
}

/// Continues where an earlier load ended, if the file is still the same version.
async fn resume(pending: PendingFile<'_>, journal: Journal) -> Result<OpenedFile, SourceError> {
    let identity = journal.identity.clone();
    if identity.len == 0 {
        return start(pending, None).await;
    }
    let file = pending.request.file;
    let missing = (0..identity.pieces()).find(|&i| journal.pieces[i as usize].is_none());
    let first = missing.unwrap_or(0);
    let most = if missing.is_some() { pending.context.settings.run_pieces } else { 0 };
    let run = (first..identity.pieces()).take(most as usize);
    let end = run.take_while(|&i| journal.pieces[i as usize].is_none()).last().map_or(first, |last| last + 1);
    let from = identity.location(first).offset;
    let one_byte = end == first || pending.request.probe_only;
    let last = |index: u32| identity.location(index).offset + identity.len_of(index) as u64 - 1;
    let to = if one_byte { from } else { last(end - 1) };
    let request = RangeRequest {
        url: pending.request.url.to_owned(),
        range: (from, to),
        if_range: identity.validator(),
        ..RangeRequest::default()
    };
    let busy = Cell::new(false);
    let interpret = |head: &ResponseHead| match head.status {
        // A host without ranges starts from the beginning; what is stored is then compared with what comes.
        200 => {
            probe(file, head, from, to)?;
            Ok((!identity.is_contradicted_by(head.body_length(), head), TransferMode::Whole))
        }
        status => {
            busy.set(is_busy(status));
            Ok((check_range(file, identity.version(), head, from, to)?, TransferMode::Ranged))
        }
    };
    match pending.send_until(&request, interpret).await {
        Ok((_, (true, _))) if missing.is_none() => Ok(complete(pending, journal, true)),
        Ok((response, (true, mode))) => {
            let run = if mode == TransferMode::Whole { 0..identity.pieces() } else { first..end };
            let response = keep_response(&pending, response).await;
            Ok(partial(pending, journal, Transfer { response, run, mode, fresh: false }))
        }
        Ok((_, (false, _))) => start(pending, None).await,
        // A complete file can be used where the host cannot be asked.
        Err(SourceError::Network { .. }) if missing.is_none() => Ok(complete(pending, journal, true)),
        Err(SourceError::BadResponse { .. }) if missing.is_none() && busy.get() => Ok(complete(pending, journal, true)),
        Err(error) => Err(error),
    }
}

/// The response to continue with; none where the file was only probed.
async fn keep_response(
    pending: &PendingFile<'_>,
    mut response: Box<dyn ResponseStream>,
) -> Option<Box<dyn ResponseStream>> {
    if !pending.request.probe_only {
        return Some(response);
    }
    // A single byte is read to its end, so that the connection can serve the next file.
    let single = response.head().length == Some(1);
    while single && matches!(next_chunk(pending.context, pending.request.file, &mut *response).await, Ok(Some(_))) {}
    None
}

/// Downloads from the start; `doubted` is what was stored before and made no sense.
async fn start(pending: PendingFile<'_>, doubted: Option<FileIdentity>) -> Result<OpenedFile, SourceError> {
    let piece = pending.context.settings.piece_bytes;
    let (response, outcome) = pending.probe().await?;
    let head = response.head().clone();
    // With other validators it is another version, which may be damaged in its turn.
    let doubted_len = doubted.filter(|before| !before.is_contradicted_by(None, &head)).map(|before| before.len);
    let identity = |len| FileIdentity {
        url: pending.request.url.to_owned(),
        len,
        piece,
        etag: head.etag.clone(),
        modified: head.modified.clone(),
        absent: false,
        again: doubted_len == Some(len),
    };
    match outcome {
        ProbeOutcome::Absent => {
            pending.context.store.remove(&pending.key).await.map_err(|e| pending.store_error(e))?;
            Ok(OpenedFile::Absent)
        }
        ProbeOutcome::Ranged(len) | ProbeOutcome::Whole(Some(len)) => {
            let journal = pending.new_journal(identity(len))?;
            if len == 0 {
                pending.storage.reset(&journal.first_line(), 0).await.map_err(|e| pending.store_error(e))?;
                pending.storage.close().await.map_err(|e| pending.store_error(e))?;
                return Ok(complete(pending, journal, false));
            }
            let whole = matches!(outcome, ProbeOutcome::Whole(_));
            let (end, mode) =
                if whole { (journal.identity.pieces(), TransferMode::Whole) } else { (1, TransferMode::Ranged) };
            let response = keep_response(&pending, response).await;
            Ok(partial(pending, journal, Transfer { response, run: 0..end, mode, fresh: true }))
        }
        ProbeOutcome::Whole(None) | ProbeOutcome::LengthHidden => {
            let unknown = UnknownLength { identity: identity(0), doubted_len };
            let journal = store_unknown_length(&pending, response, unknown).await?;
            Ok(complete(pending, journal, false))
        }
    }
}
