//! `hubwatch incidents ack`: taking an incident on.

use anyhow::bail;
use clap::Args;

use crate::{
    domain::{Acknowledgement, Clock, IncidentId},
    store::Acknowledging,
};

use super::super::{Exit, output, stored::StoreArgs, words};

pub(super) const EXAMPLES: &str = "Examples:\n  hubwatch incidents ack 12 --by jane --note \"closing the port today\" --config hubwatch.toml\n  \
     hubwatch incidents ack 12 --by jane --undo --config hubwatch.toml\n\n\
     An incident that is over cannot be taken on. One that is reopened is nobody's again.";

#[derive(Debug, Args)]
pub(super) struct AckArgs {
    /// The incident's number, as `hubwatch incidents list` shows it.
    id: i64,
    /// Who takes it on.
    #[arg(long, value_name = "NAME", value_parser = words::name)]
    by: String,
    /// What to say about it.
    #[arg(long, value_name = "TEXT", value_parser = words::note)]
    note: Option<String>,
    /// Let go of it instead.
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) async fn run(args: &AckArgs) -> anyhow::Result<Exit> {
    let store = args.store.amend()?;
    let (incident, id) = (IncidentId(args.id), args.id);
    let word = Acknowledgement {
        by: args.by.clone(),
        at: Clock::system().now(),
        note: args.note.clone(),
    };
    let done = if args.undo {
        store.unacknowledge(incident, word).await?
    } else {
        store.acknowledge(incident, word).await?
    };
    let by = &args.by;
    match (done, args.undo) {
        (Acknowledging::Done, false) => output::line(format_args!("{by} has incident {id} now"))?,
        (Acknowledging::Again, false) => {
            output::line(format_args!(
                "incident {id} was taken on before; {by} has it now"
            ))?;
        }
        (Acknowledging::Done, true) => output::line(format_args!("nobody has incident {id} now"))?,
        (Acknowledging::Again, true) => output::line(format_args!("nobody had incident {id}"))?,
        (Acknowledging::Over(state), _) => {
            bail!(
                "incident {id} is {}: there is nothing to take on",
                state.as_str()
            )
        }
        (Acknowledging::Unknown, _) => {
            bail!("there is no incident {id}; `hubwatch incidents list` shows those there are")
        }
    }
    Ok(Exit::Success)
}
