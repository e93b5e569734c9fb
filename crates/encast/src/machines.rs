//! Machines that a model was taught on: by what factor times, and what follows from them, differ from its reference machine's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    field::Field,
    target::Target,
};

/// The machines that a table named.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Machines {
    /// The machine that forecasts without a machine are for: the one with the most rows. `None` when the table named none.
    pub reference: Option<String>,
    /// Each by its name.
    pub known: BTreeMap<String, MachineFactors>,
}

/// What was learnt of one machine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MachineFactors {
    /// Rows of the table.
    pub rows: usize,
    /// How many times as much as on the reference machine, by target: above 0.
    pub factors: BTreeMap<Target, f64>,
}

impl Machines {
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// How many times as much of the target as on the reference machine; `None` when that was not learnt.
    pub fn factor(&self, machine: &str, target: Target) -> Option<f64> {
        self.known.get(machine)?.factors.get(&target).copied()
    }

    /// Octaves that a target lies above that of the reference machine; 0 where the machine is unknown or makes no
    /// difference.
    pub(crate) fn shift(&self, machine: Option<&str>, target: Target) -> f64 {
        machine.and_then(|machine| self.factor(machine, target)).map_or(0.0, f64::log2)
    }

    /// An error that lists the machines known, for a name that is not among them.
    pub(crate) fn check_name(&self, machine: &str) -> Result<()> {
        if self.known.contains_key(machine) {
            return Ok(());
        }
        let known = match self.is_empty() {
            true => "none to this model, which was taught without the names of machines".to_owned(),
            false => self.known.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        };
        Err(Error::UnknownName { field: Field::Machine.name(), value: machine.to_owned(), known })
    }

    /// Checks what was loaded.
    pub(crate) fn check(&self) -> Result<()> {
        for (name, machine) in &self.known {
            for (target, factor) in &machine.factors {
                if !(factor.is_finite() && *factor > 0.0 && target.depends_on_machine()) {
                    return Err(Error::corrupt(format!("machine {name}: factor {factor} of {target}")));
                }
            }
        }
        match &self.reference {
            Some(reference) if !self.known.contains_key(reference) => {
                Err(Error::corrupt(format!("the reference machine {reference} is not among the machines")))
            }
            _ => Ok(()),
        }
    }
}
