//! Rate–quality curves of a measured table, as a plot.

use std::collections::BTreeSet;

use super::row::Row;
use crate::plot::{Axis, Chart, Figure, Series};

/// Panels that can still be read.
const MOST_TITLES: usize = 24;
/// Colours that can still be told apart; beyond, presets of an encoder share one.
const MOST_LABELS: usize = 10;

/// One panel a title: VMAF over bitrate, a line for each encoder, preset, size and rate control. Returns the figure and how
/// many titles it has no room for.
pub fn figure(rows: &[Row]) -> (Figure, usize) {
    let drawn: Vec<&Row> = rows.iter().filter(|row| row.bitrate_kbps.is_some() && row.vmaf.is_some()).collect();
    let mut titles: Vec<&str> = Vec::new();
    for row in &drawn {
        if !titles.contains(&row.title.as_str()) {
            titles.push(&row.title);
        }
    }
    let presets: BTreeSet<String> = drawn.iter().map(|row| with_preset(row)).collect();
    let label = |row: &Row| if presets.len() > MOST_LABELS { row.encoder.clone() } else { with_preset(row) };
    let left_out = titles.len().saturating_sub(MOST_TITLES);
    titles.truncate(MOST_TITLES);
    let panels: Vec<Chart> = titles
        .iter()
        .map(|title| {
            let of_title: Vec<&Row> = drawn.iter().copied().filter(|row| row.title == *title).collect();
            Chart {
                title: (*title).to_owned(),
                x: Axis::log("bitrate, kbit/s"),
                y: Axis::linear("VMAF").from(0.0).to(100.0),
                series: curves(&of_title, &label),
                marks: Vec::new(),
            }
        })
        .collect();
    let columns = (panels.len() as f64).sqrt().ceil() as usize;
    (Figure { title: "Measured rate and quality".to_owned(), panels, columns }, left_out)
}

fn with_preset(row: &Row) -> String {
    format!("{} {}", row.encoder, row.preset)
}

fn curves(rows: &[&Row], label: &dyn Fn(&Row) -> String) -> Vec<Series> {
    let same = |a: &Row, b: &Row| {
        let of = |row: &Row| {
            (row.encoder.clone(), row.preset.clone(), row.engine.clone(), row.clip.clone(), row.rate_control.clone())
        };
        let sized = |row: &Row| (row.resolution_width, row.resolution_height, row.frame_drop.map(f64::to_bits));
        of(a) == of(b) && sized(a) == sized(b)
    };
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|group| same(group[0], row)) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    let series = |group: Vec<&Row>| {
        let mut points: Vec<(f64, f64)> = group.iter().filter_map(|row| Some((row.bitrate_kbps?, row.vmaf?))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Series { label: label(group[0]), points, line: true, dots: true, band: Vec::new() }
    };
    groups.into_iter().map(series).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_joins_what_differs_only_in_rate() {
        let row = |title: &str, encoder: &str, height: u64, kbps: f64| Row {
            title: title.to_owned(),
            encoder: encoder.to_owned(),
            preset: "medium".to_owned(),
            resolution_height: Some(height),
            bitrate_kbps: Some(kbps),
            vmaf: Some(kbps / 10.0),
            ..Row::default()
        };
        let failed = Row { vmaf: None, ..row("a", "x", 720, 1.0) };
        let rows = [
            row("a", "x", 720, 800.0),
            row("a", "x", 720, 200.0),
            row("a", "x", 360, 100.0),
            failed,
            row("b", "y", 720, 5.0),
        ];
        let (figure, left_out) = figure(&rows);
        assert_eq!((figure.panels.len(), left_out), (2, 0));
        let series = &figure.panels[0].series;
        assert_eq!(series.len(), 2);
        assert_eq!(series[0].points, [(200.0, 20.0), (800.0, 80.0)], "in the order of their bitrates");
        assert_eq!((series[0].label.as_str(), series[1].points.len()), ("x medium", 1));
    }
}
