//! Something between hubwatch and AWS that alters answers, as proxies, firewalls, broken lines and
//! wrong clocks do.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, RwLock},
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode},
};
use bytes::Bytes;
use http_body::Frame;
use tokio::{net::TcpListener, task::JoinSet};

/// A request on its way.
#[derive(Debug)]
pub(crate) struct Asked {
    /// `/findings` for `GetFindings`.
    pub(crate) path: String,
    /// The Region that it was signed for.
    pub(crate) region: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn is_findings(&self) -> bool {
        self.path == "/findings"
    }
}

/// An answer on its way back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) ends: Ends,
}

/// How the body of an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Whole,
    /// So many bytes are announced, and the line breaks when the body has been sent.
    Short(usize),
    /// It goes on with spaces for ever.
    Never,
}

impl Answer {
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(HeaderName::from_static(name), value);
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Puts raw findings in front of the ones of a page.
    pub(crate) fn add_findings(&mut self, raws: &[Vec<u8>]) {
        let rest = self.text().strip_prefix("{\"Findings\":[").unwrap();
        let mut body = b"{\"Findings\":[".to_vec();
        body.extend(raws.join(&b","[..]));
        if !rest.starts_with(']') {
            body.push(b',');
        }
        body.extend(rest.as_bytes());
        self.body = body.into();
    }
}

type Meddle = Arc<dyn Fn(&Asked, &mut Answer) + Send + Sync>;

/// Passes everything on, and alters what comes back.
pub(crate) struct Meddler {
    pub(crate) url: String,
    meddle: Arc<RwLock<Meddle>>,
    _server: JoinSet<()>,
}

impl Meddler {
    pub(crate) async fn before(aws_endpoint_url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let nothing: Meddle = Arc::new(|_, _| {});
        let meddle = Arc::new(RwLock::new(nothing));
        let (now, behind) = (Arc::clone(&meddle), aws_endpoint_url.to_owned());
        // A connection each: one that the far side has just closed would fail an answer of ours.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0);
        let client = client.build().unwrap();
        let app = Router::new().fallback(move |request: Request| {
            let (now, behind, client) = (Arc::clone(&now), behind.clone(), client.clone());
            async move {
                let (asked, mut answer) = pass_on(&client, &behind, request).await;
                let meddle = Arc::clone(&*now.read().unwrap());
                meddle(&asked, &mut answer);
                send(answer)
            }
        });
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            meddle,
            _server: server,
        }
    }

    /// From now on, alters answers like this.
    pub(crate) fn meddle(&self, how: impl Fn(&Asked, &mut Answer) + Send + Sync + 'static) {
        *self.meddle.write().unwrap() = Arc::new(how);
    }

    pub(crate) fn leave_alone(&self) {
        self.meddle(|_, _| {});
    }
}

async fn pass_on(client: &reqwest::Client, behind: &str, request: Request) -> (Asked, Answer) {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let path = head.uri.path().to_owned();
    // `Credential=KEY/DATE/REGION/SERVICE/aws4_request`
    let signature = head.headers.get("authorization");
    let signature = signature.and_then(|signature| signature.to_str().ok());
    let region = signature.and_then(|signature| signature.split('/').nth(2));
    let region = region.unwrap_or_default().to_owned();
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let answer = client
        .request(head.method, format!("{behind}{target}"))
        .headers(head.headers)
        .body(body.clone())
        .send()
        .await
        .unwrap();
    let asked = Asked {
        path,
        region,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let (status, mut headers) = (answer.status().as_u16(), answer.headers().clone());
    headers.remove("content-length");
    headers.remove("transfer-encoding");
    headers.remove("connection");
    let body = answer.bytes().await.unwrap_or_default();
    let ends = Ends::Whole;
    (
        asked,
        Answer {
            status,
            headers,
            body,
            ends,
        },
    )
}

fn send(answer: Answer) -> Response<Body> {
    let body = match answer.ends {
        Ends::Whole => Body::from(answer.body),
        ends @ (Ends::Short(_) | Ends::Never) => Body::new(Broken {
            frames: VecDeque::from([answer.body]),
            ends,
        }),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    *response.headers_mut() = answer.headers;
    if let Ends::Short(length) = answer.ends {
        response
            .headers_mut()
            .insert("content-length", length.into());
    }
    response
}

/// A body that does not end as it should.
struct Broken {
    frames: VecDeque<Bytes>,
    ends: Ends,
}

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(frame) = self.frames.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(frame))));
        }
        Poll::Ready(match self.ends {
            Ends::Never => Some(Ok(Frame::data(Bytes::from_static(&[b' '; 64 * 1024])))),
            Ends::Whole => None,
            Ends::Short(_) => Some(Err("the line breaks".into())),
        })
    }
}
