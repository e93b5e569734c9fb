//! Times the evaluators on a forest of LightGBM or XGBoost; `benches/peers` runs it beside other libraries on the same forest.
//!
//! `peers MODEL ROWS COLUMNS [ONNX]`: MODEL in any format that `exchange` reads; ROWS holds the features row by row as
//! little-endian f32, NaN for missing; with ONNX the forest is written there too. Prints one JSON object about itself, then
//! answers the lines of standard input, each with one line:
//!
//! - `single CALLS`: one row a call, the rows far apart; nanoseconds for all calls;
//! - `batch SIZE CALLS`: one batch a call, the next rows each time; nanoseconds for all calls;
//! - `check FILE`: writes what each row is forecast, in one batch and then each by itself, as little-endian f64; `ok`.

use std::{error::Error, fs, hint::black_box, io::BufRead, time::Instant};

use encast_trees::{
    FlatEnsemble, Instructions, Rows,
    exchange::{onnx, read},
};

/// From one single row to the next; a prime, so that all are visited.
const STRIDE: usize = 4099;

struct Engine {
    model: FlatEnsemble,
    values: Vec<f32>,
    columns: usize,
    /// Where the next call goes on.
    at: usize,
}

impl Engine {
    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..][..self.columns]
    }

    fn single(&mut self, calls: usize) -> u128 {
        let rows = self.rows();
        let start = Instant::now();
        for _ in 0..calls {
            self.at = (self.at + STRIDE) % rows;
            black_box(self.model.predict(black_box(self.row(self.at))));
        }
        start.elapsed().as_nanos()
    }

    fn batch(&mut self, size: usize, calls: usize) -> Result<u128, Box<dyn Error>> {
        let rows = self.rows();
        let mut out = vec![0.0; size];
        let start = Instant::now();
        for _ in 0..calls {
            self.at = if self.at + 2 * size > rows { 0 } else { self.at + size };
            let values = black_box(&self.values[self.at * self.columns..][..size * self.columns]);
            self.model.predict_batch(Rows::new(values, self.columns)?, &mut out)?;
            black_box(&out);
        }
        Ok(start.elapsed().as_nanos())
    }

    fn forecasts(&self) -> Result<Vec<f64>, Box<dyn Error>> {
        let mut all = vec![0.0; self.rows()];
        self.model.predict_batch(Rows::new(&self.values, self.columns)?, &mut all)?;
        all.extend((0..self.rows()).map(|row| self.model.predict(self.row(row))));
        Ok(all)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, rows, columns, onnx_file @ ..] = arguments.as_slice() else {
        return Err("usage: peers MODEL ROWS COLUMNS [ONNX]".into());
    };
    let columns: usize = columns.parse()?;
    let foreign = read(&fs::read(model)?)?;
    let bytes = fs::read(rows)?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if columns == 0 || numbers.is_empty() || !numbers.len().is_multiple_of(columns) || !rest.is_empty() {
        return Err(format!("{rows} does not hold rows of {columns} columns").into());
    }
    if let Some(file) = onnx_file.first() {
        let names: Vec<String> = (0..foreign.ensemble.columns()).map(|column| format!("x{column}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let producer = ("encast", env!("CARGO_PKG_VERSION"));
        let labels = onnx::OnnxLabels { columns: &names, producer, metadata: &[] };
        fs::write(file, onnx::write(&foreign.ensemble, &labels)?)?;
    }
    let values = numbers.iter().map(|&number| f32::from_le_bytes(number)).collect();
    let mut engine = Engine { model: FlatEnsemble::new(&foreign.ensemble), values, columns, at: 0 };
    println!(
        "{{\"version\":\"{}\",\"instructions\":\"{}\",\"trees\":{},\"bytes\":{}}}",
        env!("CARGO_PKG_VERSION"),
        Instructions::default().name(),
        engine.model.trees(),
        engine.model.size_bytes()
    );
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["single", calls] => println!("{}", engine.single(calls.parse()?)),
            ["batch", size, calls] => {
                let size: usize = size.parse()?;
                if size == 0 || size > engine.rows() {
                    return Err(format!("a batch of {size} rows, 1 to {} expected", engine.rows()).into());
                }
                println!("{}", engine.batch(size, calls.parse()?)?);
            }
            ["check", file] => {
                fs::write(file, engine.forecasts()?.iter().flat_map(|y| y.to_le_bytes()).collect::<Vec<u8>>())?;
                println!("ok");
            }
            _ => return Err(format!("unknown command {line}").into()),
        }
    }
    Ok(())
}
