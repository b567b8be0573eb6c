//! `secondpass embed`

use super::error::CliError;
use super::prompt_args::PromptArgs;
use super::run_args::{RunArgs, watch};
use crate::EmbedRequest;
use crate::engine::{Embedder, Error, Observer, RequestOptions};

const EXAMPLES: &str = r#"Examples:
  echo '{"input": ["Beijing is the capital of China.", "Gravity attracts bodies."], "input_type": "document"}' > request.json
  secondpass embed --model all-MiniLM-L6-v2 --request request.json
  echo '{"input": "capital of China", "input_type": "query", "dimensions": 256}' | secondpass embed --model Qwen3-Embedding-0.6B --request -
  secondpass embed --model e5-base-v2 --query-prompt 'query: ' --document-prompt 'passage: ' --request request.json

The request is the body of a /v1/embeddings call: input (a text or a list), and optionally input_type (query or
document), instruction, dimensions, encoding_format (float, base64, int8, binary, ubinary), max_length. A vision model
also takes pictures and videos, as in secondpass rerank --help:
  {"input": [{"image": "cat.jpg"}, {"text": "A dog.", "image": "a.png"}]}

Pooling, norm and the words before a text are read from the model's files."#;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct EmbedArgs {
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    prompts: PromptArgs,
}

pub async fn run(args: EmbedArgs) -> Result<(), CliError> {
    let (args, prompts) = (args.run, args.prompts.given());
    let request = EmbedRequest::from_json(&args.read_request()?).map_err(Error::from)?;
    let (options, model) = (args.load_options().await?, args.model_path()?);
    let (on_progress, now) = watch();
    let observer = Observer { on_progress: &on_progress, now: &now, ..Observer::silent() };
    let embedder = Embedder::load_from(&model.location(), options, prompts, &observer).await?;
    let strict = RequestOptions { strict: args.strict };
    let response = embedder.embed_with(&request, &args.pictures(), strict, &|_, _| {}, &observer).await?;
    println!("{}", serde_json::to_string(&response).map_err(CliError::WriteResponse)?);
    Ok(())
}
