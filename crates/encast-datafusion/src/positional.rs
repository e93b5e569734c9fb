//! A function of a fixed list of inputs.

use std::sync::Arc;

use datafusion_common::{Result, arrow::datatypes::DataType};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use encast::Field;

use crate::{
    columns::Columns,
    scoring::{Asked, Shared},
};

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Positional {
    shared: Arc<Shared>,
    name: String,
    asked: Asked,
    inputs: Vec<Field>,
    signature: Signature,
}

impl Positional {
    pub(crate) fn new(shared: Arc<Shared>, name: &str, asked: Asked, inputs: &[Field]) -> Positional {
        let names: Vec<String> = inputs.iter().map(|field| field.name().to_owned()).collect();
        let signature = Signature::any(inputs.len(), Volatility::Immutable);
        // So that `encast_vmaf(codec => 'h264', …)` is understood; inputs that stand twice have no names.
        let signature = signature.clone().with_parameter_names(names).unwrap_or(signature);
        Positional { shared, name: name.to_owned(), asked, inputs: inputs.to_vec(), signature }
    }
}

impl ScalarUDFImpl for Positional {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut columns = Columns::new(args.number_rows);
        for (&field, argument) in self.inputs.iter().zip(&args.args) {
            columns.put(field, argument)?;
        }
        Ok(ColumnarValue::Array(Arc::new(self.shared.score(&self.name, self.asked, &columns)?)))
    }
}
