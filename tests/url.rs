//! Models loaded by URL from a server on loopback, with range requests, and from servers that misbehave.

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

/// How the server answers.
#[derive(Clone, Copy)]
enum Behaviour {
    Good,
    /// Every third response is cut off halfway, and every fifth request gets status 503.
    Unreliable,
    /// Ignores ranges and sends the whole file.
    NoRanges,
    /// Answers every request with an HTML page.
    Html,
    /// Sends another ETag with every response.
    Changing,
}

fn serve(behaviour: Behaviour) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/models/{MODEL}", listener.local_addr().expect("an address"));
    let asked = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let asked = asked.clone();
            std::thread::spawn(move || answer(stream, behaviour, &asked));
        }
    });
    url
}

/// Serves one request per connection.
fn answer(mut stream: TcpStream, behaviour: Behaviour, asked: &AtomicUsize) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.trim_start_matches("/models/").to_owned();
    let range = lines
        .take_while(|l| !l.is_empty())
        .find_map(|l| l.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    let number = asked.fetch_add(1, Ordering::Relaxed);
    let mut respond = |head: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok()
    };
    let Ok(bytes) = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)) else {
        return respond("404 Not Found\r\ncontent-length: 0", b"");
    };
    let Some((from, to)) = range.as_deref().and_then(|range| range.split_once('-')) else {
        return respond(&format!("200 OK\r\ncontent-length: {}", bytes.len()), &bytes);
    };
    let (from, to): (usize, usize) = (from.parse().ok()?, to.parse::<usize>().ok()?.min(bytes.len() - 1));
    let part = &bytes[from..=to];
    let etag = if matches!(behaviour, Behaviour::Changing) { number } else { 0 };
    let head = format!(
        "206 Partial Content\r\ncontent-length: {}\r\ncontent-range: bytes {from}-{to}/{}\r\netag: \"{etag}\"",
        part.len(),
        bytes.len()
    );
    match behaviour {
        Behaviour::Html => respond("200 OK\r\ncontent-type: text/html\r\ncontent-length: 6", b"<html>"),
        Behaviour::NoRanges => respond(&format!("200 OK\r\ncontent-length: {}", bytes.len()), &bytes),
        Behaviour::Unreliable if number % 5 == 4 => {
            respond("503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0", b"")
        }
        Behaviour::Unreliable if number % 3 == 2 => respond(&head, &part[..part.len() / 2]),
        _ => respond(&head, part),
    }
}

fn load(folder: &dyn Folder) -> Result<f64, secondpass::Error> {
    let engine = block_on(Engine::load(folder, LoadOptions::cpu(), &Observer::silent()))?;
    let request = RerankRequest::from_json(r#"{"query": "a ring", "documents": ["planet"]}"#).expect("a request");
    Ok(block_on(engine.rerank(&request, &Observer::silent()))?.results[0].relevance_score)
}

#[test]
fn a_model_from_a_url_scores_like_the_one_on_disk() {
    let want = load(&DirectoryFolder::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(MODEL))).expect("a score");
    for behaviour in [Behaviour::Good, Behaviour::Unreliable] {
        assert_eq!(load(&UrlFolder::new(&serve(behaviour))).expect("a score"), want);
    }
}

#[test]
fn errors_name_what_the_server_did_wrong() {
    let error = |url: &str| load(&UrlFolder::new(url)).expect_err("an error");
    for (behaviour, code, message) in [
        (Behaviour::NoRanges, "bad_response", "range requests"),
        (Behaviour::Html, "bad_response", "HTML page"),
        (Behaviour::Changing, "file_changed", "changed on the server"),
    ] {
        let error = error(&serve(behaviour));
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
    assert_eq!(error(&format!("{}/nothing", serve(Behaviour::Good))).code(), "not_found");
    // The listener is dropped, so nothing listens on this port.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    assert_eq!(error(&format!("http://127.0.0.1:{port}/model")).code(), "network");
}

#[test]
fn the_command_accepts_urls_for_models_pictures_and_published_results() {
    let root = serve(Behaviour::Good).replace(MODEL, "");
    let run = |args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_secondpass")).args(args).output().expect("a run");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (status, printed) = run(&["inspect", &format!("{root}tests/fixtures/gguf/output.gguf")]);
    assert!(status == Some(0) && printed.ends_with("It will run.\n"), "{printed}");
    // The request file is in an empty folder, so the picture can only come from the network.
    let folder = std::env::temp_dir().join(format!("secondpass-url-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let request = folder.join("request.json");
    let picture = format!("{root}tests/fixtures/vl/pictures/shapes.png");
    std::fs::write(&request, format!(r#"{{"query": "a shape", "documents": [{{"image": "{picture}"}}]}}"#))
        .expect("a request");
    let model = format!("{root}tests/fixtures/vl/vl-tied");
    let (status, printed) = run(&["rerank", "--model", &model, "--request", &request.to_string_lossy()]);
    assert!(status == Some(0) && printed.contains("relevance_score"), "{printed}");
    std::fs::remove_dir_all(&folder).expect("removed");
    let (status, printed) =
        run(&["verify", "--ids-only", "--model", &model, "--goldens", &format!("{root}nothing.json")]);
    assert!(status == Some(1) && printed.contains("was not found"), "{printed}");
}
