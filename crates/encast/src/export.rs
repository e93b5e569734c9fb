//! A model's trees as ONNX, for runtimes that know nothing of bundles.

use encast_trees::exchange::onnx::{OnnxLabels, write};

use crate::{
    bundle::Model,
    columns::Column,
    error::{Error, Result},
    options::Given,
    target::Target,
    training_table::learning_name,
    variant::{Known, Variant},
};

/// Which of a bundle's models is exported.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportOptions {
    /// What it forecasts.
    pub target: Target,
    /// From which rate setting.
    pub given: Given,
    /// The groups of inputs that it knows, by name, exactly; `None`: the best-informed one.
    pub known: Option<Vec<String>>,
    /// Export the trees of a model that has curves, too: without the curves it forecasts worse than the bundle does.
    pub trees_only: bool,
}

/// The trees of a model as ONNX: one TreeEnsembleRegressor over all columns of the schema (float, rows × columns, NaN is
/// unknown), whose output is the forecast on the target's learning scale ([`crate::learning_name`]), not yet held within the
/// target's bounds.
///
/// Leaves are divided by the number of members and rounded to single precision, and runtimes sum in single precision: the
/// forecast differs from the bundle's by some 10⁻⁶ of its size. The metadata of the file names columns, target, scale, rate
/// setting, known inputs and the bundle's version.
///
/// # Errors
/// [`Error::NotPredicted`] when there is no such model; [`Error::NotExportable`] for one with curves, which are no trees,
/// unless `trees_only` is set.
pub fn export_onnx(model: &Model, options: &ExportOptions) -> Result<Vec<u8>> {
    let (target, given) = (options.target, options.given);
    let variant = chosen(model, options)?;
    if variant.smooth.is_some() && !options.trees_only {
        let reason = "curves make a share of its forecast, and ONNX's trees can't hold them; export the trees only, which \
                      forecast worse than the bundle, or train with the model kind boosting";
        return Err(Error::NotExportable { target, reason: reason.to_owned() });
    }
    let columns: Vec<&str> = Column::ALL.iter().take(model.columns()).map(|column| column.name()).collect();
    let (scale, known) = (learning_name(target), variant.key.known.names().join(","));
    let about = model.metadata();
    let metadata = [
        ("encast.target", target.name()),
        ("encast.scale", scale.as_str()),
        ("encast.given", given.name()),
        ("encast.known", known.as_str()),
        ("encast.version", about.version.as_str()),
        ("encast.part", if variant.smooth.is_some() { "trees without the bundle's curves" } else { "whole" }),
    ];
    let producer = ("encast", env!("CARGO_PKG_VERSION"));
    Ok(write(&variant.flat.ensemble()?, &OnnxLabels { columns: &columns, producer, metadata: &metadata })?)
}

fn chosen<'a>(model: &'a Model, options: &ExportOptions) -> Result<&'a Variant> {
    let (target, given) = (options.target, options.given);
    let of_target = || model.variants().iter().filter(|v| (v.key.target, v.key.given) == (target, given));
    let found = match &options.known {
        Some(names) => {
            let wanted = Known::from_names(names).map_err(|_| Error::UnknownName {
                field: "known",
                value: names.join(","),
                known: "motion, encoder, content, probe, probe_vmaf".to_owned(),
            })?;
            of_target().find(|variant| variant.key.known == wanted)
        }
        None => of_target().max_by_key(|variant| variant.key.known),
    };
    found.ok_or_else(|| {
        let there: Vec<String> =
            of_target().map(|variant| format!("'{}'", variant.key.known.names().join(","))).collect();
        let there =
            if there.is_empty() { "there is none".to_owned() } else { format!("known are {}", there.join(" ")) };
        Error::NotPredicted { target, reason: format!("of its models from a {given}, {there}") }
    })
}
