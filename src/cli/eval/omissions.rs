//! What a stage could not read, or not wholly.

use super::error::{EvalError, is_of_input};
use crate::api::FailedDocument;
use crate::engine;

/// What a stage could not read, or not wholly.
#[derive(Default)]
pub struct Omissions {
    failed: usize,
    first_failure: Option<String>,
    warned: usize,
    first_warning: Option<String>,
}

impl Omissions {
    /// Notes what the texts of a request lack, and gives how many have no result: those that `read` says, which is what the
    /// response reports as failed and its warnings, or all if the request failed for its texts alone. `lines` are those of
    /// the texts, which messages name instead of a place in the request.
    pub fn note(
        &mut self,
        read: Result<(Vec<FailedDocument>, Vec<String>), engine::Error>,
        lines: &[usize],
        strict: bool,
    ) -> Result<usize, engine::Error> {
        let failed = match read {
            Ok((failed, warnings)) => {
                // Those of texts are of texts that were too long; others are the model's own.
                let mut of_texts = warnings.iter().filter_map(|warning| at_line(warning, lines)).peekable();
                self.first_warning = self.first_warning.take().or_else(|| of_texts.peek().cloned());
                self.warned += of_texts.count();
                self.note_failure(failed.first().map(|failed| by_line(&failed.message, lines)));
                failed.len()
            }
            Err(error) if is_of_input(&error) && !strict => {
                self.note_failure(Some(by_line(&error.to_string(), lines)));
                lines.len()
            }
            Err(error) => return Err(error),
        };
        self.failed += failed;
        Ok(failed)
    }

    fn note_failure(&mut self, message: Option<String>) {
        self.first_failure = self.first_failure.take().or(message);
    }

    /// How many inputs have no result.
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// An error, if there is nothing but failures.
    pub fn check(&self, what: &'static str, any: bool) -> Result<(), EvalError> {
        match &self.first_failure {
            Some(why) if !any => Err(EvalError::NothingComputed { what, why: why.clone() }),
            _ => Ok(()),
        }
    }

    /// A sentence for each kind.
    pub fn sentences(&self, stage: &str) -> Vec<String> {
        let failed = self.first_failure.as_ref().map(|first| (self.failed, "have no result there", first));
        let warned = self.first_warning.as_ref().map(|first| (self.warned, "were not read to their end", first));
        let sentence =
            |(count, what, first): (usize, &str, &String)| format!("{stage}: {count} texts {what}; the first: {first}");
        [failed, warned].into_iter().flatten().map(sentence).collect()
    }
}

/// A message with `input[3]` or `documents[3]` by the line of the collection that it stands for; none if it names neither.
fn at_line(message: &str, lines: &[usize]) -> Option<String> {
    ["input[", "documents["].iter().find_map(|name| {
        let start = message.find(name)?;
        let (number, _) = message[start + name.len()..].split_once(']')?;
        let line = lines.get(number.parse::<usize>().ok()?)?;
        Some(message.replacen(&format!("{name}{number}]"), &format!("line {line}"), 1))
    })
}

fn by_line(message: &str, lines: &[usize]) -> String {
    at_line(message, lines).unwrap_or_else(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_lines() {
        assert_eq!(by_line("input[1] was too long", &[4, 9]), "line 9 was too long");
        assert_eq!(by_line("documents[0]: damaged (input)", &[4]), "line 4: damaged (input)");
        for message in ["input[7] of another request", "input[a]", "out of memory"] {
            assert_eq!(by_line(message, &[4]), message);
        }
    }
}
