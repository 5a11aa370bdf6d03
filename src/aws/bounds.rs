//! How large an answer may be, and how many large ones are in memory at once.
//!
//! A page may hold a hundred findings of 240 KB (API model), so a bound that is safe for one page is
//! not safe for sixty of them. Answers up to [`SMALL`] go ahead freely; a larger one waits for one of
//! a few places, and keeps it until its last byte is let go of, which is when it is recorded.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::PollSemaphore;

/// Up to here an answer needs no place: a hundred findings of 10 KB.
pub(super) const SMALL: u64 = 1 << 20;
/// The largest answer that is read. A hundred findings of 240 KB make 24 MB; escapes in JSON make
/// text longer, and what AWS counts is not said.
pub(super) const LARGEST: u64 = 64 << 20;
/// How many large answers are in memory at once.
const PLACES: usize = 2;

type Place = Arc<OnceLock<OwnedSemaphorePermit>>;

/// The places for large answers. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Room {
    places: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }

    /// Bounds a body that is about to be read, and says where its place will be if it needs one.
    pub(super) fn bound(&self, body: SdkBody) -> (SdkBody, Taken) {
        let taken = Taken(Place::default());
        let bounded = Bounded {
            inner: body,
            read: 0,
            places: PollSemaphore::new(Arc::clone(&self.places)),
            place: Arc::clone(&taken.0),
        };
        (SdkBody::from_body_1_x(bounded), taken)
    }
}

/// The place that a body has taken, if it is large.
#[derive(Debug, Clone)]
pub(super) struct Taken(Place);

impl Taken {
    /// The same bytes; with the last of them the place is given back.
    pub(super) fn kept_by(self, bytes: Bytes) -> Bytes {
        if self.0.get().is_none() {
            return bytes;
        }
        Bytes::from_owner(Kept {
            bytes,
            _place: self.0,
        })
    }
}

struct Kept {
    bytes: Bytes,
    _place: Place,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// More than [`LARGEST`] was sent.
#[derive(Debug, thiserror::Error)]
#[error("it is larger than {} MiB", LARGEST >> 20)]
pub(super) struct TooLarge;

/// Why a body ended early.
type BodyError = Box<dyn std::error::Error + Send + Sync>;

struct Bounded {
    inner: SdkBody,
    read: u64,
    places: PollSemaphore,
    place: Place,
}

impl Bounded {
    /// Waits for a place before the first byte that needs one is read.
    fn poll_place(&mut self, cx: &mut Context<'_>, wanted: u64) -> Poll<Result<(), BodyError>> {
        if wanted > LARGEST {
            return Poll::Ready(Err(TooLarge.into()));
        }
        if wanted <= SMALL || self.place.get().is_some() {
            return Poll::Ready(Ok(()));
        }
        // Never closed, so there always comes one.
        if let Some(permit) = ready!(self.places.poll_acquire(cx)) {
            drop(self.place.set(permit));
        }
        Poll::Ready(Ok(()))
    }
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        // What is announced counts at once; a body of unknown length counts as it comes.
        let announced = this.inner.size_hint().lower();
        let wanted = this.read.saturating_add(announced);
        if let Err(error) = ready!(this.poll_place(cx, wanted)) {
            return Poll::Ready(Some(Err(error)));
        }
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            this.read = this
                .read
                .saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_smithy_types::{byte_stream::ByteStream, error::display::DisplayErrorContext};

    use super::*;

    async fn read(room: &Room, length: u64) -> Result<Bytes, String> {
        let bytes = vec![b' '; usize::try_from(length).unwrap()];
        let (body, taken) = room.bound(SdkBody::from(bytes));
        let whole = ByteStream::new(body).collect().await;
        let whole = whole.map_err(|error| DisplayErrorContext(&error).to_string())?;
        Ok(taken.kept_by(whole.into_bytes()))
    }

    #[tokio::test]
    async fn a_legal_page_is_read_and_one_beyond_the_bound_is_not() {
        let room = Room::new();
        let legal = 100 * 240 * 1024;
        assert_eq!(read(&room, legal).await.unwrap().len(), 100 * 240 * 1024);
        let error = read(&room, LARGEST + 1).await.unwrap_err();
        assert!(error.contains("larger than 64 MiB"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn large_answers_wait_for_each_other_and_small_ones_do_not() {
        let room = Room::new();
        let large = SMALL + 1;
        let first = read(&room, large).await.unwrap();
        let _second = read(&room, large).await.unwrap();
        let waits = tokio::time::timeout(Duration::from_secs(5), read(&room, large));
        assert!(waits.await.is_err());
        assert!(read(&room, SMALL).await.is_ok());
        // A part of it that is still held keeps the place.
        let part = first.slice(5..6);
        drop(first);
        let waits = tokio::time::timeout(Duration::from_secs(5), read(&room, large));
        assert!(waits.await.is_err());
        drop(part);
        assert!(read(&room, large).await.is_ok());
    }
}
