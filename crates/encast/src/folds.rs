//! Splits by title: rows of one title never sit on both sides.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// Titles as small numbers, in order of first appearance.
pub(crate) struct Titles {
    /// The title of each row.
    pub of_row: Vec<u32>,
    /// How many titles there are.
    pub count: usize,
    pub names: Vec<String>,
}

impl Titles {
    pub(crate) fn new<'a>(titles: impl Iterator<Item = &'a str>) -> Titles {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut names = Vec::new();
        let of_row = titles
            .map(|title| {
                *numbers.entry(title).or_insert_with(|| {
                    names.push(title.to_owned());
                    names.len() as u32 - 1
                })
            })
            .collect();
        Titles { of_row, count: names.len(), names }
    }

    /// The fold of each title: titles in order of the SHA-256 of `salt` and their name (ties by name), dealt out to
    /// `folds` in turn. The same titles always give the same folds, wherever they stand in a table.
    pub(crate) fn folds(&self, folds: usize, salt: &str) -> Vec<u32> {
        self.folds_of(&(0..self.count as u32).collect::<Vec<_>>(), folds, salt)
    }

    /// As [`folds`](Self::folds), dealing out only some of the titles; the others get fold 0.
    pub(crate) fn folds_of(&self, titles: &[u32], folds: usize, salt: &str) -> Vec<u32> {
        let mut order: Vec<(Vec<u8>, &str, usize)> = titles
            .iter()
            .map(|&title| {
                let name = self.names[title as usize].as_str();
                let hash = Sha256::new().chain_update(salt.as_bytes()).chain_update(name.as_bytes()).finalize();
                (hash.to_vec(), name, title as usize)
            })
            .collect();
        order.sort();
        let mut fold = vec![0; self.count];
        for (position, (_, _, title)) in order.into_iter().enumerate() {
            fold[title] = (position % folds) as u32;
        }
        fold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_do_not_depend_on_the_order_of_rows() {
        let names: Vec<String> = (0..23).map(|i| format!("title {i}")).collect();
        let forward = Titles::new(names.iter().map(String::as_str));
        let backward = Titles::new(names.iter().rev().map(String::as_str));
        let (f, b) = (forward.folds(5, ""), backward.folds(5, ""));
        for i in 0..23 {
            assert_eq!(f[i], b[22 - i]);
        }
        let mut sizes = [0; 5];
        f.iter().for_each(|&fold| sizes[fold as usize] += 1);
        assert_eq!(sizes.iter().max(), Some(&5));
        assert_eq!(sizes.iter().min(), Some(&4));
        assert_ne!(f, forward.folds(5, "another salt"));
    }
}
