//! `hubwatch check`: is the configuration right?

use super::{ConfigArgs, Exit, output};

pub(super) fn run(args: &ConfigArgs) -> anyhow::Result<Exit> {
    let config = args.load()?;
    for warning in &config.warnings {
        output::note(format_args!("warning: {warning}"));
    }
    output::line(format_args!(
        "{}: no problems; {} routes, {} sinks",
        args.config.display(),
        config.routes.len(),
        config.sinks.len()
    ))?;
    Ok(Exit::Success)
}
