//! Chosen targets of many encodes, columns in and columns out.

use std::ffi::c_char;

use encast_core::{BulkInputs, BulkOutput, Field, Names, Numbers, Scorer, Target};

use crate::{
    boundary::enter,
    features::{self, EncastFeatures},
    handles,
    model::EncastModel,
    options::{self, EncastPredictOptions},
    status::{ENCAST_STATUS_BAD_COUNT, Failure},
    structs::{self, CStruct, Rows, c_text, read, read_or_defaults},
};

/// Code of a row whose name is not known, in EncastColumn.codes.
pub const ENCAST_UNKNOWN_NAME: u32 = u32::MAX;

/// Most names that a column of names takes.
pub const ENCAST_COLUMN_NAMES_MOST: usize = 65536;

/// The values of one input, one a row. Set up by encast_column_init(), then filled in. An input of numbers has values,
/// one of names (codec, encoder, preset, machine) has codes and names; the others stay null and 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastColumn {
    /// Set by encast_column_init().
    pub struct_size: u32,
    /// The input, by the number whose name encast_field_name() tells. Must be given: by default it is none.
    pub field: u32,
    /// Numbers in the unit of the input, one a row, NaN = unknown. Read during the call only.
    pub values: *const f64,
    /// Places in names, one a row, or ENCAST_UNKNOWN_NAME. Read during the call only.
    pub codes: *const u32,
    /// Names, each UTF-8 and NUL-terminated: name_count of them. Read during the call only.
    pub names: *const *const c_char,
    /// How many names, at most ENCAST_COLUMN_NAMES_MOST.
    pub name_count: usize,
}

// SAFETY: repr(C), struct_size first, numbers and raw pointers only, which may have any value.
unsafe impl CStruct for EncastColumn {
    const NAME: &'static str = "EncastColumn";
    const FIRST_SIZE: usize = 40;

    fn defaults() -> Self {
        EncastColumn {
            struct_size: size_of::<Self>() as u32,
            field: u32::MAX,
            values: std::ptr::null(),
            codes: std::ptr::null(),
            names: std::ptr::null(),
            name_count: 0,
        }
    }
}

/// Where the forecasts of one target go, one a row, in the unit of the target; NaN where a row's inputs do not give
/// it. Set up by encast_scores_init(), then filled in.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EncastScores {
    /// Set by encast_scores_init().
    pub struct_size: u32,
    /// The target, by the number whose name encast_target_name() tells. Must be given: by default it is none.
    pub target: u32,
    /// Receives the forecasts, not null.
    pub values: *mut f64,
    /// Receives the lower ends of the intervals; null = no intervals of this target. If any target has intervals, all
    /// take as long as if they had: several times as long as the forecasts alone.
    pub lower: *mut f64,
    /// Receives the upper ends of the intervals; null if and only if lower is.
    pub upper: *mut f64,
}

// SAFETY: repr(C), struct_size first, numbers and raw pointers only, which may have any value.
unsafe impl CStruct for EncastScores {
    const NAME: &'static str = "EncastScores";
    const FIRST_SIZE: usize = 32;

    fn defaults() -> Self {
        EncastScores {
            struct_size: size_of::<Self>() as u32,
            target: u32::MAX,
            values: std::ptr::null_mut(),
            lower: std::ptr::null_mut(),
            upper: std::ptr::null_mut(),
        }
    }
}

/// A column in the core's terms.
enum Column<'a> {
    Numbers(&'a [f64]),
    Names(&'a [u32], Vec<&'a str>),
}

/// The memory of a caller's array.
///
/// # Safety
/// `first` is null, or points to `count` readable elements that outlive `'a`, of which every bit pattern is a value.
unsafe fn array<'a, T>(first: *const T, count: usize, field: &'static str) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    if first.is_null() {
        return Err(Failure::null(field));
    }
    // SAFETY: not null and, as `check_rows` and the bound on names see to, no longer than an object may be, hence
    // readable by our caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(first, count) })
}

/// Checks that so many numbers can be in memory.
fn check_rows(rows: usize) -> Result<(), Failure> {
    if rows.checked_mul(size_of::<f64>()).is_some_and(|bytes| isize::try_from(bytes).is_ok()) {
        return Ok(());
    }
    let text = format!("row_count = {rows}: so many rows cannot be in memory");
    Err(Failure::new(ENCAST_STATUS_BAD_COUNT, text).of_field("row_count"))
}

/// # Safety
/// The arrays of `c` have as many elements as `rows` and `name_count` say, until `'a` ends.
unsafe fn column<'a>(c: &EncastColumn, rows: usize) -> Result<(Field, Column<'a>), Failure> {
    let field = usize::try_from(c.field).ok().and_then(|number| Field::ALL.get(number)).copied();
    let field = field.ok_or_else(|| {
        Failure::bound("field", c.field, format_args!("below {}, as encast_field_name() counts", Field::COUNT))
    })?;
    if !field.is_name() {
        // SAFETY: our caller's promise.
        return Ok((field, Column::Numbers(unsafe { array(c.values, rows, "values") }?)));
    }
    if c.name_count > ENCAST_COLUMN_NAMES_MOST {
        return Err(Failure::bound("name_count", c.name_count, format_args!("at most {ENCAST_COLUMN_NAMES_MOST}")));
    }
    // SAFETY: our caller's promise.
    let (codes, pointers) = unsafe { (array(c.codes, rows, "codes")?, array(c.names, c.name_count, "names")?) };
    // SAFETY: our caller's promise.
    let names = pointers.iter().map(|&name| unsafe { c_text(name, "names") }).collect::<Result<_, _>>()?;
    Ok((field, Column::Names(codes, names)))
}

/// The places to write to, and the target.
fn output(c: &EncastScores) -> Result<(Target, EncastScores), Failure> {
    let target = usize::try_from(c.target).ok().and_then(|number| Target::ALL.get(number)).copied();
    let target = target.ok_or_else(|| {
        Failure::bound("target", c.target, format_args!("below {}, as encast_target_name() counts", Target::ALL.len()))
    })?;
    match (c.values.is_null(), c.lower.is_null(), c.upper.is_null()) {
        (true, ..) => Err(Failure::null("values")),
        (_, true, false) => Err(Failure::null("lower")),
        (_, false, true) => Err(Failure::null("upper")),
        _ => Ok((target, *c)),
    }
}

/// What is known of every row, and what differs.
fn inputs<'a>(
    same: &'a encast_core::PredictionFeatures,
    columns: &'a [(Field, Column<'a>)],
    rows: usize,
) -> Result<BulkInputs<'a>, Failure> {
    let mut inputs = BulkInputs::new(rows);
    for &field in Field::ALL.iter().filter(|field| !field.is_name()) {
        if let Some(value) = same.get(field) {
            inputs.set(field, Numbers::Same(value))?;
        }
    }
    let names = [
        (Field::Codec, same.codec.map(|codec| codec.name())),
        (Field::Encoder, same.encoder.map(|encoder| encoder.name())),
        (Field::Preset, same.preset.as_deref()),
        (Field::Machine, same.machine.as_deref()),
    ];
    for (field, name) in names {
        if let Some(name) = name {
            inputs.set_names(field, Names::Same(name))?;
        }
    }
    for (place, (field, column)) in columns.iter().enumerate() {
        if columns[..place].iter().any(|(earlier, _)| earlier == field) {
            return Err(Failure::bound("field", field.name(), "the field of one column only"));
        }
        match column {
            Column::Numbers(values) => inputs.set(*field, Numbers::F64(values))?,
            Column::Names(codes, names) => inputs.set_names(*field, Names::Coded { codes, names })?,
        };
    }
    Ok(inputs)
}

/// Forecasts of one target, before the caller sees them.
struct Scored {
    value: Vec<f64>,
    bounds: Option<(Vec<f64>, Vec<f64>)>,
}

/// Room for one number a row: how much is the caller's choice, so that there may be too little memory.
fn room(rows: usize) -> Result<Vec<f64>, Failure> {
    let mut list = Vec::new();
    list.try_reserve_exact(rows).map_err(|_| Failure::no_memory("rows", rows, size_of::<f64>()))?;
    list.resize(rows, f64::NAN);
    Ok(list)
}

/// Makes an input none.
///
/// column: a struct of the caller, not null. struct_size: sizeof(EncastColumn).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// column points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_column_init(column: *mut EncastColumn, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(column, struct_size, "column") })
}

/// Makes a target none.
///
/// scores: a struct of the caller, not null. struct_size: sizeof(EncastScores).
///
/// Returns ENCAST_STATUS_OK, ENCAST_STATUS_NULL_POINTER or ENCAST_STATUS_BAD_STRUCT_SIZE; on failure nothing is
/// written. May be called from any thread.
///
/// # Safety
/// scores points to struct_size writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_scores_init(scores: *mut EncastScores, struct_size: usize) -> i32 {
    // SAFETY: the caller's promise.
    enter(|| unsafe { structs::init(scores, struct_size, "scores") })
}

/// Forecasts chosen targets of many encodes, all or none: bit for bit what encast_predict() gives for each row.
/// Confidence, recommendation and flags are left out. Rows that differ in bitrate_kbps or crf only share most of the
/// work, so that a what-if table takes a fraction of the time of encast_predict_batch().
///
/// model: a live handle, not null. features: what is the same in every row, set up by encast_features_init(), not null;
/// without anchors. columns: column_count structs, each set up by encast_column_init(), may be null when column_count
/// is 0; what a column has stands in place of the field of features. row_count: how many rows; 0 is allowed. options:
/// set up by encast_predict_options_init(), or null for the defaults; what concerns recommendations is checked but not
/// used. scores: score_count structs, each set up by encast_scores_init(), not null unless score_count is 0; the arrays
/// that they point to are written when all rows have an answer, otherwise none is touched. The struct_size of an
/// array's first element is its stride, and must be the same in all its elements. out_bad_row: may be null; receives
/// the index of the first bad row when a row is to blame for the failure, and is not touched otherwise.
///
/// Returns as encast_predict_batch(), or ENCAST_STATUS_INVALID_FIELD for a column that is none. May be called from any
/// thread, also with one model at the same time.
///
/// # Safety
/// model is a live handle; each array of structs has as many elements as its count says, of as many bytes as the first
/// one's struct_size says; values and codes of columns, and the arrays of scores, have row_count elements; names has
/// name_count C strings; the arrays of scores overlap no input and each other not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_score(
    model: *const EncastModel,
    features: *const EncastFeatures,
    columns: *const EncastColumn,
    column_count: usize,
    row_count: usize,
    options: *const EncastPredictOptions,
    scores: *const EncastScores,
    score_count: usize,
    out_bad_row: *mut usize,
) -> i32 {
    enter(|| {
        let score = || -> Result<(), Failure> {
            if column_count > Field::COUNT {
                return Err(Failure::bound("column_count", column_count, format_args!("at most {}", Field::COUNT)));
            }
            if score_count > Target::ALL.len() {
                return Err(Failure::bound("score_count", score_count, format_args!("at most {}", Target::ALL.len())));
            }
            check_rows(row_count)?;
            // SAFETY: the caller's promise.
            let (model, features, options, columns, scores) = unsafe {
                (
                    handles::get(model)?,
                    read(features, "features")?,
                    read_or_defaults(options, "options")?,
                    Rows::new(columns, column_count, "columns", "column_count")?,
                    Rows::new(scores, score_count, "scores", "score_count")?,
                )
            };
            if features.anchor_count != 0 {
                return Err(Failure::bound("anchor_count", features.anchor_count, "0: whole tables take no anchors"));
            }
            // SAFETY: the caller's promise.
            let (same, columns, outputs) = unsafe {
                (
                    features::from_c(&features)?,
                    columns.read(|failure, _| failure, |c| column(c, row_count))?,
                    scores.read(|failure, _| failure, output)?,
                )
            };
            let options = options::from_c(&options)?;
            let targets: Vec<Target> = outputs.iter().map(|&(target, _)| target).collect();
            let intervals = outputs.iter().any(|(_, places)| !places.lower.is_null());
            let inputs = inputs(&same, &columns, row_count)?;
            let mut scored = Vec::new();
            for _ in &outputs {
                let bounds = intervals.then(|| Ok::<_, Failure>((room(row_count)?, room(row_count)?))).transpose()?;
                scored.push(Scored { value: room(row_count)?, bounds });
            }
            let mut places: Vec<BulkOutput<'_>> = scored
                .iter_mut()
                .map(|Scored { value, bounds }| BulkOutput {
                    value,
                    bounds: bounds.as_mut().map(|(lower, upper)| (&mut lower[..], &mut upper[..])),
                })
                .collect();
            Scorer::new(&model, &targets, intervals, &options)?.score(&inputs, &mut places)?;
            for ((_, places), scored) in outputs.iter().zip(&scored) {
                let put = |values: &[f64], to: *mut f64| {
                    // SAFETY: not null, hence with room for row_count numbers by the caller's promise; the values are
                    // this library's own and as many.
                    unsafe { values.as_ptr().copy_to_nonoverlapping(to, values.len()) };
                };
                put(&scored.value, places.values);
                if let (Some((lower, upper)), false) = (&scored.bounds, places.lower.is_null()) {
                    put(lower, places.lower);
                    put(upper, places.upper);
                }
            }
            Ok(())
        };
        score().inspect_err(|failure| {
            if let Some(row) = failure.row
                && !out_bad_row.is_null()
            {
                // SAFETY: not null, hence writable by the caller's promise.
                unsafe { out_bad_row.write(row) };
            }
        })
    })
}
