//! `secondpass rerank`

use super::error::CliError;
use super::run_args::{RunArgs, watch};
use crate::RerankRequest;
use crate::engine::{Engine, Error, Observer, RequestOptions};

const EXAMPLES: &str = r#"Examples:
  echo '{"query": "capital of China", "documents": ["Beijing", "Paris"]}' > request.json
  secondpass rerank --model Qwen3-Reranker-0.6B --request request.json
  echo '{"query": "capital of China", "documents": ["Beijing", "Paris"], "top_n": 1}' | secondpass rerank --model Qwen3-Reranker-0.6B --request -
  secondpass rerank --model models/Qwen3-Reranker-0.6B-Q8_0.gguf --request request.json

The request is the body of a /v1/rerank call: query, documents, and optionally instruction, top_n,
return_documents, max_tokens_per_doc, max_length, fps, max_frames. A vision model also takes pictures and videos,
as paths relative to the request's file or as URLs:
  {"query": "a cat", "documents": [{"image": "cat.jpg"}, {"text": "A dog.", "image": ["a.png", "b.png"]},
                                   {"video": {"frames": ["1.png", "2.png"], "timestamps": [0.0, 0.5]}}]}

See secondpass --help for how to download a model, and secondpass convert --help for the GGUF files."#;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RerankArgs {
    #[command(flatten)]
    run: RunArgs,
}

pub async fn run(RerankArgs { run: args }: RerankArgs) -> Result<(), CliError> {
    let request = RerankRequest::from_json(&args.read_request()?).map_err(Error::from)?;
    let (options, model) = (args.load_options().await?, args.model_path()?);
    let (on_progress, now) = watch();
    let observer = Observer { on_progress: &on_progress, now: &now, ..Observer::silent() };
    let engine = Engine::load_from(&model.location(), options, &observer).await?;
    let strict = RequestOptions { strict: args.strict };
    let response = engine.rerank_with(&request, &args.pictures(), strict, &observer).await?;
    println!("{}", serde_json::to_string_pretty(&response).map_err(CliError::WriteResponse)?);
    Ok(())
}
