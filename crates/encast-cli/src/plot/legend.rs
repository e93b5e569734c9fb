//! The legend: every label once, in rows below the title.

use super::{
    Figure,
    shape::{Anchor, GREY, Look, Shape},
    text::Font,
};

const SIZE: f64 = 12.0;
const ROW: f64 = 18.0;
/// The sample before a label.
const SAMPLE: f64 = 24.0;
/// Between entries, and after the sample.
const GAP: (f64, f64) = (20.0, 6.0);
/// Other fonts, in SVG, may be wider.
const SLACK: f64 = 1.06;

/// One entry.
struct Entry<'a> {
    label: &'a str,
    look: Look,
    line: bool,
    dots: bool,
    band: bool,
    mark: bool,
}

/// The labels of a figure; a label's number is its look.
pub struct Legend<'a> {
    labels: Vec<&'a str>,
    entries: Vec<Entry<'a>>,
}

impl<'a> Legend<'a> {
    /// Collects the labels.
    pub fn of(figure: &'a Figure) -> Legend<'a> {
        let mut legend = Legend { labels: Vec::new(), entries: Vec::new() };
        for series in figure.panels.iter().flat_map(|chart| &chart.series) {
            if !legend.labels.contains(&series.label.as_str()) {
                legend.labels.push(&series.label);
            }
            let look = legend.look(&series.label);
            let entry = legend.entry(&series.label, look);
            entry.line |= series.line;
            entry.dots |= series.dots;
            entry.band |= !series.band.is_empty();
        }
        for marks in figure.panels.iter().flat_map(|chart| &chart.marks).filter(|marks| !marks.at.is_empty()) {
            // One entry for all of a label, whatever their colours.
            let look = legend.look_of_marks(None);
            legend.entry(&marks.label, look).mark = true;
        }
        legend.entries.retain(|entry| !entry.label.is_empty());
        legend
    }

    fn entry(&mut self, label: &'a str, look: Look) -> &mut Entry<'a> {
        let at = self.entries.iter().position(|entry| entry.label == label).unwrap_or(self.entries.len());
        if at == self.entries.len() {
            self.entries.push(Entry { label, look, line: false, dots: false, band: false, mark: false });
        }
        &mut self.entries[at]
    }

    /// How a label looks.
    pub fn look(&self, label: &str) -> Look {
        Look::of(self.labels.iter().position(|known| *known == label).unwrap_or(0))
    }

    /// How vertical lines look.
    pub fn look_of_marks(&self, of: Option<&str>) -> Look {
        match of {
            Some(label) => Look { dash: MARK, ..self.look(label) },
            None => Look { colour: GREY, dash: MARK, ..Look::of(0) },
        }
    }

    /// Draws it from a place to the right, at most so wide; returns the height.
    pub fn draw(&self, (left, top): (f64, f64), width: f64, font: &Font, shapes: &mut Vec<Shape>) -> f64 {
        let (mut x, mut row) = (left, 0.0);
        for entry in &self.entries {
            let label = font.shortened(entry.label, SIZE, (width - SAMPLE - GAP.1) / SLACK);
            let sample = entry.sample_width();
            let length = sample + GAP.1 + font.width(&label, SIZE) * SLACK;
            if x > left && x + length > left + width {
                (x, row) = (left, row + 1.0);
            }
            let middle = top + (row + 0.5) * ROW;
            entry.sample(x, middle, shapes);
            let place = (x + sample + GAP.1, middle + SIZE * 0.36);
            shapes.push(Shape::Text { place, text: label, size: SIZE, anchor: Anchor::Start, upwards: false });
            x += length + GAP.0;
        }
        if self.entries.is_empty() { 0.0 } else { (row + 1.0) * ROW }
    }
}

/// Of vertical lines.
const MARK: &[f64] = &[3.0, 3.0];

impl Entry<'_> {
    /// A mark is narrow.
    fn sample_width(&self) -> f64 {
        if self.line || self.dots || self.band { SAMPLE } else { SAMPLE / 3.0 }
    }

    fn sample(&self, x: f64, middle: f64, shapes: &mut Vec<Shape>) {
        let Look { colour, dash, .. } = self.look;
        let centre = x + self.sample_width() / 2.0;
        if self.band {
            let (top, bottom) = (middle - 6.0, middle + 6.0);
            let corners = vec![(x, top), (x + SAMPLE, top), (x + SAMPLE, bottom), (x, bottom)];
            shapes.push(Shape::Area { corners, colour, opacity: super::layout::BAND });
        }
        if self.line {
            shapes.push(Shape::Line { points: vec![(x, middle), (x + SAMPLE, middle)], colour, width: 2.0, dash });
        }
        if self.mark {
            let points = vec![(centre, middle - 7.5), (centre, middle + 7.5)];
            shapes.push(Shape::Line { points, colour, width: super::layout::MARK_WIDTH, dash: MARK });
        }
        if self.dots {
            shapes.push(self.look.dot((centre, middle)));
        }
    }
}
