//! Where errors lie: by codec and size, by title, by confidence.

use std::collections::BTreeMap;

use crate::{
    evaluation::{Breakdown, CellFigures, ConfidenceFigures, TitleFigures},
    figures::Judged,
    target::Target,
};

/// Rows from which a cell is held to the promise of the intervals.
const ROWS_OF_A_CELL: usize = 100;
/// Titles that are named.
const WORST_TITLES: usize = 10;
/// VMAF points that make one just-noticeable difference.
const NOTICEABLE: f64 = 6.0;

/// Breaks the errors of one target down. `names` are the titles' names by their numbers.
pub(crate) fn breakdown(target: Target, rows: &[Judged], names: &[String]) -> Breakdown {
    Breakdown {
        cells: cells(rows),
        worst_titles: worst_titles(rows, names),
        by_confidence: if target == Target::Vmaf { by_confidence(rows) } else { Vec::new() },
    }
}

/// The cell that is covered least, of those with enough rows.
pub(crate) fn worst_cell(rows: &[Judged]) -> Option<CellFigures> {
    let large = cells(rows).into_iter().filter(|cell| cell.rows >= ROWS_OF_A_CELL);
    large.min_by(|a, b| a.coverage.total_cmp(&b.coverage))
}

fn error(row: &Judged) -> f64 {
    row.estimate.value - row.measured
}

fn mean(rows: &[&Judged], f: impl Fn(&Judged) -> f64) -> f64 {
    rows.iter().map(|row| f(row)).sum::<f64>() / rows.len().max(1) as f64
}

fn cells(rows: &[Judged]) -> Vec<CellFigures> {
    let mut by_cell: BTreeMap<_, Vec<&Judged>> = BTreeMap::new();
    rows.iter().for_each(|row| by_cell.entry(row.cell).or_default().push(row));
    let figures = by_cell.into_iter().map(|(cell, rows)| {
        let mut titles: Vec<u32> = rows.iter().map(|row| row.title).collect();
        titles.sort_unstable();
        titles.dedup();
        CellFigures {
            cell: cell.to_string(),
            rows: rows.len(),
            titles: titles.len(),
            mae: mean(&rows, |row| error(row).abs()),
            coverage: mean(&rows, |row| f64::from(row.held())),
        }
    });
    figures.collect()
}

fn worst_titles(rows: &[Judged], names: &[String]) -> Vec<TitleFigures> {
    let mut by_title: BTreeMap<u32, Vec<&Judged>> = BTreeMap::new();
    rows.iter().for_each(|row| by_title.entry(row.title).or_default().push(row));
    let mut titles: Vec<TitleFigures> = by_title
        .into_iter()
        .map(|(title, rows)| TitleFigures {
            title: names.get(title as usize).cloned().unwrap_or_default(),
            rows: rows.len(),
            mae: mean(&rows, |row| error(row).abs()),
            bias: mean(&rows, error),
        })
        .collect();
    titles.sort_by(|a, b| b.mae.total_cmp(&a.mae));
    titles.truncate(WORST_TITLES);
    titles
}

fn by_confidence(rows: &[Judged]) -> Vec<ConfidenceFigures> {
    let mut rows: Vec<&Judged> = rows.iter().collect();
    rows.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
    let part = |tenth: usize| &rows[rows.len() * tenth / 10..rows.len() * (tenth + 1) / 10];
    let tenths = (0..10).map(part).filter(|part| !part.is_empty()).map(|part| ConfidenceFigures {
        confidence: mean(part, |row| row.confidence),
        rows: part.len(),
        mae: mean(part, |row| error(row).abs()),
        within_6: mean(part, |row| f64::from(error(row).abs() <= NOTICEABLE)),
    });
    tenths.collect()
}
