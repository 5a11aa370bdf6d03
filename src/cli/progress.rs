//! How far long work is.

use std::{
    fmt::Display,
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::output;

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A bar on a terminal; elsewhere a line at first and now and then after it.
pub(super) struct Progress {
    bar: ProgressBar,
    terminal: bool,
    last_line: Option<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let terminal = io::stderr().is_terminal();
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{elapsed} [{bar:40}] {pos}/{len} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            bar: ProgressBar::with_draw_target(None, target).with_style(style),
            terminal,
            last_line: None,
        }
    }

    /// `what` says what is done to how many of which things, such as `accounts asked`.
    pub(super) fn show(&mut self, done: usize, of: usize, what: impl Display) {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.bar.set_length(count(of));
        self.bar.set_position(count(done));
        self.bar.set_message(what.to_string());
        let due = self.last_line.is_none_or(|at| at.elapsed() >= LINE_EVERY);
        if due {
            self.line(done, of, what);
        }
    }

    fn line(&mut self, done: usize, of: usize, what: impl Display) {
        self.last_line = Some(Instant::now());
        if !self.terminal {
            output::note(format_args!("{done} of {of} {what}"));
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// Progress of as many equal steps as are known from the start: a line now and then, and at the end.
pub(super) struct Steps {
    progress: Progress,
    what: &'static str,
    done: usize,
    all: usize,
}

impl Steps {
    /// `what` says what is done to how many of which things, such as `accounts asked`.
    pub(super) fn new(what: &'static str, all: usize) -> Self {
        let progress = Progress {
            last_line: Some(Instant::now()),
            ..Progress::new()
        };
        Self {
            progress,
            what,
            done: 0,
            all,
        }
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        self.progress.show(self.done, self.all, self.what);
    }

    /// Takes the bar away, and says how it ended.
    pub(super) fn finish(mut self) {
        self.progress.line(self.done, self.all, self.what);
        self.progress.finish();
    }
}
