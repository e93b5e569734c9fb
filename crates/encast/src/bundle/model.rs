//! A trained model in memory: immutable, shareable between threads, every part checked when it was built.

use std::sync::Arc;

use crate::{
    bundle::{FORMAT_WITH_BASIS, FORMAT_WITH_CURVES, Metadata, binary, json},
    columns::Row,
    error::{Error, Result},
    field::{Field, FieldSet},
    options::Given,
    signature::LoadOptions,
    smooth::{OverCrf, Smooth},
    target::Target,
    variant::{Known, Variant, VariantKey, best_of},
};

/// A trained model. Immutable; `Send + Sync`, so that threads can share one.
#[derive(Debug)]
pub struct Model {
    metadata: Metadata,
    /// Sorted by target, rate setting, known groups.
    variants: Vec<Variant>,
    /// Columns of its schema: all of this build's, or fewer when it was trained before the last ones came.
    columns: usize,
    /// Where the variants of a target and rate setting stand in `variants`.
    spans: [[(usize, usize); 2]; Target::COUNT],
    /// Range seen of each field, when it was seen.
    pub(crate) ranges: [Option<(f64, f64)>; Field::COUNT],
    pub(crate) fields_seen: FieldSet,
    /// Some trees split on the codec: without it, the encoder counts as unknown, whatever preset is given.
    needs_codec: bool,
    /// Of the signature that was verified.
    trusted_comment: Option<String>,
}

impl Model {
    /// Puts a model together from checked parts.
    pub(crate) fn new(metadata: Metadata, mut variants: Vec<Variant>) -> Result<Model> {
        metadata.check()?;
        if variants.is_empty() {
            return Err(Error::corrupt("no model of any target"));
        }
        let columns = variants[0].flat.columns();
        if let Some(other) = variants.iter().find(|variant| variant.flat.columns() != columns) {
            let found = other.flat.columns();
            return Err(Error::corrupt(format!(
                "models expect {columns} columns, that of {} {found}",
                other.key.target
            )));
        }
        if metadata.format_version < FORMAT_WITH_CURVES
            && let Some(variant) = variants.iter().find(|variant| variant.smooth.is_some())
        {
            let (found, target) = (metadata.format_version, variant.key.target);
            return Err(Error::corrupt(format!("curves of {target} in a bundle of format {found}")));
        }
        let of_basis = |smooth: &Smooth| !(smooth.direct.curves.basis.is_empty() && smooth.errors.basis.is_empty());
        if metadata.format_version < FORMAT_WITH_BASIS
            && let Some(variant) = variants.iter().find(|variant| variant.smooth.as_ref().is_some_and(of_basis))
        {
            let (found, target) = (metadata.format_version, variant.key.target);
            return Err(Error::corrupt(format!("curves of {target} with a basis in a bundle of format {found}")));
        }
        if variants.windows(2).any(|pair| pair[0].key >= pair[1].key) {
            return Err(Error::corrupt("models are not in order, or one stands twice"));
        }
        lead_over_crf(&mut variants)?;
        let spans = std::array::from_fn(|target| {
            Given::ALL.map(|given| {
                let key = (Target::ALL[target], given);
                let from = variants.partition_point(|v| (v.key.target, v.key.given) < key);
                let to = variants.partition_point(|v| (v.key.target, v.key.given) <= key);
                (from, to)
            })
        });
        let ranges = std::array::from_fn(|field| {
            metadata.ranges.get(Field::ALL[field].name()).map(|range| (range.min, range.max))
        });
        let mut fields_seen = FieldSet::EMPTY;
        for variant in &variants {
            fields_seen = fields_seen.union(variant.fields);
        }
        let needs_codec = fields_seen.contains(Field::Codec);
        Ok(Model { metadata, variants, columns, spans, ranges, fields_seen, needs_codec, trusted_comment: None })
    }

    /// The default model, embedded in this crate: trained on the project's own table, see its model card.
    ///
    /// # Errors
    /// None in a released build: the embedded bytes are checked by the tests.
    pub fn embedded() -> Result<Model> {
        Model::from_bytes(EMBEDDED)
    }

    /// The bytes of the embedded default bundle.
    pub fn embedded_bytes() -> &'static [u8] {
        EMBEDDED
    }

    /// From the bytes of a bundle, whose signature is checked first, as the options ask.
    ///
    /// # Errors
    /// [`Error::BadKey`] when a signature is required and no key is given, [`Error::Unsigned`],
    /// [`Error::BadSignature`], and those of [`Model::from_bytes`].
    pub fn from_bytes_with(bytes: &[u8], options: &LoadOptions) -> Result<Model> {
        let comment = options.verify(bytes, options.signature)?;
        let mut model = Model::from_bytes(bytes)?;
        model.trusted_comment = comment;
        Ok(model)
    }

    /// The trusted comment of the signature that was verified when the model was loaded; `None` when there was none to
    /// verify, or no key to do it with.
    pub fn trusted_comment(&self) -> Option<&str> {
        self.trusted_comment.as_deref()
    }

    /// From the bytes of a bundle, binary or JSON by its first bytes.
    ///
    /// # Errors
    /// [`Error::WrongMagic`], [`Error::Truncated`], [`Error::Checksum`], [`Error::NewerFormat`],
    /// [`Error::TooLarge`], [`Error::Corrupt`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Model> {
        let found = bytes.len() as u64;
        if found > super::MAX_BUNDLE_BYTES {
            return Err(Error::TooLarge { found, bound: super::MAX_BUNDLE_BYTES });
        }
        if bytes.is_empty() {
            return Err(Error::Truncated { needed: 1, found: 0 });
        }
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
            return json::read(bytes);
        }
        binary::read(bytes)
    }

    /// The bundle as JSON.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it cannot be written as JSON; does not happen for a model that was loaded or trained.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        json::write(self)
    }

    /// The bundle as compact binary.
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json).
    pub fn to_binary(&self) -> Result<Vec<u8>> {
        binary::write(self)
    }

    /// What the bundle says of itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The targets that it forecasts, from a bitrate or a CRF.
    pub fn targets(&self) -> Vec<Target> {
        let has = |target: &Target| self.spans[*target as usize].iter().any(|(from, to)| from < to);
        Target::ALL.iter().copied().filter(has).collect()
    }

    /// Trees in it, over all targets and sets of known inputs.
    pub fn tree_count(&self) -> usize {
        self.variants.iter().map(|variant| variant.flat.trees()).sum()
    }

    /// Its parts, to be put together anew.
    pub(crate) fn into_parts(self) -> (Metadata, Vec<Variant>) {
        (self.metadata, self.variants)
    }

    pub(crate) fn variants(&self) -> &[Variant] {
        &self.variants
    }

    /// How many of this build's columns its schema has, from the first on.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The groups of inputs that a row knows, as far as this model can use them: a column that its schema does not have
    /// says nothing to it.
    pub(crate) fn known(&self, row: &Row, codec_known: bool) -> Known {
        let known = Known::of_row(row, self.columns);
        if self.needs_codec && !codec_known { known.without(Known::ENCODER) } else { known }
    }

    /// The best-informed model for what is known.
    pub(crate) fn best(&self, target: Target, given: Given, known: Known) -> Option<&Variant> {
        let (from, to) = self.spans[target as usize][given as usize];
        best_of(&self.variants[from..to], known)
    }
}

/// Gives the models from a bitrate that go over the CRF the curves of the models from a CRF.
fn lead_over_crf(variants: &mut [Variant]) -> Result<()> {
    for at in 0..variants.len() {
        let key = variants[at].key;
        let Some(smooth) = variants[at].smooth.as_ref().filter(|smooth| smooth.crf_share > 0.0) else { continue };
        let curves_of = |target: Target| {
            let wanted = VariantKey { target, given: Given::Crf, known: key.known };
            let found = variants.binary_search_by_key(&wanted, |variant| variant.key).ok()?;
            Some(Arc::clone(&variants[found].smooth.as_ref()?.direct))
        };
        let over = curves_of(Target::BitrateKbps).zip(curves_of(key.target)).filter(|_| key.given == Given::Bitrate);
        let Some((size, value)) = over else {
            let (target, known) = (key.target, key.known);
            return Err(Error::corrupt(format!("{target} ({known}) goes over curves from a CRF that are not there")));
        };
        let smooth = Smooth { over_crf: Some(OverCrf { size, value }), ..smooth.clone() };
        variants[at].smooth = Some(smooth);
    }
    Ok(())
}

static EMBEDDED: &[u8] = include_bytes!("../../default-model/default.encast");
