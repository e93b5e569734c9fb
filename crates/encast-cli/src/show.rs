//! Tables and numbers for people.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use encast::{Estimate, Target, TargetFigures};

/// One line under the header, none elsewhere.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// What stands where there is no number.
pub const NONE: &str = "–";

/// A table as text. The first `left` columns hold words, the others numbers; of these, one without any number is left
/// out.
pub fn table(header: &[&str], left: usize, mut rows: Vec<Vec<String>>) -> String {
    let shown: Vec<usize> = (0..header.len())
        .filter(|&column| column < left || rows.iter().any(|row| row.get(column).is_some_and(|cell| cell != NONE)))
        .collect();
    let mut table = Table::new();
    table.load_style(STYLE).set_header(shown.iter().map(|&column| header[column]));
    for row in &mut rows {
        table.add_row(shown.iter().map(|&column| row.get_mut(column).map(std::mem::take).unwrap_or_default()));
    }
    for column in table.column_iter_mut().skip(left) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = String::new();
    for line in table.lines() {
        // The style pads every cell by one space.
        text.push_str(line.strip_prefix([' ', '─']).unwrap_or(&line).trim_end());
        text.push('\n');
    }
    text
}

/// Names and values, one line each.
pub fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    pairs.iter().map(|(name, value)| format!("{name:<width$}  {value}\n")).collect()
}

/// A forecast with its interval.
pub fn with_interval(e: &Estimate) -> String {
    format!("{} ({} to {})", number(e.value), number(e.lower), number(e.upper))
}

/// A number with four significant digits, and all digits before the point; a whole number as it is.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    if value.abs() < 1e6 && value == value.round() {
        return format!("{value}");
    }
    let magnitude = value.abs().log10().floor() as i32;
    if magnitude < -6 {
        return format!("{value:.3e}");
    }
    let places = usize::try_from(3 - magnitude).unwrap_or(0);
    format!("{value:.places$}")
}

/// A number, or a dash where there is none.
pub fn number_or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), number)
}

/// A coefficient of determination or a share, with three digits.
pub fn share(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or_else(|| NONE.to_owned(), |v| format!("{v:.3}"))
}

/// A count with a thin separator between thousands: `17 732`.
pub fn count(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Target with its unit: `psnr (dB)`.
pub fn target_with_unit(target: Target) -> String {
    format!("{target} ({})", target.unit())
}

/// Columns of figures, after the columns that say which figures they are.
pub const FIGURE_COLUMNS: [&str; 9] =
    ["rows", "R²", "R² of log", "MAE", "mean's MAE", "median error", "within ±2 / ±0.5 dB", "coverage", "width"];

/// The figures of one target, one cell a column of [`FIGURE_COLUMNS`].
pub fn figure_cells(figures: &TargetFigures) -> Vec<String> {
    let interval = figures.interval.as_ref();
    let percent = |v: Option<f64>| v.map_or_else(|| NONE.to_owned(), |v| format!("{:.1} %", 100.0 * v));
    vec![
        count(figures.rows),
        share(Some(figures.r2)),
        share(figures.r2_log),
        number(figures.mae),
        number(figures.mae_of_mean),
        percent(figures.median_ape),
        percent(figures.within_2.or(figures.within_half_db)),
        percent(interval.map(|i| i.coverage)),
        number_or_dash(interval.map(|i| i.mean_width)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (93.0, "93"),
            (93.46, "93.46"),
            (4312.4, "4312"),
            (51234.0, "51234"),
            (0.012345, "0.01235"),
            (-1.5, "-1.500"),
            (1.234e-9, "1.234e-9"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!((count(5), count(1000), count(1_234_567)), ("5".into(), "1 000".into(), "1 234 567".into()));
    }
}
