//! Universal Binary JSON, as XGBoost writes it: big-endian, lists of numbers with type and count in front.

use super::{
    error::{ExchangeError, Position, Result},
    value::Value,
};

/// XGBoost's models are nested eight deep.
const MOST_DEPTH: usize = 64;

/// Reads one value; nothing may follow it.
pub(super) fn read(bytes: &[u8]) -> Result<Value> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value(0)?;
    match reader.at == bytes.len() {
        true => Ok(value),
        false => Err(reader.refuse("more follows the model's end")),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Type and count in front of a list or an object.
#[derive(Clone, Copy)]
struct Shape {
    kind: Option<u8>,
    count: Option<usize>,
}

impl<'a> Reader<'a> {
    fn refuse(&self, reason: impl Into<String>) -> ExchangeError {
        ExchangeError::at(Position::Byte(self.at), reason)
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        if count > self.left() {
            return Err(self.refuse(format!("{count} bytes are due, {} are there", self.left())));
        }
        let taken = &self.bytes[self.at..self.at + count];
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let taken = self.take(N)?;
        Ok(std::array::from_fn(|at| taken[at]))
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn number(&mut self, kind: u8) -> Result<f64> {
        Ok(match kind {
            b'i' => f64::from(i8::from_be_bytes(self.array()?)),
            b'U' => f64::from(self.byte()?),
            b'I' => f64::from(i16::from_be_bytes(self.array()?)),
            b'l' => f64::from(i32::from_be_bytes(self.array()?)),
            b'L' => i64::from_be_bytes(self.array()?) as f64,
            b'd' => f64::from(f32::from_be_bytes(self.array()?)),
            b'D' => f64::from_be_bytes(self.array()?),
            other => return Err(self.refuse(format!("'{}' is no type of number", char::from(other)))),
        })
    }

    /// A length or count: of an integer type, and not negative.
    fn length(&mut self) -> Result<usize> {
        let kind = self.byte()?;
        if !matches!(kind, b'i' | b'U' | b'I' | b'l' | b'L') {
            return Err(self.refuse(format!("'{}' is no type of a length", char::from(kind))));
        }
        let length = self.number(kind)?;
        match length >= 0.0 && length <= self.bytes.len() as f64 {
            true => Ok(length as usize),
            false => Err(self.refuse(format!("a length of {length}, but only {} bytes follow", self.left()))),
        }
    }

    fn text(&mut self) -> Result<String> {
        let length = self.length()?;
        let start = self.at;
        let taken = self.take(length)?;
        let text = std::str::from_utf8(taken)
            .map_err(|error| ExchangeError::at(Position::Byte(start + error.valid_up_to()), "the text is not UTF-8"))?;
        Ok(text.to_owned())
    }

    fn shape(&mut self) -> Result<Shape> {
        let mut shape = Shape { kind: None, count: None };
        if self.peek() == Some(b'$') {
            self.at += 1;
            shape.kind = Some(self.byte()?);
            if self.peek() != Some(b'#') {
                return Err(self.refuse("a type without a count"));
            }
        }
        if self.peek() == Some(b'#') {
            self.at += 1;
            let count = self.length()?;
            if count > self.left() {
                return Err(self.refuse(format!("{count} elements, but only {} bytes follow", self.left())));
            }
            shape.count = Some(count);
        }
        Ok(shape)
    }

    /// Recursion ends at [`MOST_DEPTH`], whatever the bytes say.
    fn value(&mut self, depth: usize) -> Result<Value> {
        let kind = self.byte()?;
        if depth > MOST_DEPTH {
            return Err(self.refuse(format!("nested deeper than {MOST_DEPTH}")));
        }
        Ok(match kind {
            b'Z' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'C' => Value::Text(char::from(self.byte()?).to_string()),
            b'S' => Value::Text(self.text()?),
            b'[' => self.list(depth)?,
            b'{' => self.object(depth)?,
            kind => Value::Number(self.number(kind)?),
        })
    }

    fn list(&mut self, depth: usize) -> Result<Value> {
        let shape = self.shape()?;
        if let (Some(kind), Some(count)) = (shape.kind, shape.count) {
            // Each takes at least a byte, of which as many as that are there.
            return Ok(Value::Numbers((0..count).map(|_| self.number(kind)).collect::<Result<_>>()?));
        }
        let (mut list, mut read) = (Value::Numbers(Vec::new()), 0);
        while self.more(shape, read, b']')? {
            list = list.push(self.value(depth + 1)?);
            read += 1;
        }
        Ok(list)
    }

    fn object(&mut self, depth: usize) -> Result<Value> {
        let shape = self.shape()?;
        if shape.kind.is_some() {
            return Err(self.refuse("an object with a type for all its values is not known here"));
        }
        let mut entries: Vec<(String, Value)> = Vec::new();
        while self.more(shape, entries.len(), b'}')? {
            let key = self.text()?;
            entries.push((key, self.value(depth + 1)?));
        }
        Ok(Value::Object(entries))
    }

    /// Whether another element follows; skips what fills the space between them, and the end.
    fn more(&mut self, shape: Shape, read: usize, end: u8) -> Result<bool> {
        if let Some(count) = shape.count {
            return Ok(read < count);
        }
        while self.peek() == Some(b'N') {
            self.at += 1;
        }
        match self.peek() {
            None => Err(self.refuse(format!("the bytes end before '{}'", char::from(end)))),
            Some(found) if found == end => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_types() {
        let bytes = b"{U\x01a[$l#U\x02\x00\x00\x00\x07\xff\xff\xff\xffi\x01b[TZSU\x02hi]U\x01cd\x3f\x80\x00\x00I\x00\x01d{#U\x00}";
        let value = read(bytes).unwrap();
        assert_eq!(value.find("a"), Some(&Value::Numbers(vec![7.0, -1.0])));
        assert_eq!(value.find("b"), Some(&Value::List(vec![Value::Bool(true), Value::Null, Value::Text("hi".into())])));
        assert_eq!(value.find("c"), Some(&Value::Number(1.0)));
        assert_eq!(value.find("d"), Some(&Value::Object(Vec::new())));
    }

    #[test]
    fn what_claims_more_than_is_there_is_refused_with_its_place() {
        for (bytes, at) in [
            (&b"[$Z#l\x00\x00\x00\x02ZZ"[..], 9),
            (b"[$d#l\x7f\xff\xff\xff", 9),
            (b"{U\x01a", 4),
            (b"SL\xff\xff\xff\xff\xff\xff\xff\xff", 10),
            (b"[#U\x05T", 4),
            (b"TT", 1),
            (b"SU\x01\xff", 3),
            (b"H", 1),
            (b"", 0),
        ] {
            let error = read(bytes).unwrap_err();
            assert!(
                matches!(&error, ExchangeError::Malformed { at: Position::Byte(b), .. } if *b == at),
                "{error} {at}"
            );
        }
        assert!(read(&[b'['; 100_000]).unwrap_err().to_string().contains("deeper"));
    }
}
