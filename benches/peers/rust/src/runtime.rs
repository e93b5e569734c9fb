//! ONNX Runtime through its C API, with one thread: tensors over the rows and over the answers are made beforehand, a call is
//! one `Run`.

use std::{
    error::Error,
    ffi::{CStr, CString, c_char},
    ptr,
};

use ort::sys::{
    GraphOptimizationLevel, ONNXTensorElementDataType, OrtAllocatorType, OrtLoggingLevel, OrtMemType, OrtMemoryInfo,
    OrtSession, OrtStatusPtr, OrtValue,
};

use crate::Engine;

pub struct OnnxRuntime {
    session: *mut OrtSession,
    memory: *mut OrtMemoryInfo,
    input: CString,
    output: CString,
    values: Vec<f32>,
    columns: usize,
    answers: Vec<f32>,
    /// Rows of a batch; the tensor of every batch; the tensor of the answers.
    size: usize,
    batches: Vec<*mut OrtValue>,
    answer: *mut OrtValue,
}

fn checked(status: OrtStatusPtr) -> Result<(), Box<dyn Error>> {
    if status.0.is_null() {
        return Ok(());
    }
    // SAFETY: a status that is not null holds a text that ends with a zero.
    let message = unsafe { CStr::from_ptr((ort::api().GetErrorMessage)(status.0)) };
    Err(message.to_string_lossy().into_owned().into())
}

impl OnnxRuntime {
    pub fn new(model: &str, values: Vec<f32>, columns: usize) -> Result<Self, Box<dyn Error>> {
        let api = ort::api();
        let model = CString::new(model)?;
        let (mut environment, mut options, mut session) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let (mut memory, mut allocator) = (ptr::null_mut(), ptr::null_mut());
        let (mut input, mut output): (*mut c_char, *mut c_char) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the calls of the C API in its documented order; what they make lives as long as the process.
        let (input, output) = unsafe {
            let level = OrtLoggingLevel::ORT_LOGGING_LEVEL_WARNING;
            checked((api.CreateEnv)(level, c"peers".as_ptr(), &mut environment))?;
            checked((api.CreateSessionOptions)(&mut options))?;
            checked((api.SetIntraOpNumThreads)(options, 1))?;
            checked((api.SetInterOpNumThreads)(options, 1))?;
            checked((api.SetSessionGraphOptimizationLevel)(options, GraphOptimizationLevel::ORT_ENABLE_ALL))?;
            checked((api.CreateSession)(environment, model.as_ptr(), options, &mut session))?;
            let (arena, kind) = (OrtAllocatorType::OrtArenaAllocator, OrtMemType::OrtMemTypeDefault);
            checked((api.CreateCpuMemoryInfo)(arena, kind, &mut memory))?;
            checked((api.GetAllocatorWithDefaultOptions)(&mut allocator))?;
            checked((api.SessionGetInputName)(session, 0, allocator, &mut input))?;
            checked((api.SessionGetOutputName)(session, 0, allocator, &mut output))?;
            (CStr::from_ptr(input).to_owned(), CStr::from_ptr(output).to_owned())
        };
        let answers = vec![0.0; values.len() / columns];
        let (batches, answer) = (Vec::new(), ptr::null_mut());
        Ok(OnnxRuntime { session, memory, input, output, values, columns, answers, size: 0, batches, answer })
    }

    fn tensor(&self, data: *const f32, rows: usize, columns: usize) -> Result<*mut OrtValue, Box<dyn Error>> {
        let (mut tensor, shape) = (ptr::null_mut(), [rows as i64, columns as i64]);
        let kind = ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
        // SAFETY: the callers hand over as many numbers, which live as long as this.
        checked(unsafe {
            let (data, bytes) = (data.cast_mut().cast(), rows * columns * 4);
            (ort::api().CreateTensorWithDataAsOrtValue)(self.memory, data, bytes, shape.as_ptr(), 2, kind, &mut tensor)
        })?;
        Ok(tensor)
    }

    fn run(&mut self, batch: usize) -> Result<(), Box<dyn Error>> {
        let (input, output) = (self.input.as_ptr(), self.output.as_ptr());
        let (rows, mut answer) = (self.batches[batch].cast_const(), self.answer);
        // SAFETY: names, tensors and session were made by `new` and `prepare`.
        checked(unsafe { (ort::api().Run)(self.session, ptr::null(), &input, &rows, 1, &output, 1, &mut answer) })
    }
}

impl Engine for OnnxRuntime {
    fn version(&self) -> String {
        std::env::var("ORT_VERSION").unwrap_or_default()
    }

    fn prepare(&mut self, size: usize) -> Result<(), Box<dyn Error>> {
        if self.size == size {
            return Ok(());
        }
        for tensor in self.batches.drain(..).chain([self.answer]).filter(|tensor| !tensor.is_null()) {
            // SAFETY: made here, and not used again.
            unsafe { (ort::api().ReleaseValue)(tensor) };
        }
        let batches = self.answers.len() / size;
        let tensor = |batch: usize| {
            let rows = &self.values[batch * size * self.columns..][..size * self.columns];
            self.tensor(rows.as_ptr(), size, self.columns)
        };
        self.batches = (0..batches).map(tensor).collect::<Result<_, _>>()?;
        self.answer = self.tensor(self.answers.as_ptr(), size, 1)?;
        self.size = size;
        Ok(())
    }

    fn single(&mut self, row: usize) -> Result<(), Box<dyn Error>> {
        self.run(row)
    }

    fn batch(&mut self, row: usize, size: usize) -> Result<(), Box<dyn Error>> {
        self.run(row / size)
    }

    fn latest(&self, size: usize) -> Vec<f64> {
        self.answers[..size].iter().map(|&y| f64::from(y)).collect()
    }
}
