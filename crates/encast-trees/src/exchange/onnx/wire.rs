//! The wire format of protocol buffers: fields of a message, one after another.

use crate::exchange::error::{ExchangeError, Position, Result};

/// A message, or a part of one, and where in the file it starts.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a> {
    pub bytes: &'a [u8],
    pub start: usize,
}

/// One field.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub number: u32,
    pub value: Content<'a>,
    /// Where its value stands in the file.
    pub at: usize,
}

/// The value of a field, by its wire type.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    Varint(u64),
    Four([u8; 4]),
    Eight([u8; 8]),
    Bytes(Bytes<'a>),
}

impl<'a> Bytes<'a> {
    pub(super) fn refuse(&self, reason: impl Into<String>) -> ExchangeError {
        ExchangeError::at(Position::Byte(self.start), reason)
    }

    /// Splits the first so many bytes off.
    fn take(&mut self, count: u64) -> Result<Bytes<'a>> {
        if count > self.bytes.len() as u64 {
            return Err(self.refuse(format!("{count} bytes are due, {} are there", self.bytes.len())));
        }
        let (taken, rest) = self.bytes.split_at(count as usize);
        let taken = Bytes { bytes: taken, start: self.start };
        (self.bytes, self.start) = (rest, self.start + count as usize);
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let taken = self.take(N as u64)?;
        Ok(std::array::from_fn(|at| taken.bytes[at]))
    }

    fn varint(&mut self) -> Result<u64> {
        let start = *self;
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.array()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(start.refuse("a number of more than 64 bits"))
    }

    /// The next field, when there is one.
    pub(super) fn field(&mut self) -> Result<Option<Field<'a>>> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let start = *self;
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|&number| number > 0);
        let number = number.ok_or_else(|| start.refuse("a field whose number is out of range"))?;
        let mut at = self.start;
        let value = match tag & 7 {
            0 => Content::Varint(self.varint()?),
            1 => Content::Eight(self.array()?),
            2 => {
                let length = self.varint()?;
                at = self.start;
                Content::Bytes(self.take(length)?)
            }
            5 => Content::Four(self.array()?),
            other => return Err(start.refuse(format!("a field of the wire type {other}, which is unknown"))),
        };
        Ok(Some(Field { number, value, at }))
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes).map_err(|_| self.refuse("the text is not UTF-8"))
    }
}

impl<'a> Field<'a> {
    pub(super) fn refuse(&self, reason: impl Into<String>) -> ExchangeError {
        ExchangeError::at(Position::Byte(self.at), reason)
    }

    pub(super) fn bytes(&self) -> Result<Bytes<'a>> {
        match self.value {
            Content::Bytes(bytes) => Ok(bytes),
            _ => Err(self.refuse(format!("field {} must be of the wire type 2", self.number))),
        }
    }

    pub(super) fn int(&self) -> Result<i64> {
        match self.value {
            Content::Varint(value) => Ok(value as i64),
            _ => Err(self.refuse(format!("field {} must be of the wire type 0", self.number))),
        }
    }

    pub(super) fn float(&self) -> Result<f32> {
        match self.value {
            Content::Four(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(self.refuse(format!("field {} must be of the wire type 5", self.number))),
        }
    }

    /// One number, or many in a row.
    pub(super) fn floats(&self, into: &mut Vec<f64>) -> Result<()> {
        match self.value {
            Content::Bytes(packed) => {
                let (whole, rest) = packed.bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(packed.refuse(format!("{} bytes are no list of floats", packed.bytes.len())));
                }
                into.extend(whole.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))));
            }
            _ => into.push(f64::from(self.float()?)),
        }
        Ok(())
    }

    /// As [`floats`](Self::floats), of double precision.
    pub(super) fn doubles(&self, into: &mut Vec<f64>) -> Result<()> {
        match self.value {
            Content::Bytes(packed) => {
                let (whole, rest) = packed.bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(packed.refuse(format!("{} bytes are no list of doubles", packed.bytes.len())));
                }
                into.extend(whole.iter().map(|&bytes| f64::from_le_bytes(bytes)));
            }
            Content::Eight(bytes) => into.push(f64::from_le_bytes(bytes)),
            _ => return Err(self.refuse(format!("field {} must be of the wire type 1", self.number))),
        }
        Ok(())
    }

    /// One integer, or many in a row.
    pub(super) fn ints(&self, into: &mut Vec<i64>) -> Result<()> {
        match self.value {
            Content::Bytes(mut packed) => {
                while !packed.bytes.is_empty() {
                    into.push(packed.varint()? as i64);
                }
            }
            _ => into.push(self.int()?),
        }
        Ok(())
    }
}

/// A message being written.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn tag(&mut self, number: u32, wire: u32) {
        self.varint(u64::from(number << 3 | wire));
    }

    pub(super) fn int(mut self, number: u32, value: i64) -> Self {
        self.tag(number, 0);
        self.varint(value as u64);
        self
    }

    pub(super) fn bytes(mut self, number: u32, value: &[u8]) -> Self {
        self.tag(number, 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub(super) fn message(self, number: u32, value: Message) -> Self {
        self.bytes(number, &value.0)
    }

    /// A list in one piece.
    pub(super) fn ints(self, number: u32, values: &[i64]) -> Self {
        let mut packed = Message::default();
        values.iter().for_each(|&value| packed.varint(value as u64));
        self.message(number, packed)
    }

    /// A list in one piece.
    pub(super) fn floats(self, number: u32, values: &[f32]) -> Self {
        let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(number, &packed)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}
