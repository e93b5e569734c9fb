//! The cells of one row.

use std::{fmt, ops::Index};

/// Cells of text, all in one: of a store's hundred columns many cells are empty, and a text each would take 24 bytes even
/// then.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Record {
    text: Box<str>,
    /// Where each cell ends.
    ends: Box<[u32]>,
}

impl Record {
    /// The cells in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|at| &self[at])
    }
}

impl Index<usize> for Record {
    type Output = str;

    fn index(&self, at: usize) -> &str {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[begin as usize..self.ends[at] as usize]
    }
}

impl<T: AsRef<str>> FromIterator<T> for Record {
    fn from_iter<I: IntoIterator<Item = T>>(cells: I) -> Record {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for cell in cells {
            let cell = cell.as_ref();
            // A row of 4 GiB comes from nowhere: what is read has bounds far below.
            if u32::try_from(text.len() + cell.len()).is_ok() {
                text.push_str(cell);
            }
            ends.push(text.len() as u32);
        }
        Record { text: text.into(), ends: ends.into() }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_apart() {
        let record: Record = ["", "a", "", "čtyři", ""].iter().collect();
        assert_eq!(record.iter().collect::<Vec<_>>(), ["", "a", "", "čtyři", ""]);
        assert_eq!((&record[0], &record[3]), ("", "čtyři"));
        assert_eq!(format!("{record:?}"), r#"["", "a", "", "čtyři", ""]"#);
        assert_ne!(["ab", ""].iter().collect::<Record>(), ["a", "b"].iter().collect());
        assert_eq!(Record::from_iter([""; 0]).iter().count(), 0);
    }
}
