//! The embedded font: how wide text is, and the outlines of its letters.

use ttf_parser::{Face, OutlineBuilder};

/// Roboto, Latin, Greek and Cyrillic letters; its licence and how it was made stand beside it.
const FILE: &[u8] = include_bytes!("roboto.ttf");

/// The embedded font.
pub struct Font {
    face: Face<'static>,
    em: f64,
}

impl Font {
    /// Reads the font that is part of the program.
    pub fn embedded() -> Result<Font, String> {
        let face = Face::parse(FILE, 0).map_err(|error| format!("the embedded font: {error}"))?;
        let em = f64::from(face.units_per_em());
        Ok(Font { face, em })
    }

    /// How wide a text is at a size, units.
    pub fn width(&self, text: &str, size: f64) -> f64 {
        text.chars().map(|letter| self.advance(letter)).sum::<f64>() * size / self.em
    }

    /// The text, shortened to a width with an ellipsis at its end.
    pub fn shortened(&self, text: &str, size: f64, most: f64) -> String {
        // Control characters have no place in a line, nor in XML.
        let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        if self.width(&text, size) <= most {
            return text;
        }
        let mut letters: Vec<char> = text.chars().collect();
        while let Some(_last) = letters.pop() {
            let short: String = letters.iter().chain(&['…']).collect();
            if self.width(&short, size) <= most {
                return short;
            }
        }
        String::new()
    }

    /// Draws the outlines of a text from the origin to the right, units, y down; letters that the font lacks are boxes.
    pub fn outline(&self, text: &str, size: f64, pen: &mut impl OutlineBuilder) {
        let (scale, mut x) = (size / self.em, 0.0);
        for letter in text.chars() {
            let glyph = self.face.glyph_index(letter).unwrap_or_default();
            self.face.outline_glyph(glyph, &mut Placed { pen, scale, x });
            x += self.advance(letter) * scale;
        }
    }

    fn advance(&self, letter: char) -> f64 {
        let glyph = self.face.glyph_index(letter).unwrap_or_default();
        f64::from(self.face.glyph_hor_advance(glyph).unwrap_or_default())
    }
}

/// Scales and places what it passes on.
struct Placed<'a, P> {
    pen: &'a mut P,
    scale: f64,
    x: f64,
}

impl<P> Placed<'_, P> {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        ((self.x + f64::from(x) * self.scale) as f32, (-f64::from(y) * self.scale) as f32)
    }
}

impl<P: OutlineBuilder> OutlineBuilder for Placed<'_, P> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.pen.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.pen.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.pen.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.pen.curve_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.pen.close();
    }
}
