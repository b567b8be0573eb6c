//! When to try a request again, and when to give up.

use serde::Deserialize;

use super::clock::Clock;
use super::response::{RequestFault, TransientCause};
use crate::bytes::SourceError;

/// How often, and after which waits, a failed request is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RetryPolicy {
    /// Failures in a row, without progress between them, that end a download. With the waits between them this
    /// outlasts an interruption of half a minute.
    pub tries: u32,
    /// The same before anything has arrived: a host that never answers should not be waited for long.
    pub first_tries: u32,
    /// The same for a host that answers wrongly, which seldom passes.
    pub wrong_tries: u32,
    /// The wait after the first failure, in milliseconds; it doubles with each.
    pub retry_ms: f64,
    /// The longest wait.
    pub max_retry_ms: f64,
    /// The longest `Retry-After` that is waited for. A longer one is reported to the caller instead.
    pub max_retry_after_ms: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 8,
            first_tries: 3,
            wrong_tries: 3,
            retry_ms: 300.0,
            max_retry_ms: 10_000.0,
            max_retry_after_ms: 60_000.0,
        }
    }
}

impl RetryPolicy {
    /// Clamped to what makes sense: the numbers come from a page.
    pub fn checked(self) -> Self {
        Self {
            tries: self.tries.max(1),
            first_tries: self.first_tries.max(1),
            wrong_tries: self.wrong_tries.max(1),
            ..self
        }
    }

    /// Milliseconds before try number `failures + 1`: exponential backoff with up to half of it taken off at random,
    /// so that pages that lost the same host do not come back together.
    pub fn backoff_ms(&self, failures: u32, random: f64) -> f64 {
        let full = (self.retry_ms * 2f64.powi(failures.saturating_sub(1).min(30) as i32)).min(self.max_retry_ms);
        full * (1.0 - random.clamp(0.0, 1.0) / 2.0)
    }
}

/// Counts the failures in a row of one piece of work.
pub(crate) struct Retries<'a> {
    policy: &'a RetryPolicy,
    limit: u32,
    failures: u32,
    malformed: u32,
}

impl<'a> Retries<'a> {
    pub fn new(policy: &'a RetryPolicy, limit: u32) -> Self {
        Self { policy, limit, failures: 0, malformed: 0 }
    }

    /// Something arrived before the failure: the host is there, and the count starts again.
    pub fn progress(&mut self) {
        self.failures = 0;
    }

    /// Waits before the next try, or gives the error if there is none.
    pub async fn wait(&mut self, file: &str, fault: RequestFault, clock: &dyn Clock) -> Result<(), SourceError> {
        self.failures += 1;
        let mut wait = self.policy.backoff_ms(self.failures, clock.random());
        match fault {
            RequestFault::Fatal(error) => return Err(error),
            RequestFault::Malformed(detail) => {
                self.malformed += 1;
                if self.malformed >= self.policy.wrong_tries {
                    return Err(SourceError::bad_response(file, detail));
                }
            }
            RequestFault::Transient { cause, retry_after } => {
                let asked = retry_after.unwrap_or(0.0) * 1000.0;
                let too_long = asked > self.policy.max_retry_after_ms;
                if self.failures >= self.limit || too_long {
                    return Err(given_up(file, &cause, self.failures, retry_after.filter(|_| too_long)));
                }
                wait = wait.max(asked);
            }
        }
        clock.sleep(wait).await;
        Ok(())
    }
}

/// A status is the host's answer; anything else is the connection's fault.
fn given_up(file: &str, cause: &TransientCause, failures: u32, retry_after: Option<f64>) -> SourceError {
    let times = if failures > 1 { format!(" ({failures} times)") } else { String::new() };
    let later = retry_after.map(|s| format!("; it asks to come back in {s} seconds")).unwrap_or_default();
    let detail = format!("{cause}{times}{later}");
    match cause {
        TransientCause::Status(_) => SourceError::bad_response(file, detail),
        TransientCause::Connection(_) => SourceError::Network { file: file.to_owned(), detail },
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::ready;

    use super::*;
    use crate::bytes::LocalBoxFuture;

    #[derive(Default)]
    struct RecordedWait(Cell<f64>);

    impl Clock for RecordedWait {
        fn now(&self) -> f64 {
            0.0
        }

        fn sleep(&self, ms: f64) -> LocalBoxFuture<'static, ()> {
            self.0.set(ms);
            Box::pin(ready(()))
        }

        fn random(&self) -> f64 {
            0.0
        }
    }

    #[test]
    fn the_error_is_of_the_kind_of_the_last_failure() {
        let (policy, clock) = (RetryPolicy::default(), RecordedWait::default());
        let mut retries = Retries::new(&policy, 2);
        // A detail that reads like an answer of the server is still the connection's.
        let cut = || RequestFault::connection("the server went away");
        assert_eq!(pollster::block_on(retries.wait("f", cut(), &clock)), Ok(()));
        assert_eq!(clock.0.get(), policy.retry_ms);
        let error = pollster::block_on(retries.wait("f", cut(), &clock)).expect_err("two failures");
        assert_eq!(error.code(), "network");
        retries.progress();
        let busy = |after| RequestFault::Transient { cause: TransientCause::Status(503), retry_after: Some(after) };
        assert_eq!(pollster::block_on(retries.wait("f", busy(5.0), &clock)), Ok(()));
        assert_eq!(clock.0.get(), 5000.0);
        let error = pollster::block_on(retries.wait("f", busy(3600.0), &clock)).expect_err("too long");
        assert!(error.code() == "bad_response" && error.to_string().contains("come back in 3600 seconds"), "{error}");
    }
}
