//! Attributes of a node: lists of numbers and texts by name.

use std::collections::HashMap;

use super::wire::{Bytes, Field};
use crate::exchange::error::{ExchangeError, Position, Result};

/// Data types of tensors.
const FLOAT: i64 = 1;
const DOUBLE: i64 = 11;

/// One attribute.
#[derive(Default)]
pub(super) struct Attribute<'a> {
    /// Where it starts in the file.
    at: usize,
    pub numbers: Vec<f64>,
    pub ints: Vec<i64>,
    pub texts: Vec<&'a str>,
}

/// The attributes of a node, and where the node starts.
pub(super) struct Attributes<'a> {
    at: usize,
    of: HashMap<&'a str, Attribute<'a>>,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(at: usize) -> Self {
        Attributes { at, of: HashMap::new() }
    }

    /// Reads an AttributeProto.
    pub(super) fn add(&mut self, mut message: Bytes<'a>) -> Result<()> {
        let start = message;
        let (mut name, mut attribute) = ("", Attribute { at: start.start, ..Attribute::default() });
        while let Some(field) = message.field()? {
            match field.number {
                1 => name = field.bytes()?.text()?,
                2 => attribute.numbers.push(f64::from(field.float()?)),
                3 => attribute.ints.push(field.int()?),
                4 | 9 => attribute.texts.push(field.bytes()?.text()?),
                5 => tensor(field, &mut attribute.numbers)?,
                7 => field.floats(&mut attribute.numbers)?,
                8 => field.ints(&mut attribute.ints)?,
                _ => (),
            }
        }
        match self.of.insert(name, attribute) {
            None => Ok(()),
            Some(_) => Err(start.refuse(format!("the attribute '{name}' stands twice"))),
        }
    }

    fn refuse(&self, name: &str, reason: String) -> ExchangeError {
        let at = self.of.get(name).map_or(self.at, |attribute| attribute.at);
        ExchangeError::at(Position::Byte(at), reason)
    }

    fn list<T: Clone>(
        &self,
        name: &str,
        count: usize,
        of: impl for<'b> Fn(&'b Attribute<'a>) -> &'b Vec<T>,
    ) -> Result<Option<Vec<T>>> {
        match self.of.get(name).map(of) {
            None => Ok(None),
            Some(list) if list.is_empty() && count > 0 => Ok(None),
            Some(list) if list.len() == count => Ok(Some(list.clone())),
            Some(list) => Err(self.refuse(name, format!("{name} has {} values, but must have {count}", list.len()))),
        }
    }

    fn needed<T>(&self, name: &str, list: Option<Vec<T>>) -> Result<Vec<T>> {
        list.ok_or_else(|| self.refuse(name, format!("{name} is missing")))
    }

    /// So many integers, when the attribute is there.
    pub(super) fn maybe_ints(&self, name: &str, count: usize) -> Result<Option<Vec<i64>>> {
        self.list(name, count, |attribute| &attribute.ints)
    }

    pub(super) fn ints(&self, name: &str, count: usize) -> Result<Vec<i64>> {
        self.needed(name, self.maybe_ints(name, count)?)
    }

    pub(super) fn texts(&self, name: &str, count: usize) -> Result<Vec<&'a str>> {
        self.needed(name, self.list(name, count, |attribute| &attribute.texts)?)
    }

    /// Numbers of single precision, or the tensor of the same name for other precisions.
    pub(super) fn maybe_numbers(&self, name: &str, count: usize) -> Result<Option<Vec<f64>>> {
        let tensor = format!("{name}_as_tensor");
        let name = if self.of.contains_key(tensor.as_str()) { tensor.as_str() } else { name };
        self.list(name, count, |attribute| &attribute.numbers)
    }

    pub(super) fn numbers(&self, name: &str, count: usize) -> Result<Vec<f64>> {
        self.needed(name, self.maybe_numbers(name, count)?)
    }

    /// How many integers an attribute has.
    pub(super) fn count(&self, name: &str) -> usize {
        self.of.get(name).map_or(0, |attribute| attribute.ints.len())
    }

    /// A single text, or what stands for it.
    pub(super) fn text(&self, name: &str, default: &'a str) -> &'a str {
        self.of.get(name).and_then(|attribute| attribute.texts.first().copied()).unwrap_or(default)
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.of.get(name).and_then(|attribute| attribute.ints.first().copied()).unwrap_or(default)
    }
}

/// Reads the numbers of a TensorProto.
fn tensor(field: Field, into: &mut Vec<f64>) -> Result<()> {
    let mut message = field.bytes()?;
    let (mut kind, mut raw) = (FLOAT, None);
    while let Some(field) = message.field()? {
        match field.number {
            2 => kind = field.int()?,
            4 => field.floats(into)?,
            10 => field.doubles(into)?,
            9 => raw = Some(field),
            _ => (),
        }
    }
    match (raw, kind) {
        (None, FLOAT | DOUBLE) => Ok(()),
        (Some(raw), FLOAT) => raw.floats(into),
        (Some(raw), DOUBLE) => raw.doubles(into),
        _ => Err(field.refuse(format!("a tensor of the data type {kind}, but floats (1) or doubles (11) are needed"))),
    }
}
