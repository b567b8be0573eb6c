//! The stages of a search, one after the other, each if its models or files are given.

use serde_json::{Map, Value, json};

use super::args::EvalArgs;
use super::collection::{Collection, JudgedQuery};
use super::cosine::VectorPairs;
use super::entries::CollectionEntry;
use super::error::EvalError;
use super::fusion::fuse;
use super::keywords::search_keywords;
use super::omissions::Omissions;
use super::ranking::{Ranking, StageRankings};
use super::report::EvalReport;
use super::reranking::{CollectionReranker, RerankSettings};
use super::store::{ContentKey, ResultStore};
use super::trec_run::read_run;
use super::vectors::{CollectionEmbedder, EmbedSettings};
use crate::api::InputType;
use crate::cli::error::CliError;
use crate::cli::model::ModelPath;
use crate::cli::pictures::FilePictures;
use crate::cli::run_args::watch;
use crate::engine::{Embedder, Engine, Error, Manifest, ModelInfo, Observer, SharedTrunk, TaskInfo};

/// Runs the stages over a collection.
pub struct StageRunner<'a> {
    pub args: &'a EvalArgs,
    pub collection: Collection,
    /// Paths of pictures are complete, or relative to the current folder.
    pub pictures: FilePictures,
}

impl StageRunner<'_> {
    /// Keywords, or what another system found.
    pub fn first(&mut self) -> Result<StageRankings, EvalError> {
        match &self.args.candidates {
            None => {
                let left_out = |query: usize| self.left_out(&self.collection.queries[query]);
                let rankings = search_keywords(&self.collection, self.args.depth as usize, &left_out);
                Ok(StageRankings { name: "keywords", rankings })
            }
            Some(path) => {
                let rankings = read_run(path, &mut self.collection, self.args.model.is_some())?;
                Ok(StageRankings { name: "candidates", rankings })
            }
        }
    }

    /// By the vectors of an embedder. Gives what it is as well, and its trunk.
    pub async fn vectors(
        &self,
        embedder: &ModelPath,
        report: &mut EvalReport<'_>,
    ) -> Result<(StageRankings, Value, SharedTrunk), CliError> {
        let (on_progress, now) = watch();
        let observer = Observer { on_progress: &on_progress, now: &now, ..Observer::silent() };
        let (options, prompts) = (self.args.compute.load_options().await?, self.args.prompts.given());
        let embedder = Embedder::load_from(&embedder.location(), options, prompts.clone(), &observer).await?;
        let info = embedder.info();
        self.check_pictures(info)?;
        info.warnings.iter().for_each(|warning| report.warn(format!("{}: {warning}", info.model)));
        let settings = EmbedSettings {
            instruction: self.args.embedder_instruction.clone(),
            dimensions: self.args.dimensions.map(|dimensions| dimensions as usize),
            strict: self.args.strict,
        };
        let (width, identity) = width_and_identity(info, settings.dimensions)?;
        let prompts = prompts.map(|prompts| [prompts.query, prompts.document]);
        let made = json!({ "identity": identity, "prompts": prompts, "instruction": settings.instruction, "pictures": self.picture_settings() });
        let mut store = ResultStore::open(self.args.state.as_deref(), "vectors", width, &made)?;
        let run = CollectionEmbedder { embedder: &embedder, settings: &settings, pictures: &self.pictures, now: &now };
        run.compare_probe(&mut store).await?;
        let rankings = self.nearest(&run, &mut store, report).await?;
        let about = json!({ "info": info, "settings": made, "dimensions": width });
        Ok((StageRankings { name: "vectors", rankings }, about, embedder.trunk()))
    }

    /// The documents nearest to each query, by the vectors that the store holds in the end.
    async fn nearest(
        &self,
        run: &CollectionEmbedder<'_>,
        store: &mut ResultStore,
        report: &mut EvalReport<'_>,
    ) -> Result<Vec<Ranking>, CliError> {
        let queries: Vec<&CollectionEntry> = self.collection.queries.iter().map(|query| &query.entry).collect();
        let (query_keys, unread_queries) = run.complete(store, &queries, InputType::Query).await?;
        let documents: Vec<&CollectionEntry> = self.collection.documents.iter().collect();
        let (document_keys, unread_documents) = run.complete(store, &documents, InputType::Document).await?;
        let vectors = |keys: &[ContentKey]| keys.iter().map(|key| store.get(key)).collect::<Vec<_>>();
        let pairs = VectorPairs { queries: vectors(&query_keys), documents: vectors(&document_keys) };
        unread_queries.check("vectors of queries", pairs.queries.iter().any(Option::is_some))?;
        unread_documents.check("vectors of documents", pairs.documents.iter().any(Option::is_some))?;
        let sentences =
            [unread_queries.sentences("vectors of queries"), unread_documents.sentences("vectors of documents")]
                .concat();
        sentences.into_iter().for_each(|sentence| report.warn(sentence));
        let left_out = |query: usize| self.left_out(&self.collection.queries[query]);
        Ok(pairs.search(self.args.depth as usize, &self.collection.ids, &left_out))
    }

    /// Two stages by the ranks of their results.
    pub fn fused(&self, first: &StageRankings, second: &StageRankings) -> StageRankings {
        let both = first.rankings.iter().zip(&second.rankings);
        let rankings = both.map(|(first, second)| fuse([first, second], &self.collection.ids)).collect();
        StageRankings { name: "fused", rankings }
    }

    /// The best results of a stage by a reranker, on the trunk of the embedder where that is the same model. Gives what it is
    /// as well.
    pub async fn reranked(
        &self,
        first: &StageRankings,
        model: &ModelPath,
        shared: Option<SharedTrunk>,
        report: &mut EvalReport<'_>,
    ) -> Result<(StageRankings, Value), CliError> {
        let (on_progress, now) = watch();
        let observer = Observer { on_progress: &on_progress, now: &now, ..Observer::silent() };
        let manifest = Manifest::open(&model.location()).await.map_err(Error::from)?;
        let beside = match shared {
            Some(trunk) => Engine::load_beside(&trunk, &manifest, &observer).await?,
            None => None,
        };
        let engine = match beside {
            Some(engine) => engine,
            None => Engine::load_manifest(&manifest, self.args.compute.load_options().await?, &observer).await?,
        };
        let info = engine.info();
        self.check_pictures(info)?;
        info.warnings.iter().for_each(|warning| report.warn(format!("{}: {warning}", info.model)));
        let settings = RerankSettings {
            instruction: self.args.instruction.clone(),
            top: self.args.top as usize,
            strict: self.args.strict,
        };
        let made = json!({ "identity": reranker_identity(info), "instruction": settings.instruction, "pictures": self.picture_settings() });
        let mut store = ResultStore::open(self.args.state.as_deref(), "scores", 1, &made)?;
        let run = CollectionReranker { engine: &engine, settings: &settings, pictures: &self.pictures, now: &now };
        run.compare_probe(&mut store).await?;
        let mut omissions = Omissions::default();
        let rankings = run.rerank(&mut store, &self.collection, &first.rankings, &mut omissions).await?;
        let pairs: usize = first.rankings.iter().map(|ranking| ranking.results().len().min(settings.top)).sum();
        omissions.check("scores", omissions.failed() < pairs)?;
        omissions.sentences("reranked").into_iter().for_each(|sentence| report.warn(sentence));
        let about = json!({ "info": info, "settings": made, "top": settings.top, "of": first.name });
        Ok((StageRankings { name: "reranked", rankings }, about))
    }

    fn left_out(&self, query: &JudgedQuery) -> Option<usize> {
        self.collection.own_document(query).filter(|_| !self.args.keep_own_id)
    }

    /// What else changes what a model reads of a picture.
    fn picture_settings(&self) -> Value {
        json!([self.args.compute.max_image_pixels, self.args.compute.apply_orientation])
    }

    /// Refuses pictures that a model cannot read.
    fn check_pictures(&self, info: &ModelInfo) -> Result<(), EvalError> {
        if info.vision {
            return Ok(());
        }
        let documents = self.collection.documents.iter().map(|entry| (&self.args.corpus, entry));
        let queries = self.collection.queries.iter().map(|query| (&self.args.queries, &query.entry));
        match documents.chain(queries).find(|(_, entry)| !entry.pictures.is_empty()) {
            Some((path, entry)) => {
                Err(EvalError::TextOnlyModel { path: path.clone(), line: entry.line, model: info.model.clone() })
            }
            None => Ok(()),
        }
    }
}

fn width_and_identity(info: &ModelInfo, wanted: Option<usize>) -> Result<(usize, &str), EvalError> {
    let TaskInfo::Embedder { dimensions, identity, .. } = &info.task else {
        unreachable!("an embedder was loaded for embeddings")
    };
    match wanted {
        Some(wanted) if wanted > *dimensions => Err(EvalError::Dimensions { wanted, most: *dimensions }),
        _ => Ok((wanted.unwrap_or(*dimensions), identity)),
    }
}

/// Scores of models that differ in any of this are not to be mixed. Not where a model lies: a copy is the same.
fn reranker_identity(info: &ModelInfo) -> Value {
    let name = info.model.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let mut about: Map<String, Value> = Map::new();
    about.insert("name".to_owned(), name.into());
    for (key, value) in serde_json::to_value(info).ok().and_then(|info| info.as_object().cloned()).unwrap_or_default() {
        if !["model", "device", "kernels", "warnings"].contains(&key.as_str()) {
            about.insert(key, value);
        }
    }
    about.into()
}
