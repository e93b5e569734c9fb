//! Times hessboost and ONNX Runtime on one forest, the way encast's example `peers` times encast.
//!
//! `encast-bench-peers hessboost|onnxruntime MODEL ROWS COLUMNS`; the commands on standard input are those of the example.
//! ONNX Runtime is the library that `ORT_DYLIB_PATH` names.

mod boosted;
mod runtime;

use std::{error::Error, fs, io::BufRead, time::Instant};

/// From one single row to the next; a prime, so that all are visited.
const STRIDE: usize = 4099;

/// An evaluator of one forest over one table.
trait Engine {
    /// Name and version.
    fn version(&self) -> String;
    /// Gets ready for batches of this size.
    fn prepare(&mut self, size: usize) -> Result<(), Box<dyn Error>>;
    /// Forecasts the row.
    fn single(&mut self, row: usize) -> Result<(), Box<dyn Error>>;
    /// Forecasts the batch that begins with the row, a multiple of its size.
    fn batch(&mut self, row: usize, size: usize) -> Result<(), Box<dyn Error>>;
    /// The latest forecasts.
    fn latest(&self, size: usize) -> Vec<f64>;
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, model, rows, columns] = arguments.as_slice() else {
        return Err("usage: encast-bench-peers hessboost|onnxruntime MODEL ROWS COLUMNS".into());
    };
    let columns: usize = columns.parse()?;
    let bytes = fs::read(rows)?;
    let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|&number| f32::from_le_bytes(number)).collect();
    let count = values.len() / columns;
    let mut engine: Box<dyn Engine> = match name.as_str() {
        "hessboost" => Box::new(boosted::Hessboost::new(model, values, columns)?),
        "onnxruntime" => Box::new(runtime::OnnxRuntime::new(model, values, columns)?),
        _ => return Err(format!("no engine {name}").into()),
    };
    println!("{{\"version\":\"{}\"}}", engine.version());
    let mut at = 0;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["single", calls] => {
                let calls: usize = calls.parse()?;
                engine.prepare(1)?;
                let start = Instant::now();
                for _ in 0..calls {
                    at = (at + STRIDE) % count;
                    engine.single(at)?;
                }
                println!("{}", start.elapsed().as_nanos());
            }
            ["batch", size, calls] => {
                let (size, calls): (usize, usize) = (size.parse()?, calls.parse()?);
                engine.prepare(size)?;
                at = at / size * size;
                let start = Instant::now();
                for _ in 0..calls {
                    at = if at + 2 * size > count { 0 } else { at + size };
                    engine.batch(at, size)?;
                }
                println!("{}", start.elapsed().as_nanos());
            }
            ["check", file] => {
                engine.prepare(count)?;
                engine.batch(0, count)?;
                let mut all = engine.latest(count);
                engine.prepare(1)?;
                for row in 0..count {
                    engine.single(row)?;
                    all.extend(engine.latest(1));
                }
                fs::write(file, all.iter().flat_map(|y| y.to_le_bytes()).collect::<Vec<u8>>())?;
                println!("ok");
            }
            _ => return Err(format!("unknown command {line}").into()),
        }
    }
    Ok(())
}
