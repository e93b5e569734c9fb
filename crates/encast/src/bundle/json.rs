//! The bundle as JSON: to read, to diff, to hand to other tools.

use serde::{Deserialize, Serialize};

use std::sync::Arc;

use encast_curves::{Curves, Direction};
use encast_trees::{Ensemble, FlatEnsemble};

use crate::{
    bundle::{FORMAT_VERSION, Metadata, Model},
    calibration::Calibration,
    columns::Column,
    error::{Error, Result},
    options::Given,
    smooth::{ColumnCurves, Smooth, Warp},
    target::Target,
    variant::{Known, Variant, VariantKey},
};

/// What the top level says it is.
const FORMAT: &str = "encast-bundle";

/// A variant without its trees: the part that both encodings share.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct VariantHead {
    pub target: Target,
    pub given: Given,
    /// Groups of inputs that a request must know.
    pub known: Vec<String>,
    /// Columns that the trees look at, by name.
    pub columns: Vec<String>,
    pub calibration: Calibration,
    /// What is kept of the curves beside their numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curves: Option<SmoothHead>,
}

/// What is kept of curves beside their tables, in a bundle.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SmoothHead {
    /// The column that runs along the curves.
    pub rate: String,
    /// Their inputs, by name.
    pub columns: Vec<String>,
    /// The scale of the values.
    pub warp: Warp,
    /// Share of the forecast, and that of the way over the CRF.
    pub share: f64,
    pub crf_share: f64,
    pub floor: f64,
    pub fallback: f64,
    pub near: f64,
    pub values: CurvesHead,
    pub errors: CurvesHead,
}

/// Curves without their tables.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CurvesHead {
    pub direction: Direction,
    pub mean: Vec<f64>,
    pub scale: Vec<f64>,
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    pub first: f64,
    pub step: f64,
}

/// The tables of curves: most of their numbers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tables {
    pub centres: Vec<f32>,
    pub table: Vec<f32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<f32>,
}

/// Those of the curves of values and of errors.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SmoothTables {
    pub values: Tables,
    pub errors: Tables,
}

impl CurvesHead {
    fn of(curves: &Curves) -> CurvesHead {
        CurvesHead {
            direction: curves.direction,
            mean: curves.mean.clone(),
            scale: curves.scale.clone(),
            low: curves.low.clone(),
            high: curves.high.clone(),
            first: curves.first,
            step: curves.step,
        }
    }

    fn with(self, tables: Tables) -> Curves {
        Curves {
            direction: self.direction,
            mean: self.mean,
            scale: self.scale,
            low: self.low,
            high: self.high,
            first: self.first,
            step: self.step,
            centres: tables.centres,
            table: tables.table,
            basis: tables.basis,
        }
    }
}

impl SmoothHead {
    fn of(smooth: &Smooth) -> SmoothHead {
        SmoothHead {
            rate: smooth.direct.rate.name().to_owned(),
            columns: smooth.direct.columns.iter().map(|column| column.name().to_owned()).collect(),
            warp: smooth.direct.warp,
            share: smooth.share,
            crf_share: smooth.crf_share,
            floor: smooth.floor,
            fallback: smooth.fallback,
            near: smooth.near,
            values: CurvesHead::of(&smooth.direct.curves),
            errors: CurvesHead::of(&smooth.errors),
        }
    }

    fn with(self, tables: SmoothTables) -> Result<Smooth> {
        Ok(Smooth {
            direct: Arc::new(ColumnCurves {
                rate: column_of(&self.rate)?,
                columns: columns_of(&self.columns)?,
                warp: self.warp,
                curves: self.values.with(tables.values),
            }),
            share: self.share,
            crf_share: self.crf_share,
            over_crf: None,
            errors: self.errors.with(tables.errors),
            floor: self.floor,
            fallback: self.fallback,
            near: self.near,
        })
    }
}

fn column_of(name: &str) -> Result<Column> {
    let found = Column::ALL.iter().copied().find(|column| column.name() == name);
    found.ok_or_else(|| Error::corrupt(format!("unknown column '{name}'")))
}

fn columns_of(names: &[String]) -> Result<Vec<Column>> {
    names.iter().map(|name| column_of(name)).collect()
}

impl VariantHead {
    pub(crate) fn of(variant: &Variant) -> VariantHead {
        VariantHead {
            target: variant.key.target,
            given: variant.key.given,
            known: variant.key.known.names().into_iter().map(str::to_owned).collect(),
            columns: variant.columns.iter().map(|column| column.name().to_owned()).collect(),
            calibration: variant.calibration.clone(),
            curves: variant.smooth.as_ref().map(SmoothHead::of),
        }
    }

    pub(crate) fn with(self, flat: FlatEnsemble, tables: Option<SmoothTables>) -> Result<Variant> {
        let key = VariantKey { target: self.target, given: self.given, known: Known::from_names(&self.known)? };
        let smooth = match (self.curves, tables) {
            (Some(head), Some(tables)) => Some(head.with(tables)?),
            (None, None) => None,
            _ => return Err(Error::corrupt(format!("curves of {} without their tables, or tables alone", key.target))),
        };
        Variant::new(key, columns_of(&self.columns)?, flat, smooth, self.calibration)
    }
}

#[derive(Serialize, Deserialize)]
struct Bundle {
    format: String,
    #[serde(flatten)]
    metadata: Metadata,
    /// Names of the trees' columns, in order.
    schema: Vec<String>,
    models: Vec<VariantJson>,
}

/// As [`Bundle`], for reading without `flatten`, which buffers everything.
#[derive(Deserialize)]
struct BundleModels {
    schema: Vec<String>,
    models: Vec<VariantJson>,
}

#[derive(Serialize, Deserialize)]
struct VariantJson {
    #[serde(rename = "model")]
    head: VariantHead,
    ensemble: Ensemble,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tables: Option<SmoothTables>,
}

impl SmoothTables {
    fn of(smooth: &Smooth) -> SmoothTables {
        let of = |curves: &Curves| Tables {
            centres: curves.centres.clone(),
            table: curves.table.clone(),
            basis: curves.basis.clone(),
        };
        SmoothTables { values: of(&smooth.direct.curves), errors: of(&smooth.errors) }
    }
}

/// The names of the columns that a model knows: the first of this build's, or all of them.
pub(crate) fn schema(model: &Model) -> Vec<String> {
    Column::ALL.iter().take(model.columns()).map(|column| column.name().to_owned()).collect()
}

/// A bundle's columns must be the first of this build's, in the same order; a bundle that was written before a column
/// came does without it.
pub(crate) fn check_schema(found: &[String]) -> Result<()> {
    let ours = Column::ALL;
    match found.iter().zip(ours).position(|(a, b)| a != b.name()) {
        Some(at) => Err(Error::corrupt(format!("column {at} is '{}', expected '{}'", found[at], ours[at].name()))),
        None if found.is_empty() || found.len() > ours.len() => {
            let (found, ours) = (found.len(), ours.len());
            Err(Error::corrupt(format!("{found} columns in the schema, this version knows 1 to {ours}")))
        }
        None => Ok(()),
    }
}

/// Every ensemble must have been made for the columns of the schema.
pub(crate) fn check_columns(ensemble: &Ensemble, schema: &[String]) -> Result<()> {
    match (ensemble.columns(), schema.len()) {
        (found, expected) if found == expected => Ok(()),
        (found, expected) => Err(Error::corrupt(format!("a model expects {found} columns, the schema has {expected}"))),
    }
}

pub(crate) fn write(model: &Model) -> Result<Vec<u8>> {
    let bundle = Bundle {
        format: FORMAT.to_owned(),
        metadata: model.metadata().clone(),
        schema: schema(model),
        models: model
            .variants()
            .iter()
            .map(|variant| {
                Ok(VariantJson {
                    head: VariantHead::of(variant),
                    ensemble: variant.flat.ensemble()?,
                    tables: variant.smooth.as_ref().map(SmoothTables::of),
                })
            })
            .collect::<Result<_>>()?,
    };
    let mut bytes = serde_json::to_vec(&bundle).map_err(|error| Error::corrupt(error.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

pub(crate) fn read(bytes: &[u8]) -> Result<Model> {
    /// The only thing that every future version promises to keep.
    #[derive(Deserialize)]
    struct Head {
        format: Option<String>,
        format_version: Option<u32>,
    }
    // An object that does not end in a brace was cut off, wherever the parser stumbled.
    let whole = bytes.trim_ascii_end().ends_with(b"}");
    let explain = |error: serde_json::Error| match error.is_eof() || !whole {
        true => Error::Truncated { needed: bytes.len() as u64 + 1, found: bytes.len() as u64 },
        false => Error::corrupt(error.to_string()),
    };
    let head: Head = serde_json::from_slice(bytes).map_err(explain)?;
    if head.format.as_deref() != Some(FORMAT) {
        let found = head.format.unwrap_or_else(|| "a JSON object without it".to_owned());
        return Err(Error::WrongMagic { found, expected: "\"format\":\"encast-bundle\"" });
    }
    match head.format_version {
        None => return Err(Error::corrupt("format_version is missing")),
        Some(0) => return Err(Error::corrupt("format_version = 0")),
        Some(found) if found > FORMAT_VERSION => {
            return Err(Error::NewerFormat { found, supported: FORMAT_VERSION });
        }
        Some(_) => (),
    }
    let metadata: Metadata = serde_json::from_slice(bytes).map_err(explain)?;
    let bundle: BundleModels = serde_json::from_slice(bytes).map_err(explain)?;
    check_schema(&bundle.schema)?;
    let variant = |model: VariantJson| {
        check_columns(&model.ensemble, &bundle.schema)?;
        model.head.with(FlatEnsemble::new(&model.ensemble), model.tables)
    };
    let variants = bundle.models.into_iter().map(variant).collect::<Result<_>>()?;
    Model::new(metadata, variants)
}
