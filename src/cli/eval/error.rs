//! Why a collection could not be evaluated.

use std::io;
use std::path::{Path, PathBuf};

use crate::api::RequestError;
use crate::engine;

/// Why `eval` failed.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A file of the collection, or a folder for results, could not be read.
    #[error("{} could not be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is not of the documented form.
    #[error("{}, line {line}: {fault}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// A file without a line.
    #[error("{} holds no {what}; see secondpass eval --help for the format", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What was expected.
        what: &'static str,
    },
    /// Pictures for a model that reads text.
    #[error(
        "line {line} of {} has a picture, and {model} reads text only, or was loaded without its vision tower (--vision, --embedder-vision)",
        path.display()
    )]
    TextOnlyModel {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The model.
        model: String,
    },
    /// More dimensions than the embedder's vectors have.
    #[error("--dimensions is {wanted}; the embedder's vectors have {most}")]
    Dimensions {
        /// What was asked for.
        wanted: usize,
        /// What there is.
        most: usize,
    },
    /// A model could read nothing at all.
    #[error("none of the {what} could be computed; the first failed with: {why}")]
    NothingComputed {
        /// Vectors or scores.
        what: &'static str,
        /// The first error.
        why: String,
    },
    /// A result could not be written.
    #[error("{} could not be written: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process appends to the same state.
    #[error("{} is in use by another secondpass eval; wait for it, or give another folder as --state", path.display())]
    StateInUse {
        /// The file.
        path: PathBuf,
    },
    /// An id that a TREC run cannot hold.
    #[error("the id {id:?} has white space in it, which separates the columns of a TREC run; give no --run-out")]
    IdNotForRuns {
        /// The id.
        id: String,
    },
}

impl EvalError {
    /// A line that is not as it should be.
    pub fn line(path: &Path, line: usize, fault: LineFault) -> Self {
        Self::Line { path: path.to_owned(), line, fault }
    }

    /// A file that could not be read.
    pub fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    /// A file that could not be written.
    pub fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Longer than any real one.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// The most that is read.
        limit: usize,
    },
    /// Not text.
    #[error("it is not UTF-8; a compressed file has to be unpacked first")]
    NotUtf8,
    /// Not an object of the documented form.
    #[error("{0}; a line is an object with _id, text, and optionally title and image")]
    Json(String),
    /// No id, or an empty one.
    #[error("_id is missing or empty")]
    NoId,
    /// An id for the second time.
    #[error("the id {0:?} was there before")]
    DuplicateId(String),
    /// Nothing to read.
    #[error("it has neither text nor title nor image")]
    NoContent,
    /// More text than any model reads.
    #[error("its text is longer than {limit} bytes")]
    LongText {
        /// The most that is read.
        limit: usize,
    },
    /// More pictures than any model reads.
    #[error("it has more than {limit} pictures")]
    ManyPictures {
        /// The most that are read.
        limit: usize,
    },
    /// Another number of columns.
    #[error("it has {found} columns; {expected}")]
    Columns {
        /// How many there are.
        found: usize,
        /// What there should be.
        expected: &'static str,
    },
    /// A relevance that is no number.
    #[error("the relevance {0:?} is not a whole number")]
    Grade(String),
    /// A score that is no number.
    #[error("the score {0:?} is not a finite number")]
    Score(String),
    /// An id that the queries do not have.
    #[error("the query {0:?} is not in the file of queries")]
    UnknownQuery(String),
    /// An id that the corpus does not have.
    #[error("the document {0:?} is not in the corpus, so that no model can read it")]
    UnknownDocument(String),
    /// Two different grades.
    #[error("the document {document:?} was judged otherwise before, for the query {query:?}")]
    Contradiction {
        /// The query.
        query: String,
        /// The document.
        document: String,
    },
    /// A document for the second time.
    #[error("the document {document:?} was found before, for the query {query:?}")]
    DuplicateResult {
        /// The query.
        query: String,
        /// The document.
        document: String,
    },
}

/// Whether an error is of one text or picture, rather than of the model or its device.
pub fn is_of_input(error: &engine::Error) -> bool {
    match error {
        engine::Error::Request(error) => !matches!(error, RequestError::ScoreNotANumber { .. }),
        engine::Error::Media { .. } | engine::Error::Prompt(_) => !error.is_abort(),
        _ => false,
    }
}
