//! Every stage of a small collection beside what the library computes.

use std::collections::HashMap;
use std::path::Path;

use pollster::block_on;
use secondpass::api::EmbeddingValue;
use secondpass::bytes::DirectoryFolder;
use secondpass::{EmbedRequest, Embedder, Engine, LoadOptions, Observer, Precision, RerankRequest};
use serde_json::{Value, json};

use super::support::{EMBEDDER, RERANKER, Scratch, eval, fixtures, results, succeed, text};

const PLANETS: [&str; 3] = ["eval/planets/corpus.jsonl", "eval/planets/queries.jsonl", "eval/planets/test.tsv"];
const JUDGED: [&str; 4] = ["q1", "q2", "q3", "red"];

/// Texts by id, as models read them.
fn texts(file: &str) -> Vec<(String, String)> {
    let lines = std::fs::read_to_string(fixtures().join(file)).expect("a file");
    let entries = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let part = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    entries
        .map(|entry| {
            let text = format!("{} {}", part(&entry, "title"), part(&entry, "text"));
            (part(&entry, "_id"), text.trim().to_owned())
        })
        .collect()
}

fn load_options() -> LoadOptions {
    LoadOptions { precision: Precision::F32, ..LoadOptions::cpu() }
}

fn vectors(embedder: &Embedder, texts: &[(String, String)], role: &str) -> HashMap<String, Vec<f32>> {
    let input: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
    let request = json!({ "input": input, "input_type": role }).to_string();
    let request = EmbedRequest::from_json(&request).expect("a request");
    let response = block_on(embedder.embed(&request, &Observer::silent())).expect("vectors");
    let floats = response.data.into_iter().map(|item| match item.embedding {
        EmbeddingValue::Floats(values) => values,
        other => panic!("{other:?}"),
    });
    texts.iter().map(|(id, _)| id.clone()).zip(floats).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn assert_results(found: &[(String, f64)], expected: &HashMap<String, f64>, tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:?}");
    for (document, score) in found {
        assert!(
            (score - expected[document]).abs() < tolerance,
            "{what}, {document}: {score} for {}",
            expected[document]
        );
    }
    assert!(found.is_sorted_by(|a, b| a.1 > b.1 || (a.1 == b.1 && a.0 > b.0)), "{what}: {found:?}");
}

/// Results of a stage of which the best come first.
fn places(run: &Path, query: &str) -> HashMap<String, usize> {
    results(run, query).into_iter().map(|(document, _)| document).zip(1..).collect()
}

#[test]
fn every_stage_gives_what_its_method_says() {
    let files = Scratch::new();
    let (runs, out) = (files.text("runs"), files.text("out.json"));
    let models = ["--embedder", EMBEDDER, "--model", RERANKER, "--dtype", "f32", "--top", "3"];
    let output = eval(PLANETS, &[&models[..], &["--run-out", &runs, "--json", &out]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    for part in ["12 documents, 4 judged queries, 8 judgments", "nDCG@10", "\nkeywords ", "\nfused ", "\nreranked "] {
        assert!(table.contains(part), "{table}");
    }
    let run = |stage: &str| files.path("runs").join(format!("{stage}.trec"));

    let keywords: Value =
        serde_json::from_slice(&std::fs::read(fixtures().join("eval/keywords.json")).expect("a file")).expect("JSON");
    let embedder = DirectoryFolder::new(fixtures().join(EMBEDDER));
    let embedder = block_on(Embedder::load(&embedder, load_options(), None, &Observer::silent())).expect("an embedder");
    let (documents, asked) = (texts(PLANETS[0]), texts(PLANETS[1]));
    let (of_documents, of_queries) = (vectors(&embedder, &documents, "document"), vectors(&embedder, &asked, "query"));
    for query in JUDGED {
        let expected: HashMap<String, f64> = serde_json::from_value(keywords[query].clone()).expect("scores");
        assert_results(&results(&run("keywords"), query), &expected, 1e-6, &format!("keywords, {query}"));

        let others = of_documents.iter().filter(|(id, _)| *id != query);
        let expected = others.map(|(id, vector)| (id.clone(), cosine(&of_queries[query], vector))).collect();
        assert_results(&results(&run("vectors"), query), &expected, 1e-5, &format!("vectors, {query}"));

        let (first, second) = (places(&run("keywords"), query), places(&run("vectors"), query));
        let part = |places: &HashMap<String, usize>, id: &str| places.get(id).map_or(0.0, |&n| 1.0 / (60.0 + n as f64));
        let fused = second.keys().map(|id| (id.clone(), part(&first, id) + part(&second, id))).collect();
        assert_results(&results(&run("fused"), query), &fused, 1e-8, &format!("fused, {query}"));
    }
    assert_reranked(&run("fused"), &run("reranked"), &documents, &asked);
    assert_eq!(files.json("out.json")["reranker"]["of"], "fused");
}

/// The first three by their logits, the others behind them in their former order.
fn assert_reranked(fused: &Path, reranked: &Path, documents: &[(String, String)], asked: &[(String, String)]) {
    let folder = DirectoryFolder::new(fixtures().join(RERANKER));
    let engine = block_on(Engine::load(&folder, load_options(), &Observer::silent())).expect("a reranker");
    let text =
        |texts: &[(String, String)], id: &str| texts.iter().find(|(other, _)| other == id).expect("it").1.clone();
    for query in JUDGED {
        let (before, after) = (results(fused, query), results(reranked, query));
        let read: Vec<String> = before[..3].iter().map(|(id, _)| text(documents, id)).collect();
        let request = json!({ "query": text(asked, query), "documents": read }).to_string();
        let request = RerankRequest::from_json(&request).expect("a request");
        let response = block_on(engine.rerank(&request, &Observer::silent())).expect("scores");
        for (result, (id, score)) in response.results.iter().zip(&after) {
            assert_eq!(*id, before[result.index].0, "{query}");
            assert!((score - result.logit).abs() < 1e-4, "{query}, {id}: {score} for {}", result.logit);
        }
        let ids = |results: &[(String, f64)]| results.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&after[3..]), ids(&before[3..]), "{query}");
    }
}

/// A model that is both is loaded once. By another spelling of its path it is taken for two.
#[test]
fn one_model_for_both_stages_gives_what_two_give() {
    let files = Scratch::new();
    let run = |name: &str, reranker: &str| {
        let (runs, out) = (files.text(name), files.text(&format!("{name}.json")));
        let models = ["--embedder", "text/tiny-tied", "--model", reranker, "--dtype", "f32", "--top", "3"];
        succeed(PLANETS, &[&models[..], &["--run-out", &runs, "--json", &out]].concat());
        files.json(&format!("{name}.json"))
    };
    let (one, two) = (run("one", "text/tiny-tied"), run("two", "./text/tiny-tied"));
    assert_eq!(one["reranker"]["info"]["head"], two["reranker"]["info"]["head"]);
    assert_eq!(one["reranker"]["info"]["weight_bytes"], two["reranker"]["info"]["weight_bytes"]);
    for stage in ["vectors", "fused", "reranked"] {
        let of = |name: &str, query: &str| results(&files.path(name).join(format!("{stage}.trec")), query);
        for query in JUDGED {
            let expected: HashMap<String, f64> = of("two", query).into_iter().collect();
            assert!(!expected.is_empty(), "{stage}, {query}");
            assert_results(&of("one", query), &expected, 1e-5, &format!("{stage}, {query}"));
        }
    }
}

/// As BEIR does, unless it is told otherwise.
#[test]
fn a_document_with_the_querys_own_id_is_left_out() {
    let files = Scratch::new();
    let runs = files.text("runs");
    let found = || results(&files.path("runs/keywords.trec"), "red").into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    let warnings = succeed(PLANETS, &["--run-out", &runs]);
    assert!(warnings.contains("1 queries are answered by a document of the same id"), "{warnings}");
    assert!(!found().contains(&"red".to_owned()));
    let warnings = succeed(PLANETS, &["--run-out", &runs, "--keep-own-id"]);
    assert!(!warnings.contains("same id") && found().first().is_some_and(|id| id == "red"), "{warnings}");
}

/// Pictures of a vision model, and no vision model.
#[test]
fn pictures_are_read_beside_the_corpus() {
    let files = Scratch::new();
    std::fs::copy(fixtures().join("vl/pictures/shapes.png"), files.path("shapes.png")).expect("a picture");
    let corpus = files.write(
        "corpus.jsonl",
        "{\"_id\": \"d1\", \"text\": \"a square\", \"image\": \"shapes.png\"}\n{\"_id\": \"d2\", \"image\": \"none.png\"}\n{\"_id\": \"d3\", \"text\": \"a disc\"}\n",
    );
    let queries = files.write("queries.jsonl", "{\"_id\": \"q\", \"text\": \"a disc\"}\n");
    let collection = [corpus.as_str(), &queries, &files.write("qrels.tsv", "q\td1\t1\n")];
    let candidates = files.write("run.trec", "q 0 d1 1 3 x\nq 0 d2 2 2 x\nq 0 d3 3 1 x\n");
    let runs = files.text("runs");
    let sees = ["--candidates", &candidates, "--model", "vl/vl-tied", "--run-out", &runs];
    let warnings = succeed(collection, &sees);
    assert!(warnings.contains("reranked: 1 texts have no result there") && warnings.contains("none.png"), "{warnings}");
    assert_eq!(results(&files.path("runs/reranked.trec"), "q")[2].0, "d2", "what cannot be read comes last");
    let strict = eval(collection, &[&sees[..], &["--strict"]].concat());
    assert!(!strict.status.success() && text(&strict.stderr).contains("none.png"), "{}", text(&strict.stderr));
    let blind = eval(collection, &["--model", RERANKER]);
    assert!(!blind.status.success());
    assert!(text(&blind.stderr).contains("line 1 of") && text(&blind.stderr).contains("reads text only"));
}
