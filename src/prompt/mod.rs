//! From the text of a request to token ids, exactly as the reference writes and splits its prompt.

mod error;
mod prompter;
mod template;
mod tokenizer;

pub use error::PromptError;
pub use prompter::{Encoded, Limits, Prompter};
pub use template::{Family, Side, Visual};
pub use tokenizer::{Tokenizer, Vocabulary};
