//! encast forecasts a video encode before it runs.
//!
//! From what is known of a job — size, frame rate, bitrate or CRF, and, where they are known, encoder, complexity of
//! the content, the result of a short trial encode — it forecasts quality, size, time, memory, cost and carbon, each
//! with an interval that was calibrated on titles the model had not seen, and recommends the bitrate for a quality
//! target.
//!
//! ```
//! use encast::{Model, PredictionFeatures, predict};
//!
//! let model = Model::embedded()?;
//! // 4000 kbit/s, 1920×1080, 30 fps, 1 % of the frames dropped, medium motion.
//! let request = PredictionFeatures::new(4000.0, 1920.0, 1080.0, 30.0, 0.01, 0.5);
//! let answer = predict(&request, &model)?;
//! if let Some(vmaf) = answer.predicted_vmaf {
//!     println!("VMAF {vmaf:.1}, confidence {:.2}", answer.confidence);
//! }
//! # Ok::<(), encast::Error>(())
//! ```
//!
//! A tour: a request is a [`PredictionFeatures`], its inputs are listed in [`Field`]; an answer is a
//! [`PredictionResult`], what may be forecast is listed in [`Target`]. A [`Model`] is loaded ([`load_model`]),
//! embedded ([`Model::embedded`]) or trained ([`retrain`]) from measured rows ([`EncodeTable`]); [`evaluate`] and
//! [`cross_validate`] judge it on titles it has not seen, [`search`] chooses the learner by such titles. [`training_table`] gives its
//! columns to other learners, [`import_model`] takes what LightGBM and XGBoost made of them, [`export_onnx`] gives trees away. [`recommend`],
//! [`ladder()`] and [`advise`] turn forecasts into settings. Everything is deterministic; nothing here starts a process,
//! opens a socket or reads a clock, and nothing panics on bad input: every failure is an [`Error`] that names field,
//! value and bound. All types are `Send + Sync`.
#![forbid(unsafe_code)]

mod advise;
mod anchor;
mod anchor_rows;
mod anchored;
mod assurance;
mod breakdown;
mod bulk;
pub mod bundle;
mod calibration;
mod cell;
mod codec;
mod columns;
mod compare;
pub mod confidence;
mod correction;
mod cost;
mod drift;
mod error;
mod evaluate;
mod evaluation;
mod export;
mod features;
mod field;
mod figures;
mod folds;
mod import;
mod kriging;
mod ladder;
mod levels;
mod machine_speed;
mod machines;
mod options;
mod point;
mod predict;
mod recommend;
mod resources;
mod result;
mod scale;
mod scan;
mod search;
mod signature;
mod smallest_bitrate;
mod smooth;
mod table;
mod target;
mod total;
mod train;
mod training_table;
mod tuning;
mod variant;

pub use advise::{
    Advice, AdviseOptions, Proposal, QualityStep, Quantity, RankBy, Rejected, Rejection, Setup, StepsOf, advise,
};
pub use anchor::Anchor;
pub use bulk::{BulkInputs, BulkOutput, Names, Numbers, Scorer};
pub use bundle::{
    FORMAT_VERSION, HeadlineMetrics, ImportedModel, MAX_BUNDLE_BYTES, Metadata, Model, NotLearnt, NumberShares, Range,
    TierFigures, TrainingShares, load_model, load_model_with, save_model,
};
pub use calibration::NOMINAL;
pub use codec::{Codec, Encoder, Preset};
pub use columns::Column;
pub use compare::{Comparison, Difference, compare};
pub use correction::Correction;
pub use cost::{
    DataPrices, EncoderScaling, JobCost, JobResources, MAX_PROFILES_BYTES, Machine, Price, Profiles, Region,
    ResourceProfile, Site, Work,
};
pub use drift::{
    DriftStream, ForecastErrors, InputDrift, Monitor, MonitorOptions, Observation, Observed, Offset, Told,
};
pub use encast_trees::exchange::{ExchangeError, Format as ForeignFormat};
pub use error::{Error, Result};
pub use evaluate::{
    TrainingFold, cross_validate, cross_validate_anchored, cross_validate_with, evaluate, evaluate_anchored, mask,
};
pub use evaluation::{
    Breakdown, CellFigures, ConfidenceFigures, Evaluation, IntervalFigures, TargetFigures, TitleFigures,
};
pub use export::{ExportOptions, export_onnx};
pub use features::{DEFAULT_DURATION_S, PredictionFeatures, motion_intensity_of_ti};
pub use field::{Field, FieldSet, Group};
pub use import::{ImportOptions, Imported, import_model};
pub use ladder::{
    Curve, CurvePoint, Dropped, HLS_HEVC, Ladder, LadderFigures, LadderJudgement, LadderOptions, Rung, Size, bd_rate,
    judge_ladders, ladder, usual_sizes,
};
pub use machine_speed::{MachineSpeed, machine_speed, machine_speed_beside};
pub use machines::{MachineFactors, Machines};
pub use options::{
    DEFAULT_TARGET_VMAF, Given, ModelKind, PredictOptions, Progress, RecommendOptions, TableProvenance, Tier,
    TrainOptions,
};
pub use predict::{predict, predict_batch, predict_with};
pub use recommend::{Choice, Limit, OverLimit, Recommendation, recommend, recommend_bitrate, recommend_crf};
pub use result::{Estimate, PredictionResult};
pub use search::{Candidate, SearchReport, Trial, TrialFigures, candidates, richest_tier, search};
pub use signature::{LoadOptions, MAX_SIGNATURE_BYTES, SIGNATURE_SUFFIX, TrustedKeys};
pub use table::{EncodeTable, InputColumn, MAX_ROW_BYTES, RequestColumns, RequestReader, passes_of, usual_column};
pub use target::{PredictionTargets, Scale, Target};
pub use total::{Total, total, totals};
pub use train::{MIN_ROWS, MIN_TITLES, retrain, retrain_with_progress};
pub use training_table::{TrainingRow, learning_name, training_table};
pub use tuning::Tuning;
