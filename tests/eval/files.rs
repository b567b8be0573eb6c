//! Files that are not as they should be: the error names the file, the line, and what is wrong.

use super::support::{EMBEDDER, Scratch, eval, fixtures, text};

const CORPUS: &str = "{\"_id\": \"d1\", \"text\": \"a\"}\n{\"_id\": \"d2\", \"title\": \"b\"}\n";
const QUERIES: &str = "{\"_id\": \"q1\", \"text\": \"a\"}\n";
const QRELS: &str = "q1\td1\t1\n";

/// The message of a run that fails, with one of the files replaced.
fn message(replaced: &str, content: &[u8], more: &[&str]) -> String {
    let files = Scratch::new();
    let written: Vec<String> = [("corpus.jsonl", CORPUS), ("queries.jsonl", QUERIES), ("qrels.tsv", QRELS)]
        .iter()
        .map(|(name, usual)| files.write(name, if *name == replaced { content } else { usual.as_bytes() }))
        .collect();
    let run = files.write("run.trec", if replaced == "run.trec" { content } else { b"q1 0 d1 1 1 x\n" });
    let candidates = ["--candidates", run.as_str()];
    let more = [more, if replaced == "run.trec" { &candidates[..] } else { &[] }].concat();
    let output = eval([&written[0], &written[1], &written[2]], &more);
    assert_eq!(output.status.code(), Some(1), "{replaced}: {}", String::from_utf8_lossy(content));
    text(&output.stderr)
}

#[test]
fn lines_that_are_wrong_are_named() {
    let long = [b"{\"_id\": \"d1\", \"text\": \"".as_slice(), &vec![b'a'; 33 << 20], b"\"}"].concat();
    let cases: [(&str, &[u8], &[&str]); 19] = [
        ("corpus.jsonl", b"", &["holds no documents"]),
        (
            "corpus.jsonl",
            b"{\"_id\": \"d1\", \"text\": \"a\"}\n\n{\"_id\": \"d2\"}\n",
            &["line 3", "neither text nor title"],
        ),
        (
            "corpus.jsonl",
            b"{\"_id\": \"d1\", \"text\": \"a\"}\n{\"_id\": \"d1\", \"text\": \"b\"}\n",
            &["line 2", "\"d1\" was there"],
        ),
        ("corpus.jsonl", b"{\"_id\": \"d1\", \"text\": \"a\xff\"}\n", &["line 1", "not UTF-8"]),
        ("corpus.jsonl", b"{\"_id\": \"d1\", \"text\": \"a\"\n", &["line 1", "EOF while parsing an object"]),
        ("corpus.jsonl", &long, &["line 1", "longer than 33554432 bytes"]),
        ("queries.jsonl", b"\n  \n", &["holds no queries"]),
        ("queries.jsonl", b"{\"_id\": \"q1\", \"text\": \" \"}\n", &["line 1", "neither"]),
        (
            "queries.jsonl",
            b"{\"_id\": \"q1\", \"text\": \"a\"}\n{\"_id\": \"q1\", \"text\": \"b\"}\n",
            &["line 2", "\"q1\""],
        ),
        ("qrels.tsv", b"query-id\tcorpus-id\tscore\n", &["holds no judgments"]),
        ("qrels.tsv", b"q1\td1\t1\nq9\td1\t1\n", &["line 2", "\"q9\" is not in the file of queries"]),
        ("qrels.tsv", b"q1\td1\t1.5\n", &["line 1", "\"1.5\" is not a whole number"]),
        ("qrels.tsv", b"q1\td1\tgood\n", &["line 1", "\"good\""]),
        ("qrels.tsv", b"q1\td1\t1\nq1 0 d2 1\n", &["line 2", "4 columns"]),
        ("qrels.tsv", b"q1\td1\t1\nq1\td1\t2\n", &["line 2", "judged otherwise"]),
        ("run.trec", b"q1 Q0 d1 1 nan x\n", &["line 1", "\"nan\" is not a finite number"]),
        ("run.trec", b"q1 Q0 d1 1 2\n", &["line 1", "5 columns"]),
        ("run.trec", b"q1 Q0 d1 1 2 x\nq1 Q0 d1 2 1 x\n", &["line 2", "\"d1\" was found before"]),
        ("run.trec", b"other Q0 d1 1 2 x\n", &["holds no results of judged queries"]),
    ];
    for (file, content, parts) in cases {
        let message = message(file, content, &[]);
        assert!(message.contains(file), "{message}");
        parts.iter().for_each(|part| assert!(message.contains(part), "{part} is not in {message}"));
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn what_cannot_work_is_said_before_it_is_computed() {
    let unknown = message("run.trec", b"q1 0 d9 1 1 x\n", &["--model", "encoder/bert"]);
    assert!(unknown.contains("line 1") && unknown.contains("\"d9\" is not in the corpus"), "{unknown}");
    let spaced = b"{\"_id\": \"d 1\", \"text\": \"a\"}\n";
    let files = Scratch::new();
    let spaced = message("corpus.jsonl", spaced, &["--run-out", &files.text("runs")]);
    assert!(spaced.contains("\"d 1\" has white space"), "{spaced}");
    let nowhere = message("", b"", &["--json", &files.text("none/out.json")]);
    assert!(nowhere.contains("none/out.json could not be written"), "{nowhere}");
    let dimensions = message("", b"", &["--embedder", EMBEDDER, "--dimensions", "49"]);
    assert!(dimensions.contains("--dimensions is 49; the embedder's vectors have 48"), "{dimensions}");
    let swapped = message("", b"", &["--embedder", "encoder/bert"]);
    assert!(swapped.contains("no embedding model"), "{swapped}");
    let missing = eval(["none.jsonl", "none.jsonl", "none.tsv"], &[]);
    assert!(text(&missing.stderr).contains("none.jsonl could not be read"), "{}", text(&missing.stderr));
}

#[test]
fn help_teaches() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_secondpass"))
        .current_dir(fixtures())
        .args(["eval", "--help"])
        .output()
        .expect("the command");
    for part in ["Examples:", "corpus-id", "k1 1.2", "--state", "trec_eval", "95 %"] {
        assert!(text(&output.stdout).contains(part), "{part}");
    }
}
