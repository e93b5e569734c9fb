//! hessboost on a model of LightGBM (text) or XGBoost (JSON).

use std::{error::Error, fs, hint::black_box};

use hessboost::{model::ModelFormat, prelude::*};

use crate::Engine;

pub struct Hessboost {
    model: BoostedModel,
    values: Vec<f32>,
    columns: usize,
    latest: Vec<f32>,
}

impl Hessboost {
    pub fn new(model: &str, values: Vec<f32>, columns: usize) -> Result<Self, Box<dyn Error>> {
        let bytes = fs::read(model)?;
        let format = ModelFormat::detect(&bytes).ok_or("not a format of hessboost's")?;
        Ok(Hessboost { model: BoostedModel::decode(&bytes, format)?, values, columns, latest: Vec::new() })
    }
}

impl Engine for Hessboost {
    fn version(&self) -> String {
        let locked = include_str!("../Cargo.lock").split_once("name = \"hessboost\"\nversion = \"");
        locked.and_then(|(_, rest)| rest.split('"').next()).unwrap_or("?").to_owned()
    }

    fn prepare(&mut self, _: usize) -> Result<(), Box<dyn Error>> {
        Ok(())
    }

    fn single(&mut self, row: usize) -> Result<(), Box<dyn Error>> {
        let row = black_box(&self.values[row * self.columns..][..self.columns]);
        self.latest.resize(1, 0.0);
        self.model.predict_row_into(row, Iterations::Best, &mut self.latest)?;
        black_box(&self.latest);
        Ok(())
    }

    fn batch(&mut self, row: usize, size: usize) -> Result<(), Box<dyn Error>> {
        let rows = black_box(&self.values[row * self.columns..][..size * self.columns]);
        self.latest = self.model.predict_rows(rows, Iterations::Best)?.into_vec();
        black_box(&self.latest);
        Ok(())
    }

    fn latest(&self, size: usize) -> Vec<f64> {
        self.latest[..size].iter().map(|&y| f64::from(y)).collect()
    }
}
