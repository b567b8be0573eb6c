//! `secondpass verify`

mod cases;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use self::cases::Case;
use super::model::Places;
use super::pictures::FilePictures;
use crate::RerankRequest;
use crate::api::ImageRef;
use crate::engine::{Engine, LoadOptions, Observer, Opened, PictureSource};
use crate::media::{DecodeOptions, SizeLimits, smart_resize};
use crate::model::{Precision, VisionConfig};
use crate::prompt::{Limits, Prompter, Side, Visual};

const EXAMPLES: &str =
    "Runs published results of the real models: token ids, token counts, scores. A few short ones are carried
along. More are read from a file that you bring, with its pictures in a folder images/ beside it:
  {\"text\":  [{\"instruction\", \"query\", \"document\", \"n_tokens\", \"ids_sha256\", \"score\"}],
   \"image\": [{\"instruction\", \"query\", \"image\", \"n_tokens\", \"score\"}]}

Examples:
  secondpass verify --model Qwen3-Reranker-0.6B
  secondpass verify --model Qwen3-VL-Reranker-2B --goldens goldens/goldens.json
  secondpass verify --model Qwen3-VL-Reranker-2B --goldens goldens/goldens.json --ids-only

--ids-only needs no weights: config.json and tokenizer.json are enough. Exit status 0 if everything agrees.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder as Hugging Face lays it out, or a .gguf file
    #[arg(long, value_name = "DIR|FILE")]
    model: PathBuf,
    /// The vision tower (mmproj) of a .gguf model that sees
    #[arg(long, value_name = "FILE")]
    vision: Option<PathBuf>,
    /// Published results that you bring
    #[arg(long, value_name = "FILE")]
    goldens: Option<PathBuf>,
    /// Compare ids and counts alone, without weights
    #[arg(long)]
    ids_only: bool,
}

/// What came out for one case.
struct Outcome {
    title: String,
    tokens: (usize, usize),
    ids: Option<bool>,
    score: Option<(f64, f64, f64)>,
}

impl Outcome {
    fn agrees(&self) -> bool {
        let score = self.score.is_none_or(|(got, want, tolerance)| (got - want).abs() <= tolerance);
        self.tokens.0 == self.tokens.1 && self.ids != Some(false) && score
    }
}

pub async fn run(args: Args) -> Result<(), String> {
    let goldens = args.goldens.as_deref().unwrap_or(Path::new("."));
    let pictures = FilePictures::beside(&goldens.with_file_name("images").join("x"), DecodeOptions::default());
    let brought = args.goldens.as_deref().map(cases::read).transpose()?.unwrap_or_default();
    let mut outcomes = Vec::new();
    if args.ids_only {
        let (config, prompter) = opened_prompter(&args.model, args.vision.as_deref()).await?;
        for case in cases::carried(&config).iter().chain(&brought) {
            outcomes.push(outcome(case, &prompter, config.vision.as_ref(), None, &pictures).await?);
        }
    } else {
        let places = Places::new(&args.model, args.vision.as_deref());
        let options = LoadOptions { precision: Precision::Auto, ..LoadOptions::cpu() };
        let engine =
            Engine::load_files(&places.files(), options, &Observer::silent()).await.map_err(|e| e.to_string())?;
        let config = engine.model().config();
        for case in cases::carried(config).iter().chain(&brought) {
            outcomes.push(outcome(case, engine.prompter(), config.vision.as_ref(), Some(&engine), &pictures).await?);
        }
    }
    print!("{}", table(&outcomes));
    let wrong = outcomes.iter().filter(|o| !o.agrees()).count();
    let scored = outcomes.iter().filter(|o| o.score.is_some()).count();
    if wrong > 0 {
        return Err(format!("{wrong} of {} cases differ", outcomes.len()));
    }
    println!("All {} cases agree; {scored} of them were scored.", outcomes.len());
    Ok(())
}

/// A folder without weights is enough for ids.
async fn opened_prompter(model: &Path, vision: Option<&Path>) -> Result<(crate::model::Config, Prompter), String> {
    let text = |e: crate::Error| e.to_string();
    if model.is_dir() {
        return crate::engine::open_prompter(&crate::weights::DirectoryFolder::new(model)).await.map_err(text);
    }
    let Opened { config, prompter, .. } =
        Places::new(model, vision).files().open(&Observer::silent()).await.map_err(text)?;
    Ok((config, prompter))
}

async fn outcome(
    case: &Case,
    prompter: &Prompter,
    vision: Option<&VisionConfig>,
    engine: Option<&Engine>,
    pictures: &FilePictures,
) -> Result<Outcome, String> {
    let title = title(case);
    let named = |e: &dyn std::fmt::Display| format!("{title}: {e}");
    let visuals = match (&case.image, vision) {
        (Some(image), Some(vision)) => {
            let picture = pictures.open(&ImageRef::Url(image.clone())).await.map_err(|e| named(&e))?;
            let factor = vision.geometry().factor();
            let size = smart_resize(picture.height(), picture.width(), factor, &SizeLimits::default());
            let (height, width) = size.map_err(|e| named(&e))?;
            vec![Visual::Image { tokens: height / factor * (width / factor) }]
        }
        (Some(_), None) => return Err(named(&"the model reads text only")),
        (None, _) => Vec::new(),
    };
    let document = Side { visuals: &visuals, text: case.document.as_deref().unwrap_or_default() };
    let query = Side { visuals: &[], text: &case.query };
    let encoded = prompter.encode(case.instruction.as_deref(), &query, &document, Limits::default());
    let ids = encoded.map_err(|e| named(&e))?.ids;
    let score = match (engine, case.score) {
        (Some(engine), Some(want)) => {
            Some((score(engine, case, pictures).await.map_err(|e| named(&e))?, want, case.tolerance))
        }
        _ => None,
    };
    let same_ids = case.ids_sha256.as_deref().map(|want| digest(&ids) == want);
    Ok(Outcome { tokens: (ids.len(), case.n_tokens), ids: same_ids, score, title })
}

async fn score(engine: &Engine, case: &Case, pictures: &FilePictures) -> Result<f64, crate::Error> {
    let document = match &case.image {
        Some(image) => serde_json::json!({ "image": image }),
        None => serde_json::json!(case.document),
    };
    let body = serde_json::json!({ "query": case.query, "instruction": case.instruction, "documents": [document] });
    let request = RerankRequest::from_json(&body.to_string())?;
    let response = engine.rerank_with(&request, pictures, &Observer::silent()).await?;
    Ok(response.results.first().map_or(f64::NAN, |result| result.relevance_score))
}

fn digest(ids: &[u32]) -> String {
    let text = ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn title(case: &Case) -> String {
    let document = case.image.as_deref().or(case.document.as_deref()).unwrap_or_default();
    let short = |text: &str| text.chars().take(24).collect::<String>();
    format!("{} / {}", short(&case.query), short(document))
}

fn table(outcomes: &[Outcome]) -> String {
    let mut out =
        format!("{:<52} {:>11} {:>5} {:>9} {:>9} {:>9}\n", "case", "tokens", "ids", "score", "published", "off by");
    for o in outcomes {
        let ids = match o.ids {
            None => "",
            Some(true) => "same",
            Some(false) => "DIFF",
        };
        let tokens = if o.tokens.0 == o.tokens.1 {
            o.tokens.0.to_string()
        } else {
            format!("{} for {}", o.tokens.0, o.tokens.1)
        };
        let score = o.score.map(|(got, want, _)| format!("{got:>9.6} {want:>9.6} {:>9.1e}", (got - want).abs()));
        let verdict = if o.agrees() { "" } else { "  <- differs" };
        let _ = writeln!(out, "{:<52} {tokens:>11} {ids:>5} {}{verdict}", o.title, score.unwrap_or_default());
    }
    out
}
