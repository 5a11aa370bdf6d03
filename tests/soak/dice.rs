//! Drawing from a seed.

use std::time::Duration;

/// A stream of draws. The same seed and name draw the same.
pub(crate) struct Dice(fastrand::Rng);

impl Dice {
    pub(crate) fn new(seed: u64, name: u64) -> Self {
        Self(fastrand::Rng::with_seed(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ name.wrapping_mul(0xd134_2543_de82_ef95),
        ))
    }

    /// Happens in so many of a hundred cases.
    pub(crate) fn percent(&mut self, share: u32) -> bool {
        self.0.u32(..100) < share
    }

    pub(crate) fn among<T: Copy>(&mut self, few: &[T]) -> T {
        few[self.0.usize(..few.len())]
    }

    pub(crate) fn up_to(&mut self, most: usize) -> usize {
        self.0.usize(..=most)
    }

    pub(crate) fn between(&mut self, least: usize, most: usize) -> usize {
        self.0.usize(least..=most)
    }

    /// From nothing to a share of a duration.
    pub(crate) fn part_of(&mut self, whole: Duration, most: f64) -> Duration {
        whole.mul_f64(self.0.f64() * most)
    }

    /// A probability between nothing and `most`, and often none at all.
    pub(crate) fn share(&mut self, most: f64) -> f64 {
        if self.percent(60) {
            0.0
        } else {
            self.0.f64() * most
        }
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0.u64(..)
    }
}
