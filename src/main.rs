//! The `hubwatch` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    hubwatch::cli::main()
}
