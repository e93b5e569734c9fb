//! Values made of the fuzzer's bytes. What stands at the end of the bytes is 0, so that every input is one.

/// Numbers that the library treats as special, and some that it takes.
const NUMBERS: [f64; 40] = [
    f64::NAN,
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    f64::EPSILON,
    0.001,
    0.1,
    0.5,
    0.9,
    0.95,
    0.98,
    0.99,
    2.0,
    8.0,
    10.0,
    16.0,
    23.0,
    24.0,
    30.0,
    51.0,
    60.0,
    63.0,
    93.0,
    100.0,
    360.0,
    640.0,
    1080.0,
    1920.0,
    4000.0,
    16384.0,
    50000.0,
    1e8,
    1e12,
];

/// The bytes that are left.
pub struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub fn new(rest: &'a [u8]) -> Self {
        Input { rest }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// The next bytes, fewer at the end.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    pub fn u8(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// Below a bound of at most 256.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.u8()) % bound
    }

    /// True for one of so many bytes; false at the end.
    pub fn one_in(&mut self, many: u8) -> bool {
        self.u8() % many == many - 1
    }

    pub fn number(&mut self) -> f64 {
        match self.u8() {
            at @ 0..160 => NUMBERS[usize::from(at) % NUMBERS.len()],
            160..210 => f64::from(self.u16()),
            210..240 => f64::from(self.u16() as i16) / 512.0,
            240.. => f64::from_bits(self.u64()),
        }
    }
}
