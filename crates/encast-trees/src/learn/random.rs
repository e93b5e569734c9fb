//! A small seeded generator: xoshiro256++, its state filled by splitmix64.

/// Pseudo-random numbers that depend on the seed alone, on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: [u64; 4],
}

/// One step of splitmix64: advances `state` and returns a well-mixed number.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The generator of stream `stream` (a tree's number, say) under `seed`.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut outer = seed;
        let mut inner = splitmix(&mut outer) ^ stream.wrapping_mul(0xd134_2543_de82_ef95);
        let state = std::array::from_fn(|_| splitmix(&mut inner));
        Self { state }
    }

    /// The next 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number below `limit`, each equally likely; 0 when `limit` is 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = limit as u64;
        loop {
            let wide = u128::from(self.next()) * u128::from(limit);
            // The high half is the number; a low half in the first `2^64 % limit` would make small numbers likelier.
            let low = wide as u64;
            if low >= limit || low >= limit.wrapping_neg().checked_rem(limit).unwrap_or(0) {
                return (wide >> 64) as usize;
            }
        }
    }

    /// Parts `0..total` at random into `count` that are taken and the others, both ascending.
    pub(crate) fn part(&mut self, total: usize, count: usize, taken: &mut Vec<u32>, others: &mut Vec<u32>) {
        taken.clear();
        others.clear();
        taken.resize(total, 0);
        others.resize(total, 0);
        let (mut in_taken, mut in_others) = (0, 0);
        // Each number is written to both lists, and kept in one: a branch could only be guessed.
        for i in 0..total {
            let take = self.below(total - i) < count.saturating_sub(in_taken);
            taken[in_taken] = i as u32;
            others[in_others] = i as u32;
            in_taken += usize::from(take);
            in_others += usize::from(!take);
        }
        taken.truncate(in_taken);
        others.truncate(in_others);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_matches_its_published_sequence() {
        let mut state = 1_234_567;
        let drawn: [u64; 3] = std::array::from_fn(|_| splitmix(&mut state));
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn xoshiro_matches_its_published_sequence() {
        let mut random = Random { state: [1, 2, 3, 4] };
        let drawn: [u64; 4] = std::array::from_fn(|_| random.next());
        assert_eq!(drawn, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn below_is_even_and_in_range() {
        let mut random = Random::new(3, 0);
        let mut counts = [0; 7];
        for _ in 0..70_000 {
            counts[random.below(7)] += 1;
        }
        assert!(counts.iter().all(|&count: &i32| (count - 10_000).abs() < 500), "{counts:?}");
        assert_eq!((random.below(0), random.below(1)), (0, 0));
    }

    #[test]
    fn part_takes_exactly_so_many_in_order_and_evenly() {
        let (mut taken, mut others) = (Vec::new(), Vec::new());
        let mut random = Random::new(5, 1);
        let mut counts = [0; 10];
        for _ in 0..20_000 {
            random.part(10, 4, &mut taken, &mut others);
            assert!(taken.len() == 4 && taken.is_sorted_by(|a, b| a < b));
            assert!(others.len() == 6 && others.is_sorted_by(|a, b| a < b));
            assert!(others.iter().all(|i| !taken.contains(i)));
            taken.iter().for_each(|&i| counts[i as usize] += 1);
        }
        assert!(counts.iter().all(|&count: &i32| (count - 8_000).abs() < 400), "{counts:?}");
    }

    #[test]
    fn streams_differ() {
        let first: Vec<u64> = (0..100).map(|stream| Random::new(1, stream).next()).collect();
        let mut distinct = first.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), first.len());
        assert_ne!(Random::new(1, 0).next(), Random::new(2, 0).next());
    }
}
