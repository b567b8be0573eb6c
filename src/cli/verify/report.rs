//! The comparison of one case, and the table of all of them.

use std::fmt::Write as _;

use super::error::{CaseError, VerifyError};

/// A case and how it went.
pub struct CaseOutcome {
    pub title: String,
    pub result: Result<CaseComparison, CaseError>,
}

/// What was computed for a case, beside what was published.
pub struct CaseComparison {
    pub tokens: usize,
    /// None where no number was published.
    pub expected_tokens: Option<usize>,
    /// Whether the token ids are the same; none where no hash was published.
    pub same_ids: Option<bool>,
    /// None where no score was published, or none computed.
    pub score: Option<ScoreComparison>,
}

/// A score beside the published one.
pub struct ScoreComparison {
    pub score: f64,
    pub expected: f64,
    pub tolerance: f64,
}

impl ScoreComparison {
    fn difference(&self) -> f64 {
        (self.score - self.expected).abs()
    }
}

impl CaseComparison {
    fn agrees(&self) -> bool {
        let score_agrees = self.score.as_ref().is_none_or(|score| score.difference() <= score.tolerance);
        let tokens_agree = self.expected_tokens.is_none_or(|expected| expected == self.tokens);
        tokens_agree && self.same_ids != Some(false) && score_agrees
    }
}

/// One sentence if every case agrees.
pub fn verdict(outcomes: &[CaseOutcome]) -> Result<String, VerifyError> {
    if outcomes.is_empty() {
        return Err(VerifyError::NothingToCompare);
    }
    let total = outcomes.len();
    let compared: Vec<&CaseComparison> = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok()).collect();
    let not_run = total - compared.len();
    let different = compared.iter().filter(|comparison| !comparison.agrees()).count();
    if different + not_run > 0 {
        return Err(VerifyError::Failures { total, different, not_run });
    }
    let scored = compared.iter().filter(|comparison| comparison.score.is_some()).count();
    Ok(format!("All {total} cases agree; {scored} of them were scored."))
}

/// One line per case.
pub fn table(outcomes: &[CaseOutcome]) -> String {
    let mut out =
        format!("{:<52} {:>11} {:>5} {:>10} {:>10} {:>9}\n", "case", "tokens", "ids", "score", "published", "off by");
    for CaseOutcome { title, result } in outcomes {
        let row = match result {
            Ok(comparison) => row(comparison),
            Err(why) => format!("  not run: {why}"),
        };
        let _ = writeln!(out, "{title:<52} {row}");
    }
    out
}

fn row(comparison: &CaseComparison) -> String {
    let ids = match comparison.same_ids {
        None => "",
        Some(true) => "same",
        Some(false) => "DIFF",
    };
    let tokens = match comparison.expected_tokens {
        Some(expected) if expected != comparison.tokens => format!("{} for {expected}", comparison.tokens),
        _ => comparison.tokens.to_string(),
    };
    let score = comparison.score.as_ref().map_or_else(String::new, |score| {
        format!("{:>10.6} {:>10.6} {:>9.1e}", score.score, score.expected, score.difference())
    });
    let mark = if comparison.agrees() { "" } else { "  <- differs" };
    format!("{tokens:>11} {ids:>5} {score}{mark}")
}
