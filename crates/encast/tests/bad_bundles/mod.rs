//! Bundles that are none, for testdata/bad/: each is made of the good ones, with one thing wrong, and kept small.
use encast::Model;
use serde_json::{Value, json};

use crate::operations::error_of;

/// The start of a good bundle as a whole file: its length and its checksum are right.
fn whole(good: &[u8], length: usize, head_length: u64) -> Vec<u8> {
    let mut bytes = good[..length].to_vec();
    bytes[16..24].copy_from_slice(&(length as u64).to_le_bytes());
    bytes[24..32].copy_from_slice(&head_length.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[16..]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// The files by their names, made of a good bundle in both encodings.
pub fn files(binary: &[u8], text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let changed = |at: usize, bytes: &[u8]| {
        let mut start = binary[..64].to_vec();
        start[at..at + bytes.len()].copy_from_slice(bytes);
        start
    };
    let mut flipped = whole(binary, 400, 368);
    flipped[300] ^= 1;
    let document: Value = serde_json::from_slice(text).unwrap();
    let with = |name: &str, value: Value| {
        let mut document = document.clone();
        document["models"] = json!([]);
        document[name] = value;
        serde_json::to_vec(&document).unwrap()
    };
    vec![
        ("empty.encast", Vec::new()),
        ("header.encast", binary[..10].to_vec()),
        ("truncated.encast", binary[..200].to_vec()),
        ("truncated-head.encast", whole(binary, 400, 4000)),
        ("magic.encast", changed(1, b"O")),
        ("checksum.encast", flipped),
        ("corrupt-head.encast", whole(binary, 400, 368)),
        ("behind-the-end.encast", changed(16, &40_u64.to_le_bytes())),
        ("newer.encast", changed(8, &99_u32.to_le_bytes())),
        ("version-0.encast", changed(8, &0_u32.to_le_bytes())),
        ("oversized-claim.encast", changed(16, &(1_u64 << 62).to_le_bytes())),
        ("oversized-head.encast", whole(binary, 64, u64::MAX)),
        ("newer.json", with("format_version", 99.into())),
        ("value.json", with("trained_at", "not a time".into())),
        ("no-models.json", with("models", json!([]))),
        ("syntax.json", br#"{"format_version": 1, "models": [1, 2,, 3]}"#.to_vec()),
        ("truncated.json", text[..200].to_vec()),
        ("text.json", b"no bundle at all".to_vec()),
    ]
}

/// What this build says of a file.
pub fn case(file: &str, bytes: &[u8]) -> Value {
    let mut case = error_of(&Model::from_bytes(bytes).unwrap_err());
    case.insert("file".to_owned(), file.into());
    Value::Object(case)
}
