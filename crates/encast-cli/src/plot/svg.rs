//! A scene as SVG. Text stays text, in a font of the viewer's that is as wide as the one it was measured with.

use std::fmt::Write;

use super::shape::{Anchor, Colour, INK, Scene, Shape};

const FONTS: &str = "Roboto, Arial, Helvetica, 'Liberation Sans', sans-serif";

/// The file's text.
pub fn draw(scene: &Scene) -> String {
    let (width, height) = (units(scene.width), units(scene.height));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FONTS}\" fill=\"{}\">\n",
        colour_of(INK)
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(&scene.title));
    let _ = writeln!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>");
    for shape in &scene.shapes {
        // Writing to a string does not fail.
        let _ = one(&mut out, shape);
    }
    out.push_str("</svg>\n");
    out
}

fn one(out: &mut String, shape: &Shape) -> std::fmt::Result {
    match shape {
        Shape::Line { points, colour, width, dash } => {
            let dash = dash.iter().map(|length| units(*length)).collect::<Vec<_>>().join(" ");
            let dash = if dash.is_empty() { dash } else { format!(" stroke-dasharray=\"{dash}\"") };
            writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"{dash}/>",
                list(points),
                colour_of(*colour),
                units(*width)
            )
        }
        Shape::Area { corners, colour, opacity } => writeln!(
            out,
            "<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>",
            list(corners),
            colour_of(*colour),
            units(*opacity)
        ),
        Shape::Disc { centre, radius, colour } => writeln!(
            out,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"/>",
            units(centre.0),
            units(centre.1),
            units(*radius),
            colour_of(*colour)
        ),
        Shape::Text { place: (x, y), text, size, anchor, upwards } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let (x, y) = (units(*x), units(*y));
            let turn = if *upwards { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
            writeln!(
                out,
                "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" text-anchor=\"{anchor}\"{turn}>{}</text>",
                units(*size),
                escaped(text)
            )
        }
    }
}

fn list(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{},{}", units(*x), units(*y))).collect::<Vec<_>>().join(" ")
}

/// Hundredths of a unit, without zeros at the end.
fn units(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn colour_of([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// As XML text. Characters that XML forbids are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
