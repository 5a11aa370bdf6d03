//! Seeded randomness: the same seed and the same words give the same roll, on every machine.

/// Mixes words into one well-spread number (the finalizer of splitmix64, word after word).
pub(super) fn mix(words: &[u64]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for word in words {
        state = state
            .wrapping_add(*word)
            .wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    state
}

/// Mixes text, for names that must come out the same for the same input.
pub(super) fn mix_text(seed: u64, text: &str) -> u64 {
    text.bytes()
        .fold(mix(&[seed]), |state, byte| mix(&[state, u64::from(byte)]))
}

/// A generator that starts from mixed words.
pub(super) fn generator(words: &[u64]) -> fastrand::Rng {
    fastrand::Rng::with_seed(mix(words))
}

/// A position as a word for [`mix`].
pub(super) fn word(position: usize) -> u64 {
    u64::try_from(position).unwrap_or(u64::MAX)
}

/// One entry of a catalogue.
#[expect(
    clippy::indexing_slicing,
    reason = "the position is below the length, and no catalogue is empty"
)]
pub(super) fn pick<'a, T>(rng: &mut fastrand::Rng, list: &'a [T]) -> &'a T {
    &list[rng.usize(..list.len())]
}

/// Whether something with this probability happens.
pub(super) fn chance(rng: &mut fastrand::Rng, probability: f64) -> bool {
    probability > 0.0 && rng.f64() < probability
}

/// `len` characters of an alphabet.
pub(super) fn letters(rng: &mut fastrand::Rng, alphabet: &[u8], len: usize) -> String {
    (0..len).map(|_| char::from(*pick(rng, alphabet))).collect()
}
