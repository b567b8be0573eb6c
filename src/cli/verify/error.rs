//! Why results could not be compared, or differ.

use std::io;
use std::path::PathBuf;

use crate::bytes::SourceError;
use crate::engine;
use crate::media::MediaError;
use crate::prompt::PromptError;

/// Why `verify` failed.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The golden file at a URL could not be fetched.
    #[error(transparent)]
    FetchGoldens(SourceError),
    /// The golden file could not be read.
    #[error("{} could not be read: {source}", path.display())]
    ReadGoldens {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The golden file is too large.
    #[error("{} has {len} bytes, at most {limit} are read; is it a golden file?", path.display())]
    GoldensTooLarge {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        len: u64,
        /// The most that is read.
        limit: u64,
    },
    /// The golden file is not JSON of the documented form.
    #[error("{}: {source}; see secondpass verify --help for the format", path.display())]
    ParseGoldens {
        /// The file.
        path: PathBuf,
        /// Where it differs from the format.
        source: serde_json::Error,
    },
    /// `--as` names a checkpoint that is not in the catalogue.
    #[error("the catalogue has no \"{name}\"; published scores are known of {known}")]
    UnknownCheckpoint {
        /// The name.
        name: String,
        /// Those with published scores.
        known: String,
    },
    /// There are no cases.
    #[error(
        "no published results of this model are known; name its checkpoint (--as cross-encoder/ms-marco-MiniLM-L6-v2), or give a golden file (--goldens FILE). Of encoders scores are known, but no token ids"
    )]
    NothingToCompare,
    /// Not all cases agree.
    #[error("{}", describe_failures(*total, *different, *not_run))]
    Failures {
        /// How many cases there are.
        total: usize,
        /// How many of them gave something else.
        different: usize,
        /// How many of them could not be run.
        not_run: usize,
    },
}

fn describe_failures(total: usize, different: usize, not_run: usize) -> String {
    match (different, not_run) {
        (0, _) => format!("{not_run} of {total} cases could not be run; the other {} agree", total - not_run),
        (_, 0) => format!("{different} of {total} cases differ"),
        _ => format!("{different} of {total} cases differ, and {not_run} could not be run"),
    }
}

/// Why a case could not be run.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A picture for a text model.
    #[error("the model reads text only")]
    TextOnly,
    /// A picture for a vision model that was given without its tower.
    #[error("its vision tower is missing; give the mmproj file with --vision")]
    NoVisionTower,
    /// The picture.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The prompt.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The score.
    #[error(transparent)]
    Engine(#[from] engine::Error),
}
