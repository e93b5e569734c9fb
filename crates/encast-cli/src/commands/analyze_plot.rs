//! The plot of `encast analyze`: SI, TI, E and h over time, with the scene cuts.

use super::{
    analyze_curve::{Curve, Times},
    analyze_input::Analysed,
};
use crate::plot::{Axis, Chart, Figure, Marks, Series};

/// Clips in one plot, at most: more lines can't be told apart.
pub const MOST_CLIPS: usize = 12;
/// Label of each panel's axis, in the order of a curve's figures.
const PANELS: [&str; 4] = ["SI (8-bit luma)", "TI (8-bit luma)", "E (VCA)", "h (VCA)"];

/// What a plot needs of one clip.
pub struct Line {
    name: String,
    curve: Curve,
    cuts: Vec<u64>,
    frame_rate: Option<f64>,
    times: Option<Times>,
}

impl Line {
    /// Takes it out of an analysed clip; `None` when its frames were not kept.
    pub fn of(name: String, analysed: &mut Analysed) -> Option<Line> {
        let (cuts, frame_rate) = (analysed.summary.cuts.clone(), analysed.summary.frame_rate);
        Some(Line { name, curve: analysed.curve.take()?, cuts, frame_rate, times: analysed.times.take() })
    }

    /// Where a frame stands on the x axis.
    fn place(&self, frame: f64, in_time: bool) -> f64 {
        match (&self.times, self.frame_rate) {
            _ if !in_time => frame,
            (Some(times), _) => times.at(frame),
            (None, Some(rate)) => frame / rate,
            (None, None) => f64::NAN,
        }
    }
}

/// One panel a figure, one colour a clip. Over time, or over frames when a clip's frame rate is not known.
pub fn figure(mut lines: Vec<Line>) -> Figure {
    name_apart(&mut lines);
    let alone = lines.len() == 1;
    let in_time = lines.iter().all(|line| line.frame_rate.is_some());
    let mut label = if in_time { "time (s)" } else { "frame" }.to_owned();
    let longest = lines.iter().map(|line| line.curve.figures().run_length()).max().unwrap_or(1);
    if longest > 1 {
        let up_to = if alone { "" } else { "up to " };
        label.push_str(&format!("; a point is the mean of {up_to}{longest} frames"));
    }
    let panel = |(figure, name): (usize, &&str)| {
        let series = lines.iter().map(|line| {
            let figures = line.curve.figures();
            let places = figures.middles().map(|middle| line.place(middle, in_time));
            Series {
                label: if alone { String::new() } else { line.name.clone() },
                points: places.zip(figures.means().map(|means| means[figure])).collect(),
                line: true,
                ..Series::default()
            }
        });
        let marks = lines.iter().map(|line| Marks {
            label: if alone { "scene cut" } else { "scene cut, in its clip's colour" }.to_owned(),
            at: line.cuts.iter().map(|cut| line.place(*cut as f64, in_time)).collect(),
            of: (!alone).then(|| line.name.clone()),
        });
        let (x, y) = (Axis::linear(label.clone()).from(0.0), Axis::linear(*name).from(0.0));
        Chart { title: String::new(), x, y, series: series.collect(), marks: marks.collect() }
    };
    let title = match lines.as_slice() {
        [line] => format!("Complexity of {}", line.name),
        lines => format!("Complexity of {} clips", lines.len()),
    };
    Figure { title, panels: PANELS.iter().enumerate().map(panel).collect(), columns: 1 }
}

/// Numbers clips of the same name.
fn name_apart(lines: &mut [Line]) {
    for n in 1..lines.len() {
        let (before, name, mut count) = (n, lines[n].name.clone(), 1);
        while lines[..before].iter().any(|line| line.name == lines[n].name) {
            count += 1;
            lines[n].name = format!("{name} ({count})");
        }
    }
}
