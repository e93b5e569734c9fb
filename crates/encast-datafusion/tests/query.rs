//! Real queries over a Parquet what-if table, against single forecasts.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use datafusion::{
    arrow::{array::AsArray, datatypes::Float64Type, record_batch::RecordBatch, util::pretty::pretty_format_batches},
    dataframe::DataFrameWriteOptions,
    prelude::{ParquetReadOptions, SessionContext},
};
use encast::{Codec, Field, Model, PredictionFeatures, predict};
use encast_datafusion::Forecasts;

/// Titles of rising motion and complexity; one whose complexity is not known.
const TITLES: &str = "(VALUES ('interview', 0.15, 30.0, 2.0), ('drama', 0.35, 45.0, 6.0), ('football', 0.7, 70.0, 22.0), \
                      ('unknown', 0.5, NULL, NULL)) AS t(title, motion, si, ti)";

/// A table of what could be encoded: titles × sizes × codecs × bitrates, as a Parquet file.
async fn what_if(folder: &std::path::Path) -> SessionContext {
    let context = SessionContext::new();
    let table = context
        .sql(&format!(
            "SELECT title, motion AS motion_intensity, si AS si_mean, ti AS ti_mean, width AS resolution_width, \
             height AS resolution_height, 30 AS frame_rate, codec, preset, \
             round(100 * power(2, step / 8.0)) AS bitrate_kbps \
             FROM {TITLES} \
             CROSS JOIN (VALUES (640, 360), (1280, 720), (1920, 1080)) AS s(width, height) \
             CROSS JOIN (VALUES ('h264', 'medium'), ('hevc', 'slow')) AS c(codec, preset) \
             CROSS JOIN (VALUES {}) AS r(step)",
            (0..56).map(|step| format!("({step})")).collect::<Vec<_>>().join(", ")
        ))
        .await
        .unwrap();
    let path = folder.join("what_if.parquet").display().to_string();
    table.write_parquet(&path, DataFrameWriteOptions::new().with_single_file_output(true), None).await.unwrap();
    context.register_parquet("what_if", &path, ParquetReadOptions::default()).await.unwrap();
    let forecasts = Forecasts::of(Arc::new(Model::embedded().unwrap()));
    context.register_udf(forecasts.by_name());
    context.register_udf(forecasts.usual("vmaf").unwrap());
    let content = [Field::BitrateKbps, Field::ResolutionWidth, Field::ResolutionHeight, Field::SiMean];
    context.register_udf(forecasts.function("lower_of_four", "vmaf_lower", &content).unwrap());
    context
}

async fn ask(context: &SessionContext, query: &str) -> Vec<RecordBatch> {
    context.sql(query).await.unwrap().collect().await.unwrap()
}

async fn error_of(context: &SessionContext, query: &str) -> String {
    match context.sql(query).await {
        Err(error) => error.to_string(),
        Ok(frame) => frame.collect().await.unwrap_err().to_string(),
    }
}

fn numbers(batches: &[RecordBatch], column: usize) -> Vec<Option<f64>> {
    batches
        .iter()
        .flat_map(|batch| batch.column(column).as_primitive::<Float64Type>().iter().collect::<Vec<_>>())
        .collect()
}

const FORECAST: &str = "encast_predict('vmaf', 'bitrate_kbps', bitrate_kbps, 'resolution_width', resolution_width, \
                        'resolution_height', resolution_height, 'frame_rate', frame_rate, 'motion_intensity', \
                        motion_intensity, 'codec', codec, 'preset', preset)";

#[tokio::test]
async fn the_cheapest_bitrate_of_each_title_and_size() {
    let folder = tempfile::tempdir().unwrap();
    let context = what_if(folder.path()).await;
    let query = format!(
        "SELECT title, codec, resolution_height, min(bitrate_kbps) AS cheapest_kbps, count(*) AS reach \
         FROM (SELECT *, {FORECAST} AS vmaf FROM what_if) \
         WHERE vmaf >= 90 GROUP BY title, codec, resolution_height ORDER BY title, codec, cheapest_kbps"
    );
    let batches = ask(&context, &query).await;
    println!("{query}\n{}", pretty_format_batches(&batches).unwrap());
    let cheapest = numbers(&batches, 3);
    assert!(cheapest.len() >= 4, "{cheapest:?}");
    // Each is the first of its rates that reaches the goal, by single forecasts.
    let model = Model::embedded().unwrap();
    let mut row = 0;
    for batch in &batches {
        for at in 0..batch.num_rows() {
            let text = |column: usize| {
                let plain = datafusion::arrow::compute::cast(
                    batch.column(column),
                    &datafusion::arrow::datatypes::DataType::Utf8,
                );
                plain.unwrap().as_string::<i32>().value(at).to_owned()
            };
            let height = batch.column(2).as_primitive::<datafusion::arrow::datatypes::Int64Type>().value(at) as f64;
            let motion = match text(0).as_str() {
                "interview" => 0.15,
                "drama" => 0.35,
                "football" => 0.7,
                _ => 0.5,
            };
            let (codec, preset) = match text(1).as_str() {
                "h264" => (Codec::H264, "medium"),
                _ => (Codec::Hevc, "slow"),
            };
            let vmaf = |kbps: f64| {
                let width = if height == 360.0 { 640.0 } else { height * 16.0 / 9.0 };
                let request = PredictionFeatures {
                    bitrate_kbps: Some(kbps),
                    resolution_width: width,
                    resolution_height: height,
                    frame_rate: Some(30.0),
                    motion_intensity: Some(motion),
                    codec: Some(codec),
                    preset: Some(preset.to_owned()),
                    ..Default::default()
                };
                predict(&request, &model).unwrap().predicted_vmaf.unwrap()
            };
            let rates = (0..56).map(|step| (100.0 * 2f64.powf(f64::from(step) / 8.0)).round());
            let first = rates.filter(|&kbps| vmaf(kbps) >= 90.0).fold(f64::INFINITY, f64::min);
            assert_eq!(cheapest[row], Some(first), "{} {} {height}", text(0), text(1));
            row += 1;
        }
    }
}

#[tokio::test]
async fn every_face_gives_the_same_and_null_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let context = what_if(folder.path()).await;
    let six = "'bitrate_kbps', bitrate_kbps, 'resolution_width', resolution_width, 'resolution_height', \
               resolution_height, 'frame_rate', frame_rate, 'codec', codec, 'preset', preset";
    let four = "'bitrate_kbps', bitrate_kbps, 'resolution_width', resolution_width, 'resolution_height', \
                resolution_height, 'si_mean', si_mean";
    let query = format!(
        "SELECT encast_predict('vmaf', {six}) AS a, \
         encast_vmaf(bitrate_kbps, resolution_width, resolution_height, frame_rate, codec, preset) AS b, \
         encast_vmaf(codec => codec, bitrate_kbps => bitrate_kbps, frame_rate => CAST(frame_rate AS FLOAT), \
         resolution_width => resolution_width, preset => preset, resolution_height => resolution_height) AS c, \
         encast_predict('vmaf_lower', {four}) AS d, \
         lower_of_four(bitrate_kbps, resolution_width, resolution_height, si_mean) AS e, \
         encast_vmaf(bitrate_kbps, 1280, 720, NULL, NULL, NULL) AS f, CAST(bitrate_kbps AS DOUBLE) AS g FROM what_if"
    );
    let batches = ask(&context, &query).await;
    let columns: Vec<Vec<Option<f64>>> = (0..7).map(|column| numbers(&batches, column)).collect();
    assert_eq!(columns[0].len(), 4 * 3 * 2 * 56);
    assert!(columns[0].iter().all(Option::is_some));
    assert_eq!(columns[0], columns[1]);
    assert_eq!(columns[0], columns[2]);
    assert_eq!(columns[3], columns[4]);
    let model = Model::embedded().unwrap();
    for (forecast, bitrate) in columns[5].iter().zip(&columns[6]) {
        let request = PredictionFeatures {
            bitrate_kbps: *bitrate,
            resolution_width: 1280.0,
            resolution_height: 720.0,
            ..Default::default()
        };
        assert_eq!(*forecast, predict(&request, &model).unwrap().predicted_vmaf);
    }
}

#[tokio::test]
async fn what_cannot_be_forecast_is_told_or_null() {
    let folder = tempfile::tempdir().unwrap();
    let context = what_if(folder.path()).await;
    for (query, parts) in [
        (
            "SELECT encast_vmaf(-bitrate_kbps, 1280, 720, 30, codec, preset) FROM what_if",
            ["bitrate_kbps = -", "must be"],
        ),
        ("SELECT encast_vmaf(bitrate_kbps, 1280, 720, 30, title, preset) FROM what_if", ["unknown codec", "h264"]),
        ("SELECT encast_predict('vmaff', 'crf', 30) FROM what_if", ["unknown target 'vmaff'", "psnr"]),
        ("SELECT encast_predict('vmaf', 'bitrate', 30) FROM what_if", ["unknown input 'bitrate'", "bitrate_kbps"]),
        ("SELECT encast_predict('vmaf', 'crf') FROM what_if", ["pairs", "name and value"]),
        ("SELECT encast_predict(title, 'crf', 30) FROM what_if", ["literal", "texts"]),
        ("SELECT encast_predict('gpu_percent', 'bitrate_kbps', 30) FROM what_if", ["gpu_percent", "not predicted"]),
    ] {
        let error = error_of(&context, query).await;
        for part in parts {
            assert!(error.contains(part), "{query}: {error}");
        }
    }
    assert!(Forecasts::of(Arc::new(Model::embedded().unwrap())).usual("gpu_percent").is_err());
    let lenient = SessionContext::new();
    lenient
        .register_udf(Forecasts::of(Arc::new(Model::embedded().unwrap())).null_for_bad_rows().usual("vmaf").unwrap());
    let query =
        "SELECT encast_vmaf(kbps, 1280, 720, 30, 'h264', 'medium') FROM (VALUES (1000.0), (-1.0), (NULL)) AS t(kbps)";
    let found = numbers(&ask(&lenient, query).await, 0);
    assert!(found[0].is_some() && found[1].is_none() && found[2].is_none(), "{found:?}");
}
