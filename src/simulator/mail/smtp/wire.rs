//! Lines in, replies out.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A silent client is hung up on.
const SILENCE_MAX: Duration = Duration::from_secs(300);

/// One connection.
pub(super) struct Wire {
    stream: BufReader<TcpStream>,
}

/// What came in place of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line without its end.
    Whole(Vec<u8>),
    /// More than the bound; the rest of the line is skipped.
    TooLong,
    /// The client has gone.
    Closed,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Wire {
            stream: BufReader::new(stream),
        }
    }

    /// Reads up to the next newline, keeping at most `max` bytes.
    pub(super) async fn line(&mut self, max: usize) -> io::Result<Line> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            let chunk = tokio::time::timeout(SILENCE_MAX, self.stream.fill_buf())
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            if chunk.is_empty() {
                return Ok(Line::Closed);
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(chunk.len(), |end| end + 1);
            if line.len() + taken > max {
                too_long = true;
                line.clear();
            } else if !too_long {
                line.extend_from_slice(chunk.get(..taken).unwrap_or_default());
            }
            self.stream.consume(taken);
            if end.is_some() {
                break;
            }
        }
        if too_long {
            return Ok(Line::TooLong);
        }
        while line
            .last()
            .is_some_and(|byte| [b'\r', b'\n'].contains(byte))
        {
            line.pop();
        }
        Ok(Line::Whole(line))
    }

    pub(super) async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream
            .write_all(format!("{reply}\r\n").as_bytes())
            .await?;
        self.stream.flush().await
    }
}
