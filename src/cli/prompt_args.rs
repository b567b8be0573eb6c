//! The words before a text, where the files of an embedding model do not give them.

use crate::prompt::PublishedPrompts;

/// The words before a text, where the files of an embedding model do not give them.
#[derive(clap::Args)]
pub struct PromptArgs {
    /// Words before each query, if the model's files do not give them
    #[arg(long, value_name = "TEXT")]
    query_prompt: Option<String>,
    /// Words before each document, if the model's files do not give them
    #[arg(long, value_name = "TEXT")]
    document_prompt: Option<String>,
}

impl PromptArgs {
    /// The words, if any were given.
    pub fn given(&self) -> Option<PublishedPrompts> {
        let given = self.query_prompt.is_some() || self.document_prompt.is_some();
        given.then(|| PublishedPrompts {
            query: self.query_prompt.clone(),
            document: self.document_prompt.clone(),
            default: None,
        })
    }
}
