//! Rows that differ in nothing but the rate: what they share is worked out once, and kept for when it comes again.

use crate::{
    bulk::inputs::BulkInputs,
    bundle::Model,
    cell::Cell,
    columns::{BitrateColumns, Row},
    confidence::distance,
    error::Result,
    features::PredictionFeatures,
    field::Field,
    options::PredictOptions,
    predict::{Asked, variant},
    smooth::{Along, Shared},
    target::Target,
    variant::Variant,
};

/// Groups that are kept; beyond that all are dropped, so that memory stays bounded. With three curves each, some 1.5 kB a group.
const MOST: usize = 1024;
/// Places of the index, a power of 2.
const PLACES: usize = 4 * MOST;
const EMPTY: u32 = u32::MAX;
/// 2^64 divided by the golden ratio: spreads keys that differ in few bits.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// What the rows of a group have in common, whatever is asked of them.
pub(super) struct Group {
    /// The derived columns; those of the rate are of one of the rows.
    pub row: Row,
    pub bitrate: BitrateColumns,
    pub megapixels: f64,
    pub cell: Cell,
    /// Distance from the trained range, without the rates'.
    pub away: f64,
    pub shared: Shared,
}

/// What they have in common for one target.
pub(super) struct Answerer<'m> {
    pub variant: Option<&'m Variant>,
    pub along: Option<Along<'m>>,
    /// Whether the trees have a say.
    pub trees: bool,
    /// What machine and correction add, on the learning scale.
    pub shift: f64,
}

/// The groups seen last.
pub(super) struct Groups<'m> {
    model: &'m Model,
    /// The targets to answer.
    targets: Vec<Target>,
    intervals: bool,
    groups: Vec<Group>,
    /// For each group, one of each target.
    answerers: Vec<Answerer<'m>>,
    /// Inputs of the groups, one after the other.
    keys: Vec<u64>,
    key: Vec<u64>,
    index: Vec<u32>,
    /// The request at hand.
    features: PredictionFeatures,
    /// Which columns the table of the last call had.
    layout: u64,
    /// Names by their number in keys.
    names: Vec<String>,
}

impl<'m> Groups<'m> {
    pub(super) fn new(model: &'m Model, targets: Vec<Target>, intervals: bool) -> Self {
        Groups {
            model,
            targets,
            intervals,
            groups: Vec::new(),
            answerers: Vec::new(),
            keys: Vec::new(),
            key: Vec::new(),
            index: vec![EMPTY; PLACES],
            features: PredictionFeatures::default(),
            layout: 0,
            names: Vec::new(),
        }
    }

    pub(super) fn model(&self) -> &'m Model {
        self.model
    }

    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }

    pub(super) fn group(&self, group: u32) -> &Group {
        &self.groups[group as usize]
    }

    pub(super) fn answerer(&self, group: u32, target: usize) -> &Answerer<'m> {
        &self.answerers[group as usize * self.targets.len() + target]
    }

    /// Makes room for so many new groups; those that were given out before may be gone then.
    pub(super) fn make_room(&mut self, inputs: &BulkInputs<'_>, rows: usize) {
        let numbers = inputs.numbers.iter().enumerate().filter(|(_, column)| column.is_some());
        let names = inputs.names.iter().enumerate().filter(|(_, column)| column.is_some());
        let layout = numbers.fold(0, |set, (at, _)| set | 1 << at) | names.fold(0, |set, (at, _)| set | 1 << (60 + at));
        if layout != self.layout {
            self.layout = layout;
            self.features = PredictionFeatures::default();
            self.forget();
        }
        if self.groups.len() + rows > MOST {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.groups.clear();
        self.answerers.clear();
        self.keys.clear();
        self.names.clear();
        self.index.fill(EMPTY);
    }

    /// The group of a row.
    ///
    /// # Errors
    /// What forecasting this row gives: the row is checked as a request.
    pub(super) fn find(&mut self, inputs: &BulkInputs<'_>, row: usize, options: &PredictOptions) -> Result<u32> {
        self.put_key(inputs, row);
        let hash = self.key.iter().fold(0u64, |hash, &word| (hash.rotate_left(5) ^ word).wrapping_mul(SPREAD));
        let mut place = (hash >> (64 - PLACES.ilog2())) as usize;
        let words = self.key.len();
        while self.index[place] != EMPTY {
            let found = self.index[place];
            if self.keys[found as usize * words..][..words] == self.key[..] {
                return Ok(found);
            }
            place = (place + 1) % PLACES;
        }
        self.add(inputs, row, options)?;
        let new = self.groups.len() as u32 - 1;
        self.keys.extend_from_slice(&self.key);
        self.index[place] = new;
        Ok(new)
    }

    /// The error of a row whose group is good, but whose rate is not.
    pub(super) fn check(&mut self, inputs: &BulkInputs<'_>, row: usize) -> Result<()> {
        inputs.request(row, &mut self.features)?;
        self.features.check()
    }

    /// The distance of a good row from the trained range, summed anew: its terms round otherwise in another order.
    pub(super) fn whole_distance(&mut self, inputs: &BulkInputs<'_>, row: usize) -> f64 {
        match inputs.request(row, &mut self.features) {
            Ok(()) => distance(&self.features, self.model, false).sum,
            Err(_) => f64::NAN,
        }
    }

    /// All that decides the group: the inputs but for the rates, and which rates there are.
    fn put_key(&mut self, inputs: &BulkInputs<'_>, row: usize) {
        self.key.clear();
        let mut given = 0;
        for (&field, numbers) in Field::ALL.iter().zip(&inputs.numbers) {
            let Some(numbers) = numbers else { continue };
            let value = numbers.at(row);
            match is_rate(field) {
                true => given = given << 1 | u64::from(!value.is_nan()),
                false => self.key.push(value.to_bits()),
            }
        }
        self.key.push(given);
        for names in inputs.names.iter().flatten() {
            let number = names.at(row).map(|name| match self.names.iter().position(|known| known == name) {
                Some(number) => number,
                None => {
                    self.names.push(name.to_owned());
                    self.names.len() - 1
                }
            });
            self.key.push(number.map_or(u64::MAX, |number| number as u64));
        }
    }

    fn add(&mut self, inputs: &BulkInputs<'_>, row: usize, options: &PredictOptions) -> Result<()> {
        inputs.request(row, &mut self.features)?;
        self.features.check()?;
        let asked = Asked::new(&self.features, self.model, options)?;
        let from = self.answerers.len();
        for &target in &self.targets {
            let variant = variant(self.model, &self.features, asked.known, target);
            let smooth = variant.and_then(|variant| variant.smooth.as_ref());
            let along = smooth.and_then(|smooth| smooth.along(&asked.row, asked.shared()));
            let alone = along.as_ref().is_some_and(|along| !along.rate_of(&asked.row).is_nan() && !along.needs_trees());
            let shift = asked.shift(target);
            self.answerers.push(Answerer { variant, along, trees: self.intervals || !alone, shift });
        }
        let none = |&target: &Target| asked.variant(target).is_none();
        if self.targets.iter().all(none) && Target::ALL.iter().all(none) {
            self.answerers.truncate(from);
            return Err(asked.why_nothing());
        }
        let mut group = Group {
            row: asked.row,
            bitrate: BitrateColumns::of(&self.features),
            megapixels: asked.megapixels,
            cell: asked.cell,
            away: asked.distance.sum,
            shared: Shared::default(),
        };
        let out_of_range = asked.distance.out_of_range;
        group.shared = asked.into_shared();
        if out_of_range.iter().any(is_rate) {
            (self.features.bitrate_kbps, self.features.crf) = (None, None);
            group.away = distance(&self.features, self.model, false).sum;
        }
        self.groups.push(group);
        Ok(())
    }
}

pub(super) fn is_rate(field: Field) -> bool {
    matches!(field, Field::BitrateKbps | Field::Crf)
}
