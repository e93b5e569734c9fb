//! What a scene consists of, and the colours. Lengths are in units; y points down.

/// Red, green, blue.
pub type Colour = [u8; 3];

/// Axes and text.
pub const INK: Colour = [0x33, 0x33, 0x33];
/// Lines of ticks.
pub const GRID: Colour = [0xe3, 0xe3, 0xe3];
/// Vertical marks that belong to no series.
pub const GREY: Colour = [0x80, 0x80, 0x80];
/// Okabe and Ito's colours, told apart also with colour blindness, without the yellow that white swallows.
const COLOURS: [Colour; 7] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
    [0x00, 0x00, 0x00],
];
/// Of lines from one round of colours to the next: drawn and left out, in turn, units.
const DASHES: [&[f64]; 3] = [&[], &[6.0, 3.0], &[1.5, 2.5]];

/// How a label looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Its colour.
    pub colour: Colour,
    /// Of its line: drawn and left out in turn; empty for a solid line.
    pub dash: &'static [f64],
    /// Of its dots: 0 to 3.
    pub form: usize,
}

impl Look {
    /// The look of the label with this number. Looks repeat after 84.
    pub fn of(index: usize) -> Look {
        Look {
            colour: COLOURS[index % COLOURS.len()],
            dash: DASHES[index / COLOURS.len() % DASHES.len()],
            form: index % 4,
        }
    }

    /// A dot: circle, square, triangle or diamond.
    pub fn dot(&self, (x, y): (f64, f64)) -> Shape {
        let corner = |(dx, dy): (f64, f64)| (x + dx, y + dy);
        let corners: Vec<(f64, f64)> = match self.form {
            0 => {
                return Shape::Disc { centre: (x, y), radius: 3.2, colour: self.colour };
            }
            1 => [(-2.9, -2.9), (2.9, -2.9), (2.9, 2.9), (-2.9, 2.9)].map(corner).into(),
            2 => [(0.0, -3.9), (3.7, 2.7), (-3.7, 2.7)].map(corner).into(),
            _ => [(0.0, -4.1), (4.1, 0.0), (0.0, 4.1), (-4.1, 0.0)].map(corner).into(),
        };
        Shape::Area { corners, colour: self.colour, opacity: 1.0 }
    }
}

/// Where a text stands to its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Anchor {
    /// It starts there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A thing to draw.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A line through points.
    Line { points: Vec<(f64, f64)>, colour: Colour, width: f64, dash: &'static [f64] },
    /// A filled polygon.
    Area { corners: Vec<(f64, f64)>, colour: Colour, opacity: f64 },
    /// A filled circle.
    Disc { centre: (f64, f64), radius: f64, colour: Colour },
    /// A line of text, its baseline at `place`; `upwards` turns it by 90° to the left.
    Text { place: (f64, f64), text: String, size: f64, anchor: Anchor, upwards: bool },
}

/// Shapes in the order in which they are drawn, on white.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Read out where a picture can't be seen.
    pub title: String,
    /// Units.
    pub width: f64,
    /// Units.
    pub height: f64,
    /// What is drawn.
    pub shapes: Vec<Shape>,
}
