//! When to try again, and when to give up.

use super::answer::{Fault, wrong};
use super::ports::Clock;
use super::settings::Settings;
use crate::bytes::WeightsError;

/// The failures of one piece of work, in a row.
pub struct Tries<'a> {
    settings: &'a Settings,
    most: u32,
    failures: u32,
    wrong: u32,
}

impl<'a> Tries<'a> {
    pub fn new(settings: &'a Settings, most: u32) -> Self {
        Self { settings, most, failures: 0, wrong: 0 }
    }

    /// Something came before it failed: the host is there, and the count starts again.
    pub fn progress(&mut self) {
        self.failures = 0;
    }

    /// Waits before the next try, or says why there is none.
    pub async fn after(&mut self, file: &str, fault: Fault, clock: &dyn Clock) -> Result<(), WeightsError> {
        self.failures += 1;
        let mut wait = self.settings.wait_ms(self.failures, clock.random());
        match fault {
            Fault::Final(error) => return Err(error),
            Fault::Wrong(detail) => {
                self.wrong += 1;
                if self.wrong >= self.settings.wrong_tries {
                    return Err(wrong(file, &detail));
                }
            }
            Fault::Passing(detail, asked) => {
                let asked = asked.unwrap_or(0.0) * 1000.0;
                let too_long = asked > self.settings.max_retry_after_ms;
                if self.failures >= self.most || too_long {
                    return Err(given_up(file, &detail, self.failures, too_long.then_some(asked)));
                }
                wait = wait.max(asked);
            }
        }
        clock.sleep(wait).await;
        Ok(())
    }
}

/// A status is the host's answer; anything else is the connection's.
fn given_up(file: &str, detail: &str, failures: u32, asked: Option<f64>) -> WeightsError {
    let times = if failures > 1 { format!(" ({failures} times)") } else { String::new() };
    let later = asked.map(|ms| format!("; it asks to come back in {} seconds", ms / 1000.0)).unwrap_or_default();
    let detail = format!("{detail}{times}{later}");
    if detail.starts_with("the server") {
        return wrong(file, &detail);
    }
    WeightsError::Network { file: file.to_owned(), detail }
}
