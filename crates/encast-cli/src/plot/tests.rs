//! Charts: what they show, that labels stand clear, and that the same figure gives the same bytes.
#![allow(clippy::unwrap_used)]

use super::{
    Axis, Chart, Figure, Format, Marks, Series, draw, layout,
    scale::Scale,
    shape::{Anchor, Shape},
    text::Font,
};

fn series(label: &str, points: &[(f64, f64)]) -> Series {
    Series { label: label.to_owned(), points: points.to_vec(), line: true, dots: true, band: Vec::new() }
}

/// Rate and quality of three encoders, one with an interval.
fn curves() -> Figure {
    let mut of_third = series("libsvtav1 preset 8", &[(210.0, 62.0), (480.0, 80.5), (1020.0, 91.0), (2300.0, 96.3)]);
    of_third.band = of_third.points.iter().map(|(x, y)| (*x, y - 6.0, (y + 3.0_f64).min(100.0))).collect();
    let chart = Chart {
        x: Axis::log("bitrate (kbit/s)"),
        y: Axis::linear("VMAF").to(100.0),
        series: vec![
            series("libx264 medium", &[(400.0, 60.0), (900.0, 78.5), (1900.0, 90.0), (4000.0, 96.0)]),
            series("libx265 medium", &[(300.0, 61.0), (650.0, 79.5), (1400.0, 90.5), (3100.0, 96.1)]),
            of_third,
        ],
        ..Chart::default()
    };
    Figure { title: "Rate and quality of \"a & b\" <1080p>".to_owned(), panels: vec![chart], columns: 1 }
}

/// Four figures over time, with cuts.
fn over_time() -> Figure {
    let panel = |name: &str, height: f64| {
        let wave = |n: i32| (f64::from(n) * 0.1, height * (1.2 + (f64::from(n) * 0.17).sin()) + f64::from(n % 7));
        let mut line = series("clip", &(0..600).map(wave).collect::<Vec<_>>());
        line.dots = false;
        let marks = vec![Marks { label: "scene cut".to_owned(), at: vec![12.3, 40.0], of: None }];
        Chart {
            x: Axis::linear("time (s)"),
            y: Axis::linear(name).from(0.0),
            series: vec![line],
            marks,
            ..Chart::default()
        }
    };
    let panels = vec![panel("SI", 40.0), panel("TI", 9.0), panel("E", 51.0), panel("h", 1234.0)];
    Figure { title: "Complexity of clip.mp4".to_owned(), panels, columns: 1 }
}

/// The rectangle of each text: left, top, right, bottom.
fn boxes(figure: &Figure) -> Vec<(String, [f64; 4])> {
    let font = Font::embedded().unwrap();
    let of = |shape: &Shape| match shape {
        Shape::Text { place: (x, y), text, size, anchor, upwards } => {
            let width = font.width(text, *size);
            let back = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => width / 2.0,
                Anchor::End => width,
            };
            let area = if *upwards {
                [x - size * 0.75, y + back - width, x + size * 0.2, y + back]
            } else {
                [x - back, y - size * 0.75, x - back + width, y + size * 0.2]
            };
            Some((text.clone(), area))
        }
        _ => None,
    };
    layout::scene(figure, &font).shapes.iter().filter_map(of).collect()
}

#[test]
fn no_text_overlaps_another_or_leaves_the_picture() {
    let mut wide = curves();
    wide.panels = vec![wide.panels[0].clone(); 5];
    wide.columns = 3;
    for chart in &mut wide.panels {
        chart.title = "A panel ".repeat(20);
        chart.y = Axis::log("a y axis with a label that is much longer than the axis is high, so it is cut");
    }
    for n in 0..20 {
        wide.panels[1].series.push(series(&format!("{n} {}", "long ".repeat(n)), &[(1e-7, 1e7), (1e7, 1e-12)]));
    }
    for figure in [curves(), over_time(), wide, Figure::default()] {
        let boxes = boxes(&figure);
        let scene = layout::scene(&figure, &Font::embedded().unwrap());
        for (n, (text, [left, top, right, bottom])) in boxes.iter().enumerate() {
            let inside = *left >= 0.0 && *top >= 0.0 && *right <= scene.width && *bottom <= scene.height;
            assert!(inside, "{text}: {left} {top} {right} {bottom} of {}x{}", scene.width, scene.height);
            for (other, area) in &boxes[..n] {
                let apart = area[0] >= *right || area[2] <= *left || area[1] >= *bottom || area[3] <= *top;
                assert!(apart, "'{text}' lies over '{other}'");
            }
        }
    }
}

#[test]
fn svg_and_png_hold_the_figure_and_are_the_same_each_time() {
    for figure in [curves(), over_time()] {
        let svg = draw(Format::Svg, &figure).unwrap();
        let text = String::from_utf8(svg.clone()).unwrap();
        for axis in figure.panels.iter().flat_map(|chart| [&chart.x, &chart.y]) {
            assert!(text.contains(&format!(">{}</text>", axis.label)), "{}", axis.label);
        }
        for series in &figure.panels[0].series {
            assert!(text.contains(&format!(">{}</text>", series.label)), "{}", series.label);
        }
        assert_eq!(svg, draw(Format::Svg, &figure).unwrap());
        let png = draw(Format::Png, &figure).unwrap();
        assert_eq!(png, draw(Format::Png, &figure).unwrap());
        let picture = tiny_skia::Pixmap::decode_png(&png).unwrap();
        let scene = layout::scene(&figure, &Font::embedded().unwrap());
        assert_eq!(f64::from(picture.width()), (scene.width * 2.0).ceil());
        // The first series' colour is there, on a ground that is mostly white.
        let count = |colour: [u8; 3]| {
            let is = |p: &&tiny_skia::PremultipliedColorU8| [p.red(), p.green(), p.blue()] == colour;
            picture.pixels().iter().filter(is).count()
        };
        assert!(count([0x00, 0x72, 0xb2]) > 500);
        assert!(count([255; 3]) > picture.pixels().len() * 3 / 4);
    }
    let text = String::from_utf8(draw(Format::Svg, &curves()).unwrap()).unwrap();
    assert!(text.contains("a &amp; b") && text.contains("&lt;1080p&gt;"));
    assert!(text.contains("fill-opacity=\"0.2\""));
}

fn ticks(axis: &Axis, values: &[f64], most: usize) -> Vec<String> {
    Scale::over(axis, values.iter().copied(), most, true, |_| true).ticks.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn ticks_are_round() {
    let linear = Axis::linear("");
    assert_eq!(ticks(&linear, &[0.0, 97.0], 6), ["0", "20", "40", "60", "80", "100"]);
    assert_eq!(ticks(&linear, &[-0.02, 0.03], 6), ["\u{2212}0.02", "\u{2212}0.01", "0", "0.01", "0.02", "0.03"]);
    assert_eq!(ticks(&linear, &[7.0], 5), ["6.0", "6.5", "7.0", "7.5", "8.0"]);
    assert_eq!(ticks(&linear, &[f64::NAN], 2), ["0", "0.5", "1.0"]);
    assert_eq!(ticks(&linear, &[0.0, 4e6], 2), ["0", "2e6", "4e6"]);
    assert_eq!(ticks(&linear.clone().from(0.0).to(100.0), &[40.0], 4), ["0", "50", "100"]);
    assert_eq!(ticks(&linear.clone().from(0.0), &[], 2), ["0", "0.5", "1.0"]);
    assert_eq!(ticks(&linear.clone().to(100.0), &[100.0], 2), ["90", "95", "100"]);
    let log = Axis::log("");
    assert_eq!(ticks(&log, &[210.0, 4000.0, 0.0, -3.0], 12), ["200", "300", "500", "1000", "2000", "3000"]);
    assert_eq!(ticks(&log, &[1.0, 1e9], 4), ["1", "1000", "1e6", "1e9"]);
    assert_eq!(ticks(&log, &[1010.0, 1030.0], 5), ["1010", "1015", "1020", "1025", "1030"]);
}

#[test]
fn points_without_a_place_break_the_line() {
    let points = [(1.0, 1.0), (2.0, 2.0), (3.0, f64::NAN), (4.0, 2.0), (5.0, 1.0), (6.0, 3.0)];
    let chart = Chart { series: vec![Series { dots: false, ..series("a", &points) }], ..Chart::default() };
    let figure = Figure { panels: vec![chart], ..Figure::default() };
    let scene = layout::scene(&figure, &Font::embedded().unwrap());
    let blue = |shape: &&Shape| matches!(shape, Shape::Line { colour: [0, 0x72, 0xb2], width, .. } if *width == 2.0);
    // The legend's sample, and two parts.
    assert_eq!(scene.shapes.iter().filter(blue).count(), 3);
}

#[test]
fn the_ending_says_the_format() {
    assert_eq!(Format::of("a.b.SVG".as_ref()).unwrap(), Format::Svg);
    assert_eq!(Format::of("a.png".as_ref()).unwrap(), Format::Png);
    for name in ["a.pdf", "png", "a.svg.gz"] {
        let said = format!("{:?}", Format::of(name.as_ref()).unwrap_err());
        assert!(said.contains(".svg or .png"), "{said}");
    }
}

#[test]
#[ignore = "writes the figures of these tests to the folder that PLOT_FOLDER names, to be looked at"]
fn pictures() {
    let folder = std::path::PathBuf::from(std::env::var_os("PLOT_FOLDER").unwrap());
    for (name, figure) in [("curves", curves()), ("over_time", over_time())] {
        for ending in ["svg", "png"] {
            super::write(&folder.join(format!("{name}.{ending}")), &figure).unwrap();
        }
    }
}
