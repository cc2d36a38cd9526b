//! `inspect --json`: one line of valid JSON whatever the file, in which the numbers fit together.

use super::choices::Choices;
use super::json::{Json, JsonFault, hex};
use super::secret::secret;
use fetool::format::FORMATS;
use fetool::{Error, Inspect, Inspected, Open, Possible, status};
use serde_json::Value;
use std::io::Cursor;

pub fn inspect_json(input: &[u8]) {
    let mut choices = Choices::new(input);
    let kind = choices.byte();
    let (mut path, mut format, mut detached) = (String::new(), None, None);
    if kind & 1 != 0 {
        let len = choices.below(40);
        path = String::from_utf8_lossy(choices.up_to(len)).into_owned();
    }
    if kind & 2 != 0 {
        format = Some(choices.one_of(FORMATS));
    }
    if kind & 4 != 0 {
        let len = choices.below(512);
        detached = Some(choices.up_to(len));
    }
    let file = choices.rest();
    let inspect = || Inspect::new().format(format).detached_header(detached);
    let stream = inspect().run(file);
    let seekable = inspect().run_seekable(Cursor::new(file));
    let found = agreed(&stream, &seekable, file);
    match found {
        Ok(mut inspected) => {
            let mut reading = None;
            let verify = kind & 8 != 0;
            if verify {
                let secret = secret();
                let open = Open::new(&secret)
                    .format(
                        FORMATS
                            .iter()
                            .copied()
                            .find(|f| f.name() == inspected.format),
                    )
                    .detached_header(detached);
                // Fails where the fault is not the file's; then nothing is printed but that.
                match inspected.checked(open.check(file)) {
                    Ok(checked) => reading = checked,
                    Err(_) => return,
                }
            }
            let mut json = Json::of(&path, &inspected);
            json.verified = verify.then_some(reading.is_some());
            json.reading = reading.as_deref();
            let object = parsed(&json.line(), &path);
            fits(&object, &inspected, detached.is_some(), file);
        }
        Err(error) => {
            let possible: &[Possible] = match error {
                Error::UnknownFormat(unknown) => &unknown.possible,
                _ => &[],
            };
            let message = error.to_string();
            let mut json = Json::possible(&path, possible);
            json.fault = Some(JsonFault {
                status: error.status(),
                offset: None,
                message: &message,
            });
            let object = parsed(&json.line(), &path);
            assert_eq!(object["fault"]["message"], message);
            assert_eq!(
                object["possible"].as_array().map(Vec::len),
                Some(possible.len())
            );
        }
    }
}

/// A stream and a file are inspected alike; only how long a broken one is, the stream does not know.
fn agreed<'a>(
    stream: &'a Result<Inspected, Error>,
    seekable: &'a Result<Inspected, Error>,
    file: &[u8],
) -> Result<Inspected, &'a Error> {
    match (stream, seekable) {
        (Ok(stream), Ok(seekable)) => {
            let mut same = stream.clone();
            same.sealed_len = seekable.sealed_len;
            assert_eq!(format!("{same:?}"), format!("{seekable:?}"));
            assert_eq!(seekable.sealed_len, Some(file.len() as u64));
            assert_eq!(stream.sealed_len.is_none(), stream.fault.is_some());
            Ok(stream.clone())
        }
        (Err(stream), Err(seekable)) => {
            assert_eq!(format!("{stream:?}"), format!("{seekable:?}"));
            Err(stream)
        }
        _ => panic!("{stream:?}, but {seekable:?}"),
    }
}

/// The object of one line.
fn parsed(line: &str, path: &str) -> Value {
    let object = line.strip_suffix('\n').expect("a line");
    assert!(!object.contains('\n'), "more than a line");
    let object: Value = serde_json::from_str(object).expect("JSON");
    assert_eq!(object.as_object().map(serde_json::Map::len), Some(30));
    assert_eq!(object["path"], path);
    object
}

fn fits(object: &Value, inspected: &Inspected, detached: bool, file: &[u8]) {
    let number = |name: &str| object[name].as_u64();
    let header = number("header_size").expect("its length");
    let mut shown = String::new();
    for field in object["header"].as_array().expect("fields") {
        assert_eq!(field["offset"], shown.len() / 2);
        let digits = field["hex"].as_str().expect("hexadecimal digits");
        assert_eq!(field["size"], digits.len() / 2);
        shown += digits;
    }
    assert_eq!(shown.len() as u64, 2 * header);
    if !detached {
        assert_eq!(shown, hex(&file[..header as usize]));
    }
    let plaintext = number("plaintext_size").expect("how much is in it");
    assert!(plaintext <= file.len() as u64);
    assert_eq!(number("chunks"), Some(inspected.chunks));
    match number("sealed_size") {
        Some(sealed) => assert_eq!(number("overhead"), sealed.checked_sub(plaintext)),
        None => assert!(object["fault"].is_object()),
    }
    if let Some(fault) = object["fault"].as_object() {
        let of_files = [status::KEY, status::FORMAT, status::TRUNCATED];
        let said = fault["status"].as_u64().expect("a status");
        assert!(of_files.map(u64::from).contains(&said), "{fault:?}");
        // A file in which nothing is authenticated is no worse in one place than in another.
        match fault["offset"].as_u64() {
            Some(offset) => assert!(offset <= file.len() as u64, "{fault:?}"),
            None => assert_eq!(said, u64::from(status::KEY), "{fault:?}"),
        }
    }
}
