//! `encast_predict`: the inputs by their names.

use std::sync::Arc;

use datafusion_common::{DataFusionError, Result, ScalarValue, arrow::datatypes::DataType};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use encast::Field;

use crate::{
    columns::Columns,
    scoring::{Asked, Shared},
};

const NAME: &str = "encast_predict";

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct ByName {
    shared: Arc<Shared>,
    signature: Signature,
}

impl ByName {
    pub(crate) fn new(shared: Arc<Shared>) -> ByName {
        ByName { shared, signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for ByName {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments.len() % 2 {
            1 => Ok(DataType::Float64),
            _ => Err(DataFusionError::Plan(format!(
                "{NAME} takes what to forecast, then pairs of an input's name and value"
            ))),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some((what, pairs)) = args.args.split_first() else {
            return Err(DataFusionError::Execution(format!("{NAME} needs arguments")));
        };
        let asked = Asked::of(&literal(what)?)?;
        let mut columns = Columns::new(args.number_rows);
        for pair in pairs.chunks(2) {
            let [name, value] = pair else { continue };
            let name = literal(name)?;
            let field = Field::from_name(&name).ok_or_else(|| {
                let known: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
                DataFusionError::Execution(format!("{NAME}: unknown input '{name}': known are {}", known.join(", ")))
            })?;
            columns.put(field, value)?;
        }
        Ok(ColumnarValue::Array(Arc::new(self.shared.score(NAME, asked, &columns)?)))
    }
}

fn literal(argument: &ColumnarValue) -> Result<String> {
    let text = match argument {
        ColumnarValue::Scalar(scalar) => scalar.cast_to(&DataType::Utf8).ok(),
        ColumnarValue::Array(_) => None,
    };
    match text {
        Some(ScalarValue::Utf8(Some(text))) => Ok(text),
        _ => {
            Err(DataFusionError::Execution(format!("{NAME}: what to forecast, and names of inputs, are literal texts")))
        }
    }
}
