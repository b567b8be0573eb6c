//! Models under a URL, from servers on loopback: one that serves byte ranges, and faulty ones.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pollster::block_on;
use secondpass::bytes::{DirectoryFolder, Folder, UrlFolder};
use secondpass::engine::LoadOptions;
use secondpass::{Engine, Observer, RerankRequest};

const MODEL: &str = "tests/fixtures/text/tiny-tied";

/// How the server answers a request, by its number.
#[derive(Clone, Copy)]
enum ServerBehavior {
    Good,
    /// Every third response ends in its middle, and every fifth request finds the server busy.
    Unreliable,
    /// Sends whole files only.
    NoRanges,
    /// An HTML page for everything.
    Html,
    /// Another entity tag for every request.
    Changing,
}

fn serve(behavior: ServerBehavior) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/models/{MODEL}", listener.local_addr().expect("an address"));
    let requests = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let requests = requests.clone();
            std::thread::spawn(move || answer(stream, behavior, &requests));
        }
    });
    url
}

/// One request a connection.
fn answer(mut stream: TcpStream, behavior: ServerBehavior, requests: &AtomicUsize) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok);
    let target = lines.next()?.split(' ').nth(1)?.trim_start_matches("/models/").to_owned();
    let path = target.split('?').next()?;
    let range = lines
        .take_while(|l| !l.is_empty())
        .find_map(|l| l.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    let number = requests.fetch_add(1, Ordering::Relaxed);
    let mut respond = |head: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok()
    };
    let Ok(bytes) = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)) else {
        return respond("404 Not Found\r\ncontent-length: 0", b"");
    };
    let Some((from, to)) = range.as_deref().and_then(|range| range.split_once('-')) else {
        return respond(&format!("200 OK\r\ncontent-length: {}", bytes.len()), &bytes);
    };
    let (from, to): (usize, usize) = (from.parse().ok()?, to.parse::<usize>().ok()?.min(bytes.len() - 1));
    let part = &bytes[from..=to];
    let etag = if matches!(behavior, ServerBehavior::Changing) { number } else { 0 };
    let head = format!(
        "206 Partial Content\r\ncontent-length: {}\r\ncontent-range: bytes {from}-{to}/{}\r\netag: \"{etag}\"",
        part.len(),
        bytes.len()
    );
    match behavior {
        ServerBehavior::Html => respond("200 OK\r\ncontent-type: text/html\r\ncontent-length: 6", b"<html>"),
        ServerBehavior::NoRanges => respond(&format!("200 OK\r\ncontent-length: {}", bytes.len()), &bytes),
        ServerBehavior::Unreliable if number % 5 == 4 => {
            respond("503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0", b"")
        }
        ServerBehavior::Unreliable if number % 3 == 2 => respond(&head, &part[..part.len() / 2]),
        _ => respond(&head, part),
    }
}

fn load(folder: &dyn Folder) -> Result<f64, secondpass::Error> {
    let engine = block_on(Engine::load(folder, LoadOptions::cpu(), &Observer::silent()))?;
    let request = RerankRequest::from_json(r#"{"query": "a ring", "documents": ["planet"]}"#).expect("a request");
    Ok(block_on(engine.rerank(&request, &Observer::silent()))?.results[0].relevance_score)
}

#[test]
fn a_model_under_a_url_scores_as_the_one_on_disk() {
    let want = load(&DirectoryFolder::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(MODEL))).expect("a score");
    for behavior in [ServerBehavior::Good, ServerBehavior::Unreliable] {
        assert_eq!(load(&UrlFolder::new(&serve(behavior))).expect("a score"), want);
    }
}

#[test]
fn errors_tell_what_the_server_does_wrong() {
    let error = |url: &str| load(&UrlFolder::new(url)).expect_err("an error");
    for (behavior, code, text) in [
        (ServerBehavior::NoRanges, "bad_response", "range requests"),
        (ServerBehavior::Html, "bad_response", "HTML page"),
        (ServerBehavior::Changing, "file_changed", "changed on the server"),
    ] {
        let error = error(&serve(behavior));
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    assert_eq!(error(&format!("{}/nothing", serve(ServerBehavior::Good))).code(), "not_found");
    // Nothing listens there any more.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    assert_eq!(error(&format!("http://127.0.0.1:{port}/model")).code(), "network");
}

#[test]
fn the_command_takes_urls_for_models_pictures_and_published_results() {
    let root = serve(ServerBehavior::Good).replace(MODEL, "");
    let run = |args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_secondpass")).args(args).output().expect("a run");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    for query in ["", "?download=true"] {
        let (status, output) = run(&["inspect", &format!("{root}tests/fixtures/gguf/output.gguf{query}")]);
        assert!(status == Some(0) && output.ends_with("It will run.\n"), "{output}");
    }
    // A request whose picture is at a URL.
    let folder = std::env::temp_dir().join(format!("secondpass-url-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let request = folder.join("request.json");
    let picture = format!("{root}tests/fixtures/vl/pictures/shapes.png");
    std::fs::write(&request, format!(r#"{{"query": "a shape", "documents": [{{"image": "{picture}"}}]}}"#))
        .expect("a request");
    let model = format!("{root}tests/fixtures/vl/vl-tied");
    let (status, output) = run(&["rerank", "--model", &model, "--request", &request.to_string_lossy()]);
    assert!(status == Some(0) && output.contains("relevance_score"), "{output}");
    std::fs::remove_dir_all(&folder).expect("nothing left");
    let (status, output) =
        run(&["verify", "--ids-only", "--model", &model, "--goldens", &format!("{root}nothing.json")]);
    assert!(status == Some(1) && output.contains("was not found"), "{output}");
}
