//! A host that does not say how long a file is. Nobody can read it before all of it is here, and an interruption means
//! to begin again.

use super::answer::{self, Fault};
use super::fetch::{EVERYTHING, next};
use super::journal::{Event, Identity, Journal, checksum};
use super::meter::{Meter, Phase};
use super::open::Opening;
use super::ports::{Answer, Ask, StoreError};
use super::tries::Tries;
use crate::bytes::WeightsError;

/// What is known before it comes.
pub(super) struct Unmeasured {
    pub identity: Identity,
    /// The length of what came before and made no sense.
    pub doubted: Option<u64>,
}

impl Opening<'_> {
    /// Stores the whole file.
    pub(super) async fn unmeasured(&self, answer: Box<dyn Answer>, of: Unmeasured) -> Result<Journal, WeightsError> {
        let mut given = Some(answer);
        let mut tries = Tries::new(&self.world.settings, self.world.settings.tries);
        let meter = Meter::unmeasured(Phase::Download);
        let ask = Ask { url: self.wanted.url.to_owned(), range: EVERYTHING, ..Ask::default() };
        loop {
            let answer = match given.take() {
                Some(answer) => answer,
                None => self.ask(&ask, |head| answer::first(self.wanted.file, head, 0, u64::MAX)).await?.0,
            };
            match self.unmeasured_try(answer, &of, &meter).await {
                Ok(journal) => return Ok(journal),
                Err(fault) => tries.after(self.wanted.file, fault, &*self.world.clock).await?,
            }
            meter.lose(u64::MAX);
        }
    }

    async fn unmeasured_try(
        &self,
        mut answer: Box<dyn Answer>,
        of: &Unmeasured,
        meter: &Meter,
    ) -> Result<Journal, Fault> {
        let failed = |e| Fault::Final(self.failed(e));
        self.entry.reset(&[], 0).await.map_err(failed)?;
        let free = self.world.store.free().await;
        let (mut identity, mut part, mut checks) = (of.identity.clone(), Vec::new(), Vec::new());
        let mut arrived = 0;
        loop {
            let bytes = next(self.world, self.wanted.file, &mut *answer).await?;
            let ended = bytes.is_none();
            let bytes = bytes.unwrap_or_default();
            identity.len += bytes.len() as u64;
            if free.is_some_and(|free| identity.len > free) {
                return Err(self.no_room(identity.len).await);
            }
            // The last bytes are told of by whoever knows that they were the last.
            if let Some(step) = meter.add(self.wanted.file, arrived, self.world.clock.now()).filter(|_| !ended) {
                (self.world.report)(step);
            }
            arrived = bytes.len() as u64;
            part.extend(bytes);
            while part.len() >= identity.piece as usize || (ended && !part.is_empty()) {
                let rest = part.split_off(part.len().min(identity.piece as usize));
                match self.entry.put(identity.place(checks.len() as u32), &part).await {
                    Err(StoreError::Full) => return Err(self.no_room(identity.len).await),
                    put => put.map_err(failed)?,
                }
                checks.push(checksum(&part));
                part = rest;
            }
            if ended {
                break;
            }
        }
        identity.again = of.doubted == Some(identity.len);
        let mut journal = self.sized(identity).map_err(Fault::Final)?;
        let mut lines = journal.first_line();
        for (index, check) in checks.into_iter().enumerate() {
            let event = Event::Piece(index as u32, check);
            lines.extend(event.line());
            journal.apply(event);
        }
        self.entry.append(&lines).await.map_err(failed)?;
        self.entry.close().await.map_err(failed)?;
        Ok(journal)
    }

    /// Makes room again for others. So many bytes are needed at least.
    async fn no_room(&self, needed: u64) -> Fault {
        // The failure that follows says more than one of storage could.
        let _ = self.entry.reset(&[], 0).await;
        let _ = self.entry.close().await;
        let free = self.world.store.free().await.filter(|&free| free < needed);
        Fault::Final(WeightsError::StorageFull { file: self.wanted.file.to_owned(), needed: Some(needed), free })
    }
}
