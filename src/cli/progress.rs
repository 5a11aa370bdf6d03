//! How far a step of known length is.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::output;

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A bar on a terminal; elsewhere a line at the end and now and then before it.
pub(super) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    length: usize,
    done: usize,
    terminal: bool,
    last_line: Instant,
}

impl Progress {
    /// `what` says what is done to how many of which things, such as `accounts asked`.
    pub(super) fn new(what: &'static str, length: usize) -> Self {
        let terminal = io::stderr().is_terminal();
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{elapsed} [{bar:40}] {pos}/{len} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let len = u64::try_from(length).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(len), target).with_style(style);
        bar.set_message(what);
        Self {
            bar,
            what,
            length,
            done: 0,
            terminal,
            last_line: Instant::now(),
        }
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        self.bar.inc(1);
        if self.last_line.elapsed() >= LINE_EVERY && self.done < self.length {
            self.line();
        }
    }

    pub(super) fn finish(mut self) {
        self.bar.finish_and_clear();
        self.line();
    }

    fn line(&mut self) {
        if !self.terminal {
            self.last_line = Instant::now();
            output::note(format_args!(
                "{} of {} {}",
                self.done, self.length, self.what
            ));
        }
    }
}
