//! A pretend AWS organization on loopback sockets, for demonstrations and tests.
//!
//! Speaks the wire formats of STS, Organizations, EC2 and Security Hub well enough for clients that
//! other people wrote, verifies their signatures, and can be told to misbehave. Everything in it
//! follows from a seed.
//! Knows none of the other rooms and shares no code with them: a mistake in how hubwatch reads AWS
//! must not be mirrored here.

mod answer;
mod clock;
mod control;
pub mod desk;
mod ec2;
mod endpoints;
mod faults;
mod gateway;
mod generate;
pub mod jira;
mod json;
mod keychain;
mod life;
mod locks;
pub mod mail;
mod options;
mod organizations;
mod quota;
mod random;
mod securityhub;
mod shared;
mod sigv4;
mod stats;
mod sts;
mod truth;
pub mod webhook;
mod wire;
mod world;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub use endpoints::Endpoints;
pub use faults::Faults;
pub use options::{Options, Ports, Quota};
use shared::Shared;
pub use stats::RequestCount;
pub use truth::{Handle, ScopeTruth, Truth};
pub use world::Reach;
use world::organization::MANAGEMENT;

/// How long open requests may take to finish once the simulation is told to stop.
const DRAIN: Duration = Duration::from_secs(3);

/// Starts simulations.
#[derive(Debug)]
pub struct Simulator;

/// A simulation that listens. Dropping it ends it abruptly; [`Running::stop`] lets requests finish.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    endpoints: Endpoints,
    stopping: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Makes the world and starts to listen; when this returns, clients can connect.
    ///
    /// # Errors
    ///
    /// When the address is not a loopback address, when there is no account or no Region, or when a
    /// port cannot be bound.
    pub async fn start(options: Options) -> io::Result<Running> {
        check(&options)?;
        let aws = bind(options.listen, options.port).await?;
        let control = bind(options.listen, options.ports.control).await?;
        let (aws_at, control_at) = (aws.local_addr()?, control.local_addr()?);
        let (live, live_per_second) = (options.live, options.live_per_second);
        let shared = tokio::task::spawn_blocking(move || Arc::new(Shared::new(&options)))
            .await
            .map_err(io::Error::other)?;
        let endpoints = endpoints_of(&shared, aws_at, control_at);
        let (stopping, stop) = watch::channel(false);
        let gateway = Router::new()
            .fallback(gateway::answer)
            .with_state(Arc::clone(&shared));
        let mut tasks = vec![
            serve(aws, gateway, stop.clone()),
            serve(control, control::router(Arc::clone(&shared)), stop.clone()),
        ];
        if live {
            tasks.push(spawn(life::live(
                Arc::clone(&shared),
                live_per_second,
                stop,
            )));
        }
        Ok(Running {
            shared,
            endpoints,
            stopping,
            tasks,
        })
    }
}

impl Running {
    /// Where everything listens, and the keys to it.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// A handle on the world: what is true, and switches to change it.
    #[must_use]
    pub fn world(&self) -> Handle {
        Handle::new(Arc::clone(&self.shared))
    }

    /// Stops to listen, lets open requests finish for three seconds, and ends.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        let deadline = tokio::time::Instant::now() + DRAIN;
        for task in &mut self.tasks {
            if tokio::time::timeout_at(deadline, &mut *task).await.is_err() {
                task.abort();
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn check(options: &Options) -> io::Result<()> {
    let wrong = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, what.to_owned()));
    if !options.listen.is_loopback() {
        return wrong("the simulator listens on loopback addresses only");
    }
    if options.accounts == 0 {
        return wrong("a simulation needs at least one account");
    }
    if !(1..=world::regions::ALL.len()).contains(&options.regions) {
        return wrong("a simulation has 1 to 34 Regions");
    }
    Ok(())
}

async fn bind(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::new(address, port)).await
}

fn endpoints_of(shared: &Shared, aws: SocketAddr, control: SocketAddr) -> Endpoints {
    let world = locks::read(&shared.world);
    let id = |account| world.account_id(world.scope(account, 0)).to_owned();
    Endpoints {
        aws_endpoint_url: format!("http://{aws}"),
        region: world.region_name(0).to_owned(),
        access_key_id: shared.keychain.access_key_id().to_owned(),
        secret_access_key: shared.keychain.secret_access_key().to_owned(),
        role_name: shared.role_name.clone(),
        remediation_role_name: shared.remediation_role_name.clone(),
        external_id: shared.external_id.clone(),
        organization_id: world.organization.id.clone(),
        management_account_id: id(MANAGEMENT),
        administrator_account_id: world.organization.administrator.map(id),
        control_url: format!("http://{control}"),
    }
}

fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    spawn(async move {
        let stopped = async move {
            // An error means that the simulation was dropped, which is a reason to stop as well.
            let _stopped = stop.wait_for(|stop| *stop).await;
        };
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(stopped)
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "a simulated server ended: {error}");
        }
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a simulation is its own small program: `Running` keeps every task and ends it"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(task)
}
