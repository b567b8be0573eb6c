//! When a load is begun again, because a file turned out to be another one than was announced.

use crate::bytes::SourceError;

/// A host may announce too short a length more than once, but what it sends again in the same way is what it has.
const MAX_FOR_FILE: usize = 2;
const MAX_FOR_LOAD: usize = 8;

/// Over which files a load was begun again so far, with the hashes of what had come, where those were the reason.
#[derive(Debug, Clone, Default)]
pub struct Restarts(Vec<(String, Option<String>)>);

impl Restarts {
    /// Whether the load may begin again over a file, of which something with this hash has come.
    pub(super) fn permit(&self, file: &str, got: Option<&str>) -> bool {
        let earlier: Vec<_> = self.0.iter().filter(|(name, _)| name == file).collect();
        let is_new = earlier.iter().all(|(_, before)| before.as_deref() != got);
        is_new && earlier.len() < MAX_FOR_FILE && self.0.len() < MAX_FOR_LOAD
    }

    /// Notes that the load begins again; false if it has to end with this error.
    pub fn begin_again(&mut self, error: &SourceError) -> bool {
        let SourceError::Changed { file, got } = error else { return false };
        let permitted = self.permit(file, got.as_deref());
        if permitted {
            self.0.push((file.clone(), got.clone()));
        }
        permitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gets_two_more_chances_while_other_bytes_come() {
        let changed =
            |file: &str, got: Option<&str>| SourceError::Changed { file: file.to_owned(), got: got.map(str::to_owned) };
        let mut restarts = Restarts::default();
        assert!(restarts.begin_again(&changed("a", Some("1"))));
        assert!(!restarts.begin_again(&changed("a", Some("1"))), "the same again is what the host has");
        assert!(restarts.begin_again(&changed("a", Some("2"))));
        assert!(!restarts.begin_again(&changed("a", Some("3"))), "twice is enough");
        assert!(restarts.begin_again(&changed("b", None)), "other files have their own");
        assert!(!restarts.begin_again(&changed("b", None)));
        assert!(!restarts.begin_again(&SourceError::Aborted));
        let many = (0..20).filter(|i| restarts.begin_again(&changed(&format!("part {i}"), None))).count();
        assert_eq!(many, MAX_FOR_LOAD - 3);
    }
}
