//! Tables and trees that the tests make up.
#![allow(dead_code, clippy::unwrap_used)]

use encast_trees::{BinnedRows, Ensemble, Member, Node, Rows, Sample, Tree};

/// A seeded source of numbers, apart from the one under test.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let x = self.0 ^ (self.0 >> 29);
        x.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Between 0 and 1.
    pub fn unit(&mut self) -> f32 {
        self.below(1 << 24) as f32 / (1 << 24) as f32
    }

    pub fn chance(&mut self, share: f32) -> bool {
        self.unit() < share
    }
}

/// A table with its targets, for tests that need no particular function.
#[derive(Debug, Clone)]
pub struct Data {
    pub columns: usize,
    pub values: Vec<f32>,
    pub targets: Vec<f32>,
}

impl Data {
    /// Random features (some of few distinct values, a share missing), targets that depend on them, and noise.
    pub fn random(seed: u64, rows: usize, columns: usize, missing: f32) -> Self {
        let mut dice = Dice(seed);
        let (mut values, mut targets) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let mut target = 0.0;
            for column in 0..columns {
                let x = if column % 3 == 2 { dice.below(5) as f32 } else { dice.unit() * 20.0 - 10.0 };
                target += if column % 2 == 0 { x } else { (x * 0.7).sin() * 5.0 };
                let absent = dice.chance(missing);
                target += if absent { 3.0 } else { 0.0 };
                values.push(if absent { f32::NAN } else { x });
            }
            targets.push(target + dice.unit() * 2.0);
        }
        Self { columns, values, targets }
    }

    /// A table of `rows` random rows of features in -3..3 with the targets that `function` gives.
    pub fn of(seed: u64, rows: usize, columns: usize, function: impl Fn(&[f32]) -> f32) -> Self {
        let mut dice = Dice(seed);
        let values: Vec<f32> = (0..rows * columns).map(|_| dice.unit() * 6.0 - 3.0).collect();
        let targets = values.chunks(columns).map(function).collect();
        Self { columns, values, targets }
    }

    pub fn rows(&self) -> Rows<'_> {
        Rows::new(&self.values, self.columns).unwrap()
    }

    pub fn binned(&self) -> BinnedRows {
        BinnedRows::new(self.rows(), 255).unwrap()
    }

    pub fn sample<'a>(&'a self, binned: &'a BinnedRows) -> Sample<'a> {
        Sample { binned, targets: &self.targets, weights: None, rows: None, columns: None }
    }
}

/// The share of the variance of `targets` that `predict` explains.
pub fn r2(data: &Data, predict: impl Fn(&[f32]) -> f64) -> f64 {
    let mean = data.targets.iter().map(|&y| f64::from(y)).sum::<f64>() / data.targets.len() as f64;
    let (mut errors, mut all) = (0.0, 0.0);
    for (row, &y) in data.targets.iter().enumerate() {
        errors += (f64::from(y) - predict(data.rows().row(row))).powi(2);
        all += (f64::from(y) - mean).powi(2);
    }
    1.0 - errors / all
}

/// Random nodes that make up a tree.
pub fn random_nodes(dice: &mut Dice, columns: usize, leaves: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    // Subtrees still to be made: their leaves, and the node whose right child they are.
    let mut pending = vec![(leaves, None)];
    while let Some((leaves, parent)) = pending.pop() {
        let here = nodes.len();
        if let Some(parent) = parent {
            let parent: &mut Node = &mut nodes[parent];
            parent.right = here as u32;
        }
        if leaves == 1 {
            nodes.push(Node::leaf(dice.unit() * 4.0 - 2.0));
            continue;
        }
        let value = match dice.below(8) {
            0 => 0.0,
            1 => -0.0,
            2 => f32::MAX,
            _ => dice.unit() * 6.0 - 3.0,
        };
        let (column, missing_left) = (dice.below(columns) as u16, dice.chance(0.5));
        nodes.push(Node { value, right: 0, column, missing_left });
        let left = 1 + dice.below(leaves - 1);
        pending.push((leaves - left, Some(here)));
        pending.push((left, None));
    }
    nodes
}

/// A random ensemble, with members of no, one and many trees.
pub fn random_ensemble(seed: u64, columns: usize, members: usize, trees: usize, leaves: usize) -> Ensemble {
    let mut dice = Dice(seed);
    let members = (0..members)
        .map(|_| {
            let base = f64::from(dice.unit()) * 10.0;
            let count = dice.below(trees + 1);
            let tree = |_| {
                let leaves = 1 + dice.below(leaves);
                Tree::new(random_nodes(&mut dice, columns, leaves), columns).unwrap()
            };
            Member { base, trees: (0..count).map(tree).collect() }
        })
        .collect();
    Ensemble::new(columns, members).unwrap()
}

/// Random rows with everything a feature can be.
pub fn random_rows(seed: u64, rows: usize, columns: usize) -> Vec<f32> {
    let mut dice = Dice(seed ^ 0x5eed);
    let one = |_| match dice.below(12) {
        0 | 1 => f32::NAN,
        2 => f32::INFINITY,
        3 => f32::NEG_INFINITY,
        4 => 0.0,
        5 => -0.0,
        6 => f32::MAX,
        7 => f32::from_bits(1),
        _ => dice.unit() * 6.0 - 3.0,
    };
    (0..rows * columns).map(one).collect()
}
