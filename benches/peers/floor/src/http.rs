//! HTTP/1.1 as far as one simulator needs it: lengths are known, connections stay open.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use crate::Failure;

/// A connection that stays open, and the buffer that every answer is read into.
pub(crate) struct Connection {
    host: String,
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(url: &str) -> Result<Self, Failure> {
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            host: host.to_owned(),
            stream: BufReader::new(stream),
            line: String::new(),
            body: Vec::new(),
        })
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Sends a request and reads its answer, which must be a success.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<&[u8], Failure> {
        self.stream.get_mut().write_all(request)?;
        let status = self.header()?.to_owned();
        let mut length = None;
        loop {
            let line = self.header()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse()?);
            }
        }
        self.body
            .resize(length.ok_or("an answer without a length")?, 0);
        self.stream.read_exact(&mut self.body)?;
        if !status.contains(" 200 ") {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&self.body)).into());
        }
        Ok(&self.body)
    }

    fn header(&mut self) -> Result<&str, Failure> {
        self.line.clear();
        if self.stream.read_line(&mut self.line)? == 0 {
            return Err("the connection was closed".into());
        }
        Ok(self.line.trim_end())
    }
}
