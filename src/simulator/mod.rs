//! A pretend AWS organization, Jira and mail service on loopback sockets, for demonstrations and
//! tests.
//!
//! Speaks the wire formats of STS, Organizations, EC2 and Security Hub, of Jira and of mail services,
//! well enough for clients that other people wrote; verifies signatures, and can be told to
//! misbehave. Everything in it follows from a seed.
//! Knows none of the other rooms and shares no code with them: a mistake in how hubwatch reads AWS
//! must not be mirrored here.

mod answer;
mod booth;
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
pub mod labelled;
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

pub use booth::Booth;
use booth::Sockets;
pub use endpoints::{BoothEndpoints, Endpoints};
pub use faults::Faults;
pub use options::{Options, Ports, Quota};
use shared::Shared;
pub use stats::RequestCount;
pub use truth::{AccountTruth, Handle, ScopeTruth, Truth};
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
    booth: Booth,
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
        let sockets = Sockets::bind(&options).await?;
        let made_for = options.clone();
        let shared = tokio::task::spawn_blocking(move || Arc::new(Shared::new(&made_for)))
            .await
            .map_err(io::Error::other)?;
        let booth = Booth::new(&options, &shared);
        let endpoints = endpoints_of(&shared, aws_at, control_at, booth.endpoints(&sockets)?);
        let (stopping, stop) = watch::channel(false);
        let gateway = Router::new()
            .fallback(gateway::answer)
            .with_state(Arc::clone(&shared));
        let mut tasks = booth.open(sockets, &stop);
        let control_router = control::router(Arc::clone(&shared), booth.clone());
        tasks.push(serve(control, control_router, stop.clone()));
        tasks.push(serve(aws, gateway, stop.clone()));
        if options.live {
            let life = life::live(Arc::clone(&shared), options.live_per_second, stop);
            tasks.push(spawn(life));
        }
        Ok(Running {
            shared,
            booth,
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

    /// The pretend Jira, mail services and webhook receiver.
    #[must_use]
    pub fn booth(&self) -> &Booth {
        &self.booth
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

fn endpoints_of(
    shared: &Shared,
    aws: SocketAddr,
    control: SocketAddr,
    booth: BoothEndpoints,
) -> Endpoints {
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
        booth,
    }
}

fn serve(listener: TcpListener, router: Router, stop: watch::Receiver<bool>) -> JoinHandle<()> {
    spawn(async move {
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(stopped(stop))
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "a simulated server ended: {error}");
        }
    })
}

/// Waits until the simulation is told to stop.
async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that the simulation was dropped, which is a reason to stop as well.
    let _stopped = stop.wait_for(|stop| *stop).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "a simulation is its own small program: `Running` keeps every task and ends it"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(task)
}
