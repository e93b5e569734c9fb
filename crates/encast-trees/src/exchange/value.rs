//! A tree of values, as JSON and UBJSON write it, with lists of numbers kept small.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::{ExchangeError, Position, Result};

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// Integers up to 2⁵³ are exact.
    Number(f64),
    Text(String),
    Numbers(Vec<f64>),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    /// A list under construction gets one value more.
    pub(super) fn push(self, value: Value) -> Value {
        match (self, value) {
            (Value::Numbers(mut numbers), Value::Number(number)) => {
                numbers.push(number);
                Value::Numbers(numbers)
            }
            (Value::Numbers(numbers), value) => {
                let mut values: Vec<Value> = numbers.into_iter().map(Value::Number).collect();
                values.push(value);
                Value::List(values)
            }
            (Value::List(mut values), value) => {
                values.push(value);
                Value::List(values)
            }
            (other, _) => other,
        }
    }

    /// The value under a key, when it is there.
    pub(super) fn find(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// A value and the keys that lead to it.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub value: &'a Value,
    path: String,
}

impl<'a> Place<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Place { value, path: String::new() }
    }

    pub(super) fn refuse(&self, reason: impl Into<String>) -> ExchangeError {
        let path = if self.path.is_empty() { "the outermost value" } else { &self.path };
        ExchangeError::at(Position::Path(path.to_owned()), reason)
    }

    fn below(&self, value: &'a Value, key: &str) -> Place<'a> {
        let dot = if self.path.is_empty() { "" } else { "." };
        Place { value, path: format!("{}{dot}{key}", self.path) }
    }

    pub(super) fn find(&self, key: &str) -> Option<Place<'a>> {
        self.value.find(key).map(|value| self.below(value, key))
    }

    pub(super) fn get(&self, key: &str) -> Result<Place<'a>> {
        self.find(key).ok_or_else(|| self.refuse(format!("'{key}' is missing")))
    }

    /// The elements of a list that is not one of numbers alone.
    pub(super) fn list(&self) -> Result<impl Iterator<Item = Place<'a>>> {
        let values: &[Value] = match self.value {
            Value::List(values) => values,
            Value::Numbers(numbers) if numbers.is_empty() => &[],
            _ => return Err(self.refuse("must be a list of objects or texts")),
        };
        let path = self.path.clone();
        Ok(values.iter().enumerate().map(move |(at, value)| Place { value, path: format!("{path}[{at}]") }))
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        match self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.refuse("must be a text")),
        }
    }

    /// A number, or a text that holds one.
    pub(super) fn number(&self) -> Result<f64> {
        match self.value {
            Value::Number(number) => Ok(*number),
            Value::Text(text) => text.trim().parse().map_err(|_| self.refuse("must be a number")),
            _ => Err(self.refuse("must be a number")),
        }
    }

    /// A list of numbers; truth values count as 0 and 1.
    pub(super) fn numbers(&self, count: usize) -> Result<Vec<f64>> {
        let numbers = match self.value {
            Value::Numbers(numbers) => numbers.clone(),
            Value::List(values) => {
                let number = |value: &Value| match value {
                    Value::Number(number) => Some(*number),
                    Value::Bool(truth) => Some(f64::from(*truth)),
                    _ => None,
                };
                let numbers: Option<Vec<f64>> = values.iter().map(number).collect();
                numbers.ok_or_else(|| self.refuse("must be a list of numbers"))?
            }
            _ => return Err(self.refuse("must be a list of numbers")),
        };
        match numbers.len() == count {
            true => Ok(numbers),
            false => Err(self.refuse(format!("has {} numbers, but must have {count}", numbers.len()))),
        }
    }

    /// How many elements a list has.
    pub(super) fn len(&self) -> Result<usize> {
        match self.value {
            Value::Numbers(numbers) => Ok(numbers.len()),
            Value::List(values) => Ok(values.len()),
            _ => Err(self.refuse("must be a list")),
        }
    }
}

/// JSON as a value; nesting is bounded by serde_json.
pub(super) fn of_json(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        ExchangeError::at(Position::LineColumn(line, column), what)
    })
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Value, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Value, A::Error> {
        let mut list = Value::Numbers(Vec::new());
        while let Some(value) = seq.next_element()? {
            list = list.push(value);
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Object(entries))
    }
}
