//! A real socket and a real client for the tests of this side of the room.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A router served on a loopback port until this is dropped, and a client for it.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) client: reqwest::Client,
    _server: JoinSet<()>,
}

impl Served {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

pub(crate) async fn serve(router: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .no_proxy()
        .build()
        .unwrap();
    Served {
        address,
        client,
        _server: server,
    }
}
