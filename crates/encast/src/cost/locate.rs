//! The line of a TOML text on which a value stands.

use toml::de::{DeTable, DeValue};

/// Line, from 1, of a byte of the text.
pub(crate) fn line_of(text: &str, byte: usize) -> usize {
    text.as_bytes().iter().take(byte).filter(|&&b| b == b'\n').count() + 1
}

/// Line of the value at `path`, or of the deepest table above it that there is.
pub(crate) fn line_of_path(text: &str, path: &[&str]) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let mut table = root.get_ref();
    let mut found = None;
    for &name in path {
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref().as_ref() == name) else { break };
        found = Some(key.span().start);
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    found.map(|byte| line_of(text, byte))
}
