//! Parts the rows of a leaf in two.

use super::histogram::Histogram;
use super::parallel::Crew;
use super::sample::Table;
use super::split::Split;

/// Rows that one thread takes at a time; leaves with fewer than two such chunks are not spread.
pub(super) const CHUNK: usize = 1 << 13;

/// Rows whose bins are fetched together.
const GATHER: usize = 256;

/// Which rows go left.
pub(crate) struct Parting<'a> {
    table: &'a Table<'a>,
    column: usize,
    bin: u8,
    /// The bin of missing values where they go left, otherwise again the last bin that does.
    missing: u8,
}

impl<'a> Parting<'a> {
    /// The rows that a split sends left.
    pub(crate) fn new(table: &'a Table<'a>, split: &Split) -> Self {
        let missing = table.columns[split.column].missing() as u8;
        let missing = if split.missing_left { missing } else { split.bin };
        Self { table, column: split.column, bin: split.bin, missing }
    }

    /// Moves the entries that go left to the front, both sides in their old order, and says how many there are.
    fn part<H: Histogram>(&self, entries: &mut [H::Entry], spare: &mut [H::Entry]) -> usize {
        let width = self.table.columns.len();
        let (mut lefts, mut rights) = (0, 0);
        let mut bins = [0; GATHER];
        for first in (0..entries.len()).step_by(GATHER) {
            let end = entries.len().min(first + GATHER);
            // Bins are fetched ahead of all that depends on them: the reads from memory then overlap.
            for (bin, &entry) in bins.iter_mut().zip(&entries[first..end]) {
                *bin = self.table.bins[H::row(entry) * width + self.column];
            }
            for (i, bin) in (first..end).zip(bins) {
                let entry = entries[i];
                let left = (bin <= self.bin) | (bin == self.missing);
                entries[lefts] = entry;
                spare[rights] = entry;
                lefts += usize::from(left);
                rights += usize::from(!left);
            }
        }
        entries[lefts..].copy_from_slice(&spare[..rights]);
        lefts
    }
    /// The same, on several threads when there is much to do: says also whether `spare` holds the entries then.
    pub(crate) fn spread<H: Histogram>(
        &self,
        entries: &mut [H::Entry],
        spare: &mut [H::Entry],
        crew: &Crew,
    ) -> (usize, bool) {
        if crew.threads() == 1 || entries.len() < 2 * CHUNK {
            return (self.part::<H>(entries, spare), false);
        }
        // Each chunk is parted where it stands; then its two halves are copied to their places in the other list.
        let mut lefts = vec![0; entries.len().div_ceil(CHUNK)];
        let chunks = entries.chunks_mut(CHUNK).zip(spare.chunks_mut(CHUNK)).zip(&mut lefts);
        crew.each(chunks, |((entries, spare), lefts)| *lefts = self.part::<H>(entries, spare));
        let all: usize = lefts.iter().sum();
        let (mut left, mut right) = spare.split_at_mut(all);
        let mut moves = Vec::with_capacity(2 * lefts.len());
        for (chunk, &lefts) in entries.chunks(CHUNK).zip(&lefts) {
            let (to_left, to_right) = chunk.split_at(lefts);
            moves.push((to_left, left.split_off_mut(..to_left.len())));
            moves.push((to_right, right.split_off_mut(..to_right.len())));
        }
        crew.each(moves.into_iter(), |(from, to)| {
            if let Some(to) = to {
                to.copy_from_slice(from);
            }
        });
        (all, true)
    }
}
