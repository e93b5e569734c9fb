//! Charts as SVG or PNG: what is drawn, and writing it to a file.
//!
//! A [`Figure`] of [`Chart`]s is laid out once into shapes (`layout`), which `svg` and `png` draw. Text is measured with
//! the embedded font, so that no font needs to be installed; the same figure gives the same bytes.

mod axis;
mod layout;
mod legend;
mod png;
mod scale;
mod shape;
mod svg;
mod text;

use std::{io::Write, path::Path};

pub use axis::Axis;

use crate::{failure::Failure, output::Replacement};

/// One or more charts, under one title and one legend. A label has the same colour in all of them.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// Above all; empty for none.
    pub title: String,
    /// Drawn row by row.
    pub panels: Vec<Chart>,
    /// Charts beside one another; 0 counts as 1. In one column, charts with equal x axes share their range and the
    /// numbers below the last.
    pub columns: usize,
}

/// One pair of axes and what is drawn between them.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// Above the axes; empty for none.
    pub title: String,
    /// The axis across.
    pub x: Axis,
    /// The axis up.
    pub y: Axis,
    /// Drawn in order, bands below all lines.
    pub series: Vec<Series>,
    /// Vertical lines.
    pub marks: Vec<Marks>,
}

/// Points of one label. A point that is not finite, or not above 0 on a log axis, is left out and breaks the line.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// In the legend; empty for no entry.
    pub label: String,
    /// x and y, in the order in which the line joins them.
    pub points: Vec<(f64, f64)>,
    /// Whether a line joins the points.
    pub line: bool,
    /// Whether each point is drawn; its form follows from the label, as the colour does.
    pub dots: bool,
    /// x, lower and upper end of an interval, in the order of x; empty for none.
    pub band: Vec<(f64, f64, f64)>,
}

/// Vertical lines of one meaning.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// In the legend; empty for no entry.
    pub label: String,
    /// Where, on the x axis.
    pub at: Vec<f64>,
    /// The label of the series they belong to, whose colour they take; otherwise grey.
    pub of: Option<String>,
}

/// What a file holds, by its name's ending.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Format {
    /// Vectors; text stays text.
    Svg,
    /// Pixels, two to a unit.
    Png,
}

impl Format {
    /// `.svg` or `.png` in any case; another ending is an error.
    pub fn of(path: &Path) -> Result<Format, Failure> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        match ending.as_str() {
            "svg" => Ok(Format::Svg),
            "png" => Ok(Format::Png),
            _ => Err(Failure::of_file(path, "a plot's name must end with .svg or .png")),
        }
    }
}

/// Checks, before the work, that a plot could be written there.
pub fn check_place(path: &Path) -> Result<(), Failure> {
    Format::of(path)?;
    Replacement::of(path).map(drop)
}

/// Draws the figure into the file, which is replaced as a whole or not at all.
pub fn write(path: &Path, figure: &Figure) -> Result<(), Failure> {
    let bytes = draw(Format::of(path)?, figure).map_err(|what| Failure::of_file(path, what))?;
    let mut file = Replacement::of(path)?;
    file.write_all(&bytes).map_err(|error| Failure::of_file(path, error))?;
    file.finish()
}

fn draw(format: Format, figure: &Figure) -> Result<Vec<u8>, String> {
    let font = text::Font::embedded()?;
    let scene = layout::scene(figure, &font);
    match format {
        Format::Svg => Ok(svg::draw(&scene).into_bytes()),
        Format::Png => png::draw(&scene, &font),
    }
}

#[cfg(test)]
mod tests;
