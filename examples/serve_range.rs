//! Serves the plaintext of a sealed file over HTTP, whole or in ranges. Each request opens only the chunks
//! that it asks for.
//!
//! ```sh
//! fetool keygen -o keyfile
//! fetool seal -k @keyfile film.mp4 -o film.mp4.gfe
//! cargo run --example serve_range keyfile film.mp4.gfe 127.0.0.1:8080 &
//! curl -r 1000000-1999999 http://127.0.0.1:8080/ | wc -c
//! ```

use fetool::{Open, OpenAt, Secret};
use std::error::Error;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::thread;
use tiny_http::{Header, Request, Response, Server, StatusCode};

/// Requests that are answered at a time.
const THREADS: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [key, sealed, address] = &args[..] else {
        return Err("usage: serve_range KEYFILE FILE ADDRESS:PORT".into());
    };
    let key = Secret::key(std::fs::read(key)?);
    let plaintext = Open::new(&key).start_at(File::open(sealed)?)?;
    for warning in plaintext.warnings() {
        eprintln!("{sealed}: warning: {warning}");
    }
    // The last chunk is opened as the last: from here on the length is authentic.
    let len = plaintext.plaintext_len()?;
    let server = Server::http(address.as_str()).map_err(|error| error.to_string())?;
    eprintln!("{len} bytes at http://{}/", server.server_addr());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for request in server.incoming_requests() {
                    // All readers share the file and the chunks that were opened last.
                    if let Err(error) = answer(request, plaintext.clone(), len) {
                        eprintln!("{error}");
                    }
                }
            });
        }
    });
    Ok(())
}

/// Answers with the bytes that are asked for. If a chunk of them is not authentic, the connection ends before
/// it, and the client sees that bytes are missing.
fn answer(request: Request, mut plaintext: OpenAt<File>, len: u64) -> Result<(), Box<dyn Error>> {
    let mut headers = vec![header("Accept-Ranges", "bytes")];
    let asked = request.headers().iter();
    let asked = asked.filter(|header| header.field.equiv("Range"));
    let asked = asked.filter_map(|header| wanted(header.value.as_str(), len));
    let (status, range) = match { asked }.next_back() {
        None => (StatusCode(200), 0..len),
        Some(range) if range.is_empty() => {
            headers.push(header("Content-Range", &format!("bytes */{len}")));
            (StatusCode(416), 0..0)
        }
        Some(range) => {
            let part = format!("bytes {}-{}/{len}", range.start, range.end - 1);
            headers.push(header("Content-Range", &part));
            (StatusCode(206), range)
        }
    };
    plaintext.seek(SeekFrom::Start(range.start))?;
    let count = range.end - range.start;
    let body = plaintext.take(count);
    let body = Response::new(status, headers, body, Some(usize::try_from(count)?), None)
        // No chunked encoding: its end would make a file look whole that is not.
        .with_chunked_threshold(usize::MAX);
    Ok(request.respond(body)?)
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).expect("both are ASCII")
}

/// The range that a `Range` header means: none if it is to be ignored, an empty one if the file has no byte
/// of it.
fn wanted(header: &str, len: u64) -> Option<Range<u64>> {
    let (first, last) = header.strip_prefix("bytes=")?.trim().split_once('-')?;
    let range = match (first, last) {
        ("", last) => len.saturating_sub(last.parse().ok()?)..len,
        (first, "") => first.parse().ok()?..len,
        (first, last) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(len)
        }
    };
    Some(if range.start < range.end { range } else { 0..0 })
}
