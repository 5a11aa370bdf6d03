//! Where an answer goes on, and whether it will ever end.

use super::poll::PollError;

/// Where an answer goes on.
#[derive(Default)]
pub(super) struct PageToken {
    current: Option<String>,
    /// An earlier token, and after how many more steps a later one takes its place. If tokens go in
    /// a circle, they come by here.
    landmark: Option<String>,
    steps: u32,
    stride: u32,
}

impl PageToken {
    pub(super) fn get(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Goes on with the next page.
    ///
    /// # Errors
    /// [`PollError::Endless`] once tokens repeat, within three times the length of their circle.
    pub(super) fn follow(&mut self, next: String) -> Result<(), PollError> {
        if self.current.as_ref() == Some(&next) || self.landmark.as_ref() == Some(&next) {
            return Err(PollError::Endless);
        }
        if self.steps == self.stride {
            self.landmark = self.current.take();
            self.stride = self.stride.saturating_mul(2).max(1);
            self.steps = 0;
        }
        self.steps += 1;
        self.current = Some(next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_go_in_a_circle_end() {
        for lead in [0, 1, 5, 40] {
            for circle in [1, 2, 3, 17] {
                let mut token = PageToken::default();
                let tokens = (0..).map(|n| {
                    if n < lead {
                        n
                    } else {
                        lead + (n - lead) % circle
                    }
                });
                let followed = tokens
                    .take_while(|n| token.follow(n.to_string()).is_ok())
                    .count();
                let bound = 3 * (lead + circle) + 2;
                assert!(followed <= bound, "{lead} then {circle}: {followed}");
                assert!(
                    followed >= lead + circle,
                    "{lead} then {circle}: {followed}"
                );
            }
        }
    }

    #[test]
    fn tokens_that_all_differ_never_end() {
        let mut token = PageToken::default();
        assert!((0..10_000).all(|n| token.follow(format!("t{n}")).is_ok()));
    }
}
