//! Figures of runs from elsewhere, beside pytrec_eval's.

use serde_json::{Map, Value};

use super::support::{Scratch, fixtures, succeed};

/// Of figures of at most 1; only the order of sums differs.
const TOLERANCE: f64 = 1e-12;
/// Documents of the runs that the corpus has. It lacks others that were found or judged.
const DOCUMENTS: usize = 130;

fn cases() -> Vec<Value> {
    let file = std::fs::read(fixtures().join("eval/metrics.json")).expect("a file");
    serde_json::from_slice(&file).expect("JSON")
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

fn lines(by_query: &Value, line: impl Fn(&str, &str, &Value) -> String) -> String {
    let queries = object(by_query).iter();
    queries.flat_map(|(query, of)| object(of).iter().map(|(document, value)| line(query, document, value))).collect()
}

/// Judgments in each of the layouts that are read.
fn layouts(judgments: &Value) -> [String; 3] {
    let columns = lines(judgments, |query, document, grade| format!("{query}\t{document}\t{grade}\n"));
    [
        format!("query-id\tcorpus-id\tscore\r\n{}", columns.replace('\n', "\r\n")),
        columns,
        lines(judgments, |query, document, grade| format!("{query} 0 {document} {grade}\n\n")),
    ]
}

fn assert_close(figure: &Value, expected: &Value, what: &str) {
    let (figure, expected) = (figure.as_f64().expect("a figure"), expected.as_f64().expect("a figure"));
    assert!((figure - expected).abs() < TOLERANCE, "{what}: {figure} for {expected}");
}

#[test]
fn figures_and_intervals_are_those_of_trec_eval_and_numpy() {
    for (case, layout) in cases().iter().zip(0..) {
        let files = Scratch::new();
        let corpus: String = (0..DOCUMENTS).map(|n| format!("{{\"_id\": \"d{n}\", \"text\": \"word\"}}\n")).collect();
        let judged = object(&case["judgments"]).keys();
        let queries: String = judged.map(|id| format!("{{\"_id\": \"{id}\", \"text\": \"word\"}}\n")).collect();
        let run = lines(&case["run"], |query, document, score| format!("{query} Q0 {document} 0 {score} a\n"));
        let seed = case["seed"].to_string();
        let warnings = succeed(
            [
                &files.write("corpus.jsonl", corpus),
                &files.write("queries.jsonl", format!("\u{feff}{queries}{{\"_id\": \"more\", \"text\": \"a\"}}\n")),
                &files.write("qrels.tsv", &layouts(&case["judgments"])[layout]),
            ],
            &["--candidates", &files.write("run.trec", run), "--json", &files.text("out.json"), "--seed", &seed],
        );
        assert!(warnings.contains("1 queries find nothing"), "{warnings}");
        assert!(warnings.contains("documents that the corpus does not have"), "{warnings}");
        let stages = &files.json("out.json")["stages"];
        assert_eq!(stages.as_array().expect("stages").len(), 1);
        for (query, figures) in object(&case["queries"]) {
            for (metric, expected) in object(figures) {
                assert_close(&stages[0]["queries"][query][metric], expected, &format!("{query}, {metric}"));
            }
        }
        assert_eq!(object(&stages[0]["queries"]).len(), object(&case["queries"]).len());
        for (metric, expected) in object(&case["metrics"]) {
            for part in ["mean", "low", "high"] {
                let figure = &stages[0]["metrics"][metric][part];
                assert_close(figure, &expected[part], &format!("{metric}, {part}"));
            }
        }
    }
}
