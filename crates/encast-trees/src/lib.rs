//! Tree ensembles for regression.
