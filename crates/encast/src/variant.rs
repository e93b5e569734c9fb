//! What a request knows decides which of a target's models answers it: one for each set of known groups.

use std::fmt;

use encast_trees::{Crossing, FlatEnsemble, crossing};

use crate::{
    calibration::Calibration,
    cell::Cell,
    columns::{Column, Row},
    error::{Error, Result},
    field::{FieldSet, Group},
    options::{Given, Tier},
    smooth::{Along, Blend, Shared, Smooth},
    target::Target,
};

/// A set of groups of inputs. Ordered so that of two sets that fit a request, the greater is the better informed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Known(u8);

/// The groups that select a model, in the order of their bits.
const SELECTING: [Group; 5] = [Group::Motion, Group::Encoder, Group::Content, Group::Probe, Group::ProbeVmaf];

impl Known {
    pub(crate) const NOTHING: Known = Known(0);
    pub(crate) const MOTION: Known = Known(1);
    pub(crate) const ENCODER: Known = Known(2);
    pub(crate) const CONTENT: Known = Known(4);
    pub(crate) const PROBE: Known = Known(8);
    pub(crate) const PROBE_VMAF: Known = Known(16);

    pub(crate) const fn and(self, other: Known) -> Known {
        Known(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Known) -> Known {
        Known(self.0 & !other.0)
    }

    pub(crate) const fn has(self, other: Known) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn of_group(group: Group) -> Known {
        match group {
            Group::Job => Known::NOTHING,
            Group::Motion => Known::MOTION,
            Group::Encoder => Known::ENCODER,
            Group::Content => Known::CONTENT,
            Group::Probe => Known::PROBE,
            Group::ProbeVmaf => Known::PROBE_VMAF,
        }
    }

    /// The groups of which a row has at least one of the first `columns` columns.
    pub(crate) fn of_row(row: &Row, columns: usize) -> Known {
        Column::ALL
            .iter()
            .take(columns)
            .filter(|&&column| !row[column as usize].is_nan())
            .fold(Known::NOTHING, |known, column| known.and(Known::of_group(column.group())))
    }

    /// The groups that a tier may know.
    pub(crate) fn of_tier(tier: Tier) -> Known {
        SELECTING
            .into_iter()
            .filter(|&group| tier.knows(group))
            .fold(Known::NOTHING, |known, group| known.and(Known::of_group(group)))
    }

    /// The names in bundles.
    pub(crate) fn names(self) -> Vec<&'static str> {
        SELECTING.into_iter().filter(|&g| self.has(Known::of_group(g))).map(group_name).collect()
    }

    pub(crate) fn from_names(names: &[String]) -> Result<Known> {
        names.iter().try_fold(Known::NOTHING, |known, name| {
            let group = SELECTING
                .into_iter()
                .find(|&group| group_name(group) == name)
                .ok_or_else(|| Error::corrupt(format!("unknown group of inputs '{name}'")))?;
            Ok(known.and(Known::of_group(group)))
        })
    }
}

fn group_name(group: Group) -> &'static str {
    match group {
        Group::Job => "job",
        Group::Motion => "motion",
        Group::Encoder => "encoder",
        Group::Content => "content",
        Group::Probe => "probe",
        Group::ProbeVmaf => "probe_vmaf",
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join("+"))
    }
}

/// Which requests a model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VariantKey {
    pub target: Target,
    pub given: Given,
    pub known: Known,
}

/// One trained model of one target, for one set of known inputs.
#[derive(Debug)]
pub(crate) struct Variant {
    pub key: VariantKey,
    /// The columns that it was trained on; all others it never looks at.
    pub columns: Vec<Column>,
    /// Its trees.
    pub flat: FlatEnsemble,
    /// Curves that make a share of the forecast.
    pub smooth: Option<Smooth>,
    pub calibration: Calibration,
    /// The inputs behind the columns.
    pub fields: FieldSet,
}

impl Variant {
    pub(crate) fn new(
        key: VariantKey,
        columns: Vec<Column>,
        flat: FlatEnsemble,
        smooth: Option<Smooth>,
        calibration: Calibration,
    ) -> Result<Variant> {
        let known = flat.columns();
        if known > Column::COUNT || columns.iter().any(|&column| column as usize >= known) {
            return Err(Error::corrupt(format!(
                "a model of {} lists columns beyond the {known} that it expects, or expects more than {}",
                key.target,
                Column::COUNT
            )));
        }
        calibration.check()?;
        let listed = columns.iter().fold(0u64, |listed, &column| listed | 1 << column as u8);
        if (0..known as u16).any(|column| listed & 1 << column == 0 && flat.uses(column)) {
            return Err(Error::corrupt(format!(
                "trees of {} split on columns that the model does not list",
                key.target
            )));
        }
        let mut fields = Column::fields_of(columns.iter().copied());
        if let Some(smooth) = &smooth {
            smooth.check(key.given)?;
            fields = fields.union(smooth.fields());
        }
        Ok(Variant { key, columns, flat, smooth, calibration, fields })
    }

    /// The curves of a request; `None` when it has none that can answer it.
    pub(crate) fn along(&self, row: &Row, shared: &Shared) -> Option<Along<'_>> {
        self.smooth.as_ref()?.along(row, shared)
    }

    /// The forecast of a row on the learning scale, from its curves and what its trees say: mean and spread.
    /// `shared` belongs to the request, as the curves do.
    pub(crate) fn forecast(
        &self,
        row: &Row,
        (along, shared): (Option<&Along<'_>>, &Shared),
        trees: (f64, f64),
    ) -> Forecast<'_> {
        let smooth = self.smooth.as_ref().zip(along);
        self.blended(trees, smooth.and_then(|(smooth, along)| smooth.blend(along, shared, row, trees.0)))
    }

    /// The forecast of trees, blended with what curves said, where they did.
    pub(crate) fn blended(&self, (trees, spread): (f64, f64), blended: Option<Blend>) -> Forecast<'_> {
        let Some(smooth) = &self.smooth else {
            return Forecast { variant: self, value: trees, spread, scale: 1.0, novelty: 0.0 };
        };
        match blended {
            // How far curves and trees disagree is in the size of the error already.
            Some(Blend { value, scale, novelty }) => Forecast { variant: self, value, spread: 0.0, scale, novelty },
            None => Forecast { variant: self, value: trees, spread, scale: smooth.fallback, novelty: 0.0 },
        }
    }

    /// Finds where along a line of rows the forecast reaches `target`, as [`FlatEnsemble::crossing`] does. `set` moves
    /// the columns of the rate.
    pub(crate) fn crossing(
        &self,
        along: Option<&Along<'_>>,
        target: f64,
        bracket: (f64, f64),
        precision: f64,
        row: &mut Row,
        set: impl Fn(f64, &mut [f32]),
    ) -> Crossing {
        let Some(along) = along else {
            return self.flat.crossing(|_| target, bracket, precision, row, set);
        };
        let mut at = *row;
        if !along.needs_trees() {
            let excess = |position: f64| {
                set(position, &mut at);
                along.value(&at, 0.0) - target
            };
            return crossing(excess, bracket, precision);
        }
        // What the trees must reach, where the curves have their share already.
        let left = |position: f64| {
            set(position, &mut at);
            along.left_to_trees(&at, target)
        };
        self.flat.crossing(left, bracket, precision, row, &set)
    }
}

/// A forecast on the learning scale, and the model that made it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forecast<'a> {
    pub variant: &'a Variant,
    pub value: f64,
    /// How far the members of the ensemble disagree.
    pub spread: f64,
    /// The size of its error, in which the calibration counts.
    pub scale: f64,
    /// Octaves by which the request is farther from what was seen than usual.
    pub novelty: f64,
}

impl Forecast<'_> {
    /// How far the nominal interval reaches below (below 0) and above.
    pub(crate) fn around(&self, cell: Cell) -> (f64, f64) {
        let (lower, upper) = self.variant.calibration.around(self.value, cell);
        (lower * self.scale, upper * self.scale)
    }
}

/// The models of one target and rate setting, least informed first.
pub(crate) fn best_of(variants: &[Variant], known: Known) -> Option<&Variant> {
    variants.iter().filter(|variant| known.has(variant.key.known)).max_by_key(|variant| variant.key.known)
}

/// The sets of known groups that a table with these groups can teach, for one target and rate setting.
pub(crate) fn teachable(target: Target, given: Given, in_table: Known) -> Vec<Known> {
    const PROBED: Known = Known::PROBE.and(Known::PROBE_VMAF);
    let unprobed = [Known::NOTHING, Known::MOTION, Known::CONTENT];
    let probed = [Known::PROBE, PROBED, Known::CONTENT.and(Known::PROBE), Known::CONTENT.and(PROBED)];
    // Time, memory and cost hardly depend on what motion tells beyond the rest, nor on what a probe tells beyond the
    // content's complexity and the bitrate; where the bitrate is not given, a probe tells of it.
    let of_quality = matches!(target, Target::Vmaf | Target::Psnr | Target::Ssim | Target::BitrateKbps);
    let probe_helps = of_quality || given == Given::Crf;
    let unprobed = unprobed.into_iter().filter(|&known| of_quality || known != Known::MOTION);
    let informed = unprobed.clone().chain(probed.into_iter().filter(|_| probe_helps));
    let with_encoder = informed.map(|known| match in_table.has(Known::ENCODER) {
        true => known.and(Known::ENCODER),
        false => known,
    });
    let mut sets: Vec<Known> = with_encoder.collect();
    // A bitrate means something without knowing the encoder; a CRF is on the encoder's own scale.
    if given == Given::Bitrate {
        sets.extend(unprobed);
    }
    sets.retain(|&known| in_table.has(known));
    sets.sort();
    sets.dedup();
    sets
}
