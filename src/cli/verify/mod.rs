//! `secondpass verify`

mod cases;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use self::cases::Case;
use super::model::ModelPath;
use super::pictures::FilePictures;
use crate::RerankRequest;
use crate::api::ImageRef;
use crate::engine::{Engine, LoadOptions, Manifest, Observer, PictureSource};
use crate::media::{DecodeOptions, MediaError, SizeLimits, smart_resize};
use crate::model::{Config, Precision, VisionConfig};
use crate::prompt::{self, Limits, Prompter, Side, Visual};

const EXAMPLES: &str =
    "Runs published results of the real models: token ids, token counts, scores. A few short ones are carried
along. More are read from a file that you bring, with its pictures in a folder:
  {\"text\":  [{\"instruction\", \"query\", \"document\", \"n_tokens\", \"ids_sha256\", \"score\"}],
   \"image\": [{\"instruction\", \"query\", \"image\", \"n_tokens\", \"score\"}]}

Examples:
  secondpass verify --model Qwen3-Reranker-0.6B
  secondpass verify --model Qwen3-VL-Reranker-2B --goldens goldens/goldens.json
  secondpass verify --model Qwen3-VL-Reranker-2B --goldens goldens.json --images ../pictures --ids-only

--ids-only needs no weights: config.json and tokenizer.json are enough. Each file and folder may be a URL instead.

Exit status 0 if everything agrees; 1 if something differs or could not be run.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folder as Hugging Face lays it out, or a .gguf file; or the URL of one
    #[arg(long, value_name = "DIR|FILE|URL")]
    model: PathBuf,
    /// The vision tower (mmproj) of a .gguf model that sees
    #[arg(long, value_name = "FILE")]
    vision: Option<PathBuf>,
    /// Published results that you bring
    #[arg(long, value_name = "FILE|URL")]
    goldens: Option<PathBuf>,
    /// Folder of their pictures; images/ beside their file if not given
    #[arg(long, value_name = "DIR|URL", requires = "goldens")]
    images: Option<PathBuf>,
    /// Compare ids and counts alone, without weights
    #[arg(long)]
    ids_only: bool,
}

/// What came out for one case, or why nothing did.
struct Outcome {
    title: String,
    result: Result<Got, String>,
}

struct Got {
    tokens: (usize, usize),
    ids: Option<bool>,
    score: Option<(f64, f64, f64)>,
}

impl Got {
    fn agrees(&self) -> bool {
        let score = self.score.is_none_or(|(got, want, tolerance)| (got - want).abs() <= tolerance);
        self.tokens.0 == self.tokens.1 && self.ids != Some(false) && score
    }
}

pub async fn run(args: Args) -> Result<(), String> {
    let brought = match &args.goldens {
        Some(path) => cases::read(path).await?,
        None => Vec::new(),
    };
    let pictures = FilePictures::within(images(&args), DecodeOptions::default());
    let outcomes = if args.ids_only {
        let (config, prompter) = opened_prompter(&args.model, args.vision.as_deref()).await?;
        let bench = Bench { prompter: &prompter, vision: config.vision.as_ref(), engine: None, pictures: &pictures };
        bench.all(&config, &brought).await
    } else {
        let model = ModelPath::new(&args.model, args.vision.as_deref())?;
        let options = LoadOptions { precision: Precision::Auto, ..LoadOptions::cpu() };
        let engine =
            Engine::load_from(&model.location(), options, &Observer::silent()).await.map_err(|e| e.to_string())?;
        let (config, prompter) = (engine.model().config(), engine.prompter());
        let vision = config.vision.as_ref();
        Bench { prompter, vision, engine: Some(&engine), pictures: &pictures }.all(config, &brought).await
    };
    print!("{}", table(&outcomes));
    println!("{}", verdict(&outcomes)?);
    Ok(())
}

fn images(args: &Args) -> PathBuf {
    let beside = || args.goldens.as_deref().unwrap_or(Path::new(".")).with_file_name("images");
    args.images.clone().unwrap_or_else(beside)
}

fn verdict(outcomes: &[Outcome]) -> Result<String, String> {
    let count = |is: &dyn Fn(&Got) -> bool| outcomes.iter().filter(|o| o.result.as_ref().is_ok_and(is)).count();
    let (run, wrong, scored) = (count(&|_| true), count(&|g| !g.agrees()), count(&|g| g.score.is_some()));
    let all = outcomes.len();
    match (wrong, all - run) {
        (0, 0) => Ok(format!("All {all} cases agree; {scored} of them were scored.")),
        (0, missing) => Err(format!("{missing} of {all} cases could not be run; the other {run} agree")),
        (wrong, 0) => Err(format!("{wrong} of {all} cases differ")),
        (wrong, missing) => Err(format!("{wrong} of {all} cases differ, and {missing} could not be run")),
    }
}

/// A folder without weights is enough for ids.
async fn opened_prompter(model: &Path, vision: Option<&Path>) -> Result<(Config, Prompter), String> {
    let model = ModelPath::new(model, vision)?;
    let manifest = Manifest::open(&model.location()).await.map_err(|e| e.to_string())?;
    manifest.read_prompter(&Observer::silent()).await.map_err(|e| e.to_string())
}

/// What cases are run with.
struct Bench<'a> {
    prompter: &'a Prompter,
    vision: Option<&'a VisionConfig>,
    /// None where ids are compared alone.
    engine: Option<&'a Engine>,
    pictures: &'a FilePictures,
}

impl Bench<'_> {
    async fn all(&self, config: &Config, brought: &[Case]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for case in cases::carried(config).iter().chain(brought) {
            outcomes.push(Outcome { title: title(case), result: self.run(case).await });
        }
        outcomes
    }

    async fn run(&self, case: &Case) -> Result<Got, String> {
        let visuals = match &case.image {
            Some(image) => vec![self.visual(image).await?],
            None => Vec::new(),
        };
        let document = Side { visuals: &visuals, text: case.document.as_deref().unwrap_or_default() };
        let query = Side { visuals: &[], text: &case.query };
        let encoded = self.prompter.encode(case.instruction.as_deref(), &query, &document, Limits::default());
        let ids = encoded.map_err(|e| e.to_string())?.ids;
        let score = match (self.engine, case.score) {
            (Some(engine), Some(want)) => {
                let got = score(engine, case, self.pictures).await.map_err(|e| e.to_string())?;
                Some((got, want, case.tolerance))
            }
            _ => None,
        };
        let same_ids = case.ids_sha256.as_deref().map(|want| digest(&ids) == want);
        Ok(Got { tokens: (ids.len(), case.n_tokens), ids: same_ids, score })
    }

    async fn visual(&self, image: &str) -> Result<Visual, String> {
        let Some(vision) = self.vision else {
            return Err(match self.prompter.family() {
                prompt::Family::Text => "the model reads text only".to_owned(),
                prompt::Family::Vision => "its vision tower is missing; give the mmproj file with --vision".to_owned(),
            });
        };
        let text = |e: MediaError| e.to_string();
        let picture = self.pictures.open(&ImageRef::Url(image.to_owned())).await.map_err(text)?;
        let factor = vision.geometry().factor();
        let size = smart_resize(picture.height(), picture.width(), factor, &SizeLimits::default());
        let (height, width) = size.map_err(text)?;
        Ok(Visual::Image { tokens: height / factor * (width / factor) })
    }
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
    for Outcome { title, result } in outcomes {
        let row = match result {
            Ok(got) => row(got),
            Err(why) => format!("  not run: {why}"),
        };
        let _ = writeln!(out, "{title:<52} {row}");
    }
    out
}

fn row(got: &Got) -> String {
    let ids = match got.ids {
        None => "",
        Some(true) => "same",
        Some(false) => "DIFF",
    };
    let tokens = match got.tokens {
        (got, want) if got == want => got.to_string(),
        (got, want) => format!("{got} for {want}"),
    };
    let score = got.score.map(|(got, want, _)| format!("{got:>9.6} {want:>9.6} {:>9.1e}", (got - want).abs()));
    let verdict = if got.agrees() { "" } else { "  <- differs" };
    format!("{tokens:>11} {ids:>5} {}{verdict}", score.unwrap_or_default())
}
