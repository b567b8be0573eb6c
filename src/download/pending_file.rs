//! A file while it is being opened.

use std::rc::Rc;

use super::context::DownloadContext;
use super::integrity::Integrity;
use super::journal::{FileIdentity, Journal, Revalidation};
use super::piece_storage::PieceStorage;
use super::request::send_until;
use super::restarts::Restarts;
use super::store::{StoreError, WriteLock};
use super::stored_file::{FileNames, StoredFile};
use super::transport::{RangeRequest, ResponseStream};
use crate::bytes::SourceError;
use crate::bytes::http::{EVERYTHING, ProbeOutcome, RequestFault, ResponseHead, probe};

/// A file to open.
#[derive(Debug, Clone, Copy)]
pub struct FileRequest<'a> {
    /// Where it is.
    pub url: &'a str,
    /// The name used in messages.
    pub file: &'a str,
    /// Its hash, if it is known.
    pub integrity: Option<Integrity>,
    /// Ask the host whether a complete stored file is still the current version.
    pub revalidate: bool,
    /// Only find out whether the file exists and how long it is. No response is kept open, as those of a model of many
    /// files would take all connections that a browser has for a host.
    pub probe_only: bool,
    /// How often the load was begun again: [`SourceError::Changed`] asks the caller to do so.
    pub restarts: &'a Restarts,
}

pub(super) struct PendingFile<'a> {
    pub context: &'a Rc<DownloadContext>,
    pub request: FileRequest<'a>,
    pub storage: PieceStorage,
    pub key: String,
    pub lock: Option<Box<dyn WriteLock>>,
}

impl PendingFile<'_> {
    pub fn store_error(&self, error: StoreError) -> SourceError {
        error.for_file(self.request.file)
    }

    /// The stored journal.
    pub async fn journal(&self) -> Result<Option<Journal>, SourceError> {
        let bytes = match self.lock {
            Some(_) => self.storage.journal_or_memory().await,
            None => self.storage.journal().await,
        };
        let bytes = bytes.map_err(|e| self.store_error(e))?;
        Ok(Journal::parse(&bytes).filter(|journal| journal.identity.url == self.request.url))
    }

    /// A complete stored file that may be used without a request.
    pub async fn usable_journal(&self) -> Result<Option<Journal>, SourceError> {
        let journal = self.journal().await?;
        Ok(journal.filter(|journal| {
            let current = journal.revalidation == Revalidation::None && !self.request.revalidate;
            current && journal.complete() && self.is_worth_keeping(journal)
        }))
    }

    /// What is stored may be a part of what is asked for, and it can be found out whether it is.
    pub fn is_worth_keeping(&self, journal: &Journal) -> bool {
        let differs = |want: Integrity| journal.digest.is_some_and(|digest| digest != want);
        let verifiable = journal.complete() || journal.identity.has_validator() || self.request.integrity.is_some();
        !journal.identity.absent && verifiable && !self.request.integrity.is_some_and(differs)
    }

    /// A load failed over its content, and no hash proves that it is what the host has. It is fetched again, but only
    /// once from a host that has nothing else.
    pub fn is_doubted(&self, journal: &Journal) -> bool {
        let proven = journal.digest.is_some() && journal.digest == self.request.integrity;
        journal.revalidation == Revalidation::Refetch && !journal.identity.absent && !journal.identity.again && !proven
    }

    /// Sends a first request until `interpret` understands the response.
    pub async fn send_until<T>(
        &self,
        request: &RangeRequest,
        interpret: impl FnMut(&ResponseHead) -> Result<T, RequestFault>,
    ) -> Result<(Box<dyn ResponseStream>, T), SourceError> {
        send_until(self.context, self.request.file, request, interpret).await
    }

    /// The first response about a file of which nothing is known.
    pub async fn probe(&self) -> Result<(Box<dyn ResponseStream>, ProbeOutcome), SourceError> {
        let last = if self.request.probe_only { 0 } else { u64::from(self.context.settings.piece_bytes) - 1 };
        let mut request =
            RangeRequest { url: self.request.url.to_owned(), range: (0, last), ..RangeRequest::default() };
        let (response, outcome) = self.send_until(&request, |head| probe(self.request.file, head, 0, last)).await?;
        if outcome != ProbeOutcome::LengthHidden {
            return Ok((response, outcome));
        }
        request.range = EVERYTHING;
        self.send_until(&request, |head| probe(self.request.file, head, 0, u64::MAX)).await
    }

    /// An empty journal. The length is the host's word: it is checked before anything is allocated for it.
    pub fn new_journal(&self, identity: FileIdentity) -> Result<Journal, SourceError> {
        if !identity.is_storable() {
            let detail = format!("it is too large: {} bytes", identity.len);
            return Err(SourceError::bad_response(self.request.file, detail));
        }
        Ok(Journal::new(identity))
    }

    pub fn into_stored_file(self, journal: Journal) -> Rc<StoredFile> {
        let names = FileNames { name: self.request.file, url: self.request.url, key: &self.key };
        let FileRequest { integrity, restarts, .. } = self.request;
        StoredFile::new(self.context, names, self.storage, journal, self.lock, integrity, restarts.clone())
    }
}
