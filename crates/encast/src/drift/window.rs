//! The newest values of a stream, of a fixed number.

use std::collections::VecDeque;

#[derive(Debug, Clone)]
pub(super) struct Window<T> {
    values: VecDeque<T>,
    most: usize,
}

impl<T: Copy> Window<T> {
    pub fn new(most: usize) -> Window<T> {
        Window { values: VecDeque::new(), most }
    }

    pub fn push(&mut self, value: T) {
        if self.values.len() == self.most {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> + Clone {
        self.values.iter()
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }
}
