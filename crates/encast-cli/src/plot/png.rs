//! A scene as PNG, two pixels to a unit.

use tiny_skia::{Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform};
use ttf_parser::OutlineBuilder;

use super::{
    shape::{Anchor, Colour, INK, Scene, Shape},
    text::Font,
};

const PIXELS_PER_UNIT: f32 = 2.0;

/// The file's bytes. Fails when the picture would be too large.
pub fn draw(scene: &Scene, font: &Font) -> Result<Vec<u8>, String> {
    let pixels = |units: f64| (units as f32 * PIXELS_PER_UNIT).ceil() as u32;
    let (width, height) = (pixels(scene.width), pixels(scene.height));
    let mut canvas =
        Pixmap::new(width, height).ok_or(format!("a picture of {width}x{height} pixels can't be drawn"))?;
    canvas.fill(Color::WHITE);
    for shape in &scene.shapes {
        draw_shape(&mut canvas, shape, font);
    }
    canvas.encode_png().map_err(|error| error.to_string())
}

fn draw_shape(canvas: &mut Pixmap, shape: &Shape, font: &Font) {
    let scale = Transform::from_scale(PIXELS_PER_UNIT, PIXELS_PER_UNIT);
    match shape {
        Shape::Line { points, colour, width, dash } => {
            let dash: Vec<f32> = dash.iter().map(|length| *length as f32).collect();
            let stroke = Stroke {
                width: *width as f32,
                line_join: LineJoin::Round,
                dash: StrokeDash::new(dash, 0.0),
                ..Stroke::default()
            };
            if let Some(path) = through(points, false) {
                canvas.stroke_path(&path, &paint(*colour, 1.0), &stroke, scale, None);
            }
        }
        Shape::Area { corners, colour, opacity } => {
            if let Some(path) = through(corners, true) {
                canvas.fill_path(&path, &paint(*colour, *opacity), FillRule::Winding, scale, None);
            }
        }
        Shape::Disc { centre: (x, y), radius, colour } => {
            if let Some(path) = PathBuilder::from_circle(*x as f32, *y as f32, *radius as f32) {
                canvas.fill_path(&path, &paint(*colour, 1.0), FillRule::Winding, scale, None);
            }
        }
        Shape::Text { place: (x, y), text, size, anchor, upwards } => {
            let back = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => font.width(text, *size) / 2.0,
                Anchor::End => font.width(text, *size),
            };
            let mut pen = Pen(PathBuilder::new());
            font.outline(text, *size, &mut pen);
            let turn = if *upwards { -90.0 } else { 0.0 };
            let place = scale
                .pre_translate(*x as f32, *y as f32)
                .pre_concat(Transform::from_rotate(turn))
                .pre_translate(-back as f32, 0.0);
            if let Some(path) = pen.0.finish() {
                canvas.fill_path(&path, &paint(INK, 1.0), FillRule::Winding, place, None);
            }
        }
    }
}

fn paint([red, green, blue]: Colour, opacity: f64) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, (opacity * 255.0).round() as u8);
    paint
}

fn through(points: &[(f64, f64)], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (n, (x, y)) in points.iter().enumerate() {
        if n == 0 {
            path.move_to(*x as f32, *y as f32);
        } else {
            path.line_to(*x as f32, *y as f32);
        }
    }
    if closed {
        path.close();
    }
    path.finish()
}

/// Letters as a path.
struct Pen(PathBuilder);

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
