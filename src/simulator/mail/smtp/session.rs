//! One SMTP conversation.

use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpStream;

use super::wire::{Line, Wire};
use crate::simulator::desk::{Fault, same_secret};
use crate::simulator::mail::address::mailbox;
use crate::simulator::mail::message::Provider;
use crate::simulator::mail::{MailService, mime};

const COMMAND_MAX: usize = 2_048;
const TEXT_LINE_MAX: usize = 64 << 10;
const RECIPIENTS_MAX: usize = 1_000;
const MISTAKES_MAX: u32 = 20;

/// What has been said so far.
pub(super) struct Session {
    service: MailService,
    greeted: bool,
    admitted: bool,
    from: Option<String>,
    to: Vec<String>,
    mistakes: u32,
}

/// Whether the conversation goes on.
enum After {
    Reply(String),
    Hangup,
}

impl Session {
    pub(super) fn new(service: MailService) -> Self {
        let admitted = service.settings().smtp_login.is_none();
        Session {
            service,
            greeted: false,
            admitted,
            from: None,
            to: Vec::new(),
            mistakes: 0,
        }
    }

    /// Talks until either side hangs up. A broken connection is an end like any other.
    pub(super) async fn run(mut self, stream: TcpStream) {
        let mut wire = Wire::new(stream);
        let _end = self.talk(&mut wire).await;
    }

    async fn talk(&mut self, wire: &mut Wire) -> io::Result<()> {
        wire.say("220 simulated.example.com ESMTP").await?;
        loop {
            let line = match wire.line(COMMAND_MAX).await? {
                Line::Closed => return Ok(()),
                Line::TooLong => {
                    wire.say("500 5.5.2 Line too long").await?;
                    continue;
                }
                Line::Whole(line) => String::from_utf8_lossy(&line).into_owned(),
            };
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let after = match verb.to_ascii_uppercase().as_str() {
                "QUIT" => {
                    wire.say("221 2.0.0 Bye").await?;
                    return Ok(());
                }
                "AUTH" => self.auth(wire, rest.trim()).await?,
                "DATA" => self.data(wire).await?,
                verb => After::Reply(self.command(verb, rest.trim())),
            };
            match after {
                After::Hangup => return Ok(()),
                After::Reply(reply) => {
                    self.mistakes += u32::from(reply.starts_with('5'));
                    if self.mistakes > MISTAKES_MAX {
                        return wire.say("421 4.7.0 Too many errors").await;
                    }
                    wire.say(&reply).await?;
                }
            }
        }
    }

    fn command(&mut self, verb: &str, rest: &str) -> String {
        match verb {
            "EHLO" => {
                self.greeted = true;
                self.reset();
                let size = self.service.settings().smtp_max_bytes;
                let auth = match self.service.settings().smtp_login {
                    Some(_) => "250-AUTH PLAIN LOGIN\r\n",
                    None => "",
                };
                format!(
                    "250-simulated.example.com\r\n250-SIZE {size}\r\n{auth}250-SMTPUTF8\r\n250 8BITMIME"
                )
            }
            "HELO" => {
                self.greeted = true;
                self.reset();
                "250 simulated.example.com".to_owned()
            }
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest),
            "RSET" => {
                self.reset();
                "250 2.0.0 OK".to_owned()
            }
            "NOOP" => "250 2.0.0 OK".to_owned(),
            "VRFY" => "252 2.1.5 Cannot VRFY user".to_owned(),
            "STARTTLS" => "454 4.7.0 TLS not available".to_owned(),
            _ => "502 5.5.1 Command not implemented".to_owned(),
        }
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn mail(&mut self, rest: &str) -> String {
        if !self.greeted {
            return "503 5.5.1 Say EHLO first".to_owned();
        }
        if !self.admitted {
            return "530 5.7.0 Authentication required".to_owned();
        }
        if self.from.is_some() {
            return "503 5.5.1 Sender already given".to_owned();
        }
        if self.service.inner.faults.strikes(Fault::Throttle) {
            return "450 4.7.1 Too many messages, try again later".to_owned();
        }
        let Some((address, parameters)) = path(rest, "FROM:") else {
            return "501 5.1.7 Bad sender address syntax".to_owned();
        };
        let size = parameters.split_whitespace().find_map(|it| {
            let (name, value) = it.split_once('=')?;
            name.eq_ignore_ascii_case("SIZE")
                .then(|| value.parse::<usize>().ok())?
        });
        if size.is_some_and(|size| size > self.service.settings().smtp_max_bytes) {
            return "552 5.3.4 Message size exceeds fixed limit".to_owned();
        }
        if !address.is_empty() && !self.service.knows_sender(address) {
            return "550 5.7.1 Sender address rejected: not owned by user".to_owned();
        }
        self.from = Some(address.to_owned());
        "250 2.1.0 OK".to_owned()
    }

    fn rcpt(&mut self, rest: &str) -> String {
        if self.from.is_none() {
            return "503 5.5.1 Say MAIL first".to_owned();
        }
        if self.to.len() >= RECIPIENTS_MAX {
            return "452 4.5.3 Too many recipients".to_owned();
        }
        match path(rest, "TO:").and_then(|(address, _)| mailbox(address)) {
            None => "501 5.1.3 Bad recipient address syntax".to_owned(),
            Some(address) if self.service.is_inactive(&address.email) => {
                "550 5.1.1 Recipient address rejected: User unknown".to_owned()
            }
            Some(address) => {
                self.to.push(address.email);
                "250 2.1.5 OK".to_owned()
            }
        }
    }

    async fn data(&mut self, wire: &mut Wire) -> io::Result<After> {
        if self.from.is_none() || self.to.is_empty() {
            return Ok(After::Reply("503 5.5.1 Say MAIL and RCPT first".to_owned()));
        }
        wire.say("354 End data with <CR><LF>.<CR><LF>").await?;
        let Some(message) = self.message(wire).await? else {
            return Ok(After::Hangup);
        };
        let dice = &self.service.inner.faults;
        let slow = Duration::from_millis(dice.get().slow_ms);
        if dice.strikes(Fault::Slow) {
            tokio::time::sleep(slow).await;
        }
        let refusal = match message {
            None => Some("552 5.3.4 Message size exceeds fixed limit"),
            Some(_) if dice.strikes(Fault::FailBefore) => Some("451 4.3.0 Temporary failure"),
            Some(_) if dice.strikes(Fault::Refuse) => Some("554 5.7.1 Message refused"),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            self.reset();
            return Ok(After::Reply(refusal.to_owned()));
        }
        let mut mail = mime::read(&message.unwrap_or_default(), Provider::Smtp);
        mail.from = self.from.take().unwrap_or_default();
        // The envelope says who gets it; whom the headers do not name gets a blind copy.
        let named = |address: &String| mail.to.contains(address) || mail.cc.contains(address);
        mail.bcc = self
            .to
            .iter()
            .filter(|address| !named(address))
            .cloned()
            .collect();
        self.reset();
        let id = self.service.accept(mail);
        let dice = &self.service.inner.faults;
        if dice.strikes(Fault::SlowAfter) {
            tokio::time::sleep(slow).await;
        }
        if dice.strikes(Fault::LoseAnswer) {
            return Ok(After::Hangup);
        }
        if dice.strikes(Fault::FailAfter) {
            return Ok(After::Reply("451 4.3.0 Temporary failure".to_owned()));
        }
        Ok(After::Reply(format!("250 2.0.0 OK: queued as {id}")))
    }

    /// Reads a message to its lone dot. Inner nothing: it was too long. Outer nothing: the client
    /// has gone, and the message with it.
    async fn message(&self, wire: &mut Wire) -> io::Result<Option<Option<Vec<u8>>>> {
        let max = self.service.settings().smtp_max_bytes;
        let mut message = Vec::new();
        let mut too_long = false;
        loop {
            match wire.line(TEXT_LINE_MAX).await? {
                Line::Closed => return Ok(None),
                Line::TooLong => too_long = true,
                Line::Whole(line) if line == b"." => break,
                Line::Whole(line) => {
                    let line = line.strip_prefix(b".").unwrap_or(&line);
                    too_long |= message.len() + line.len() > max;
                    if !too_long {
                        message.extend_from_slice(line);
                        message.extend_from_slice(b"\r\n");
                    }
                }
            }
        }
        Ok(Some((!too_long).then_some(message)))
    }

    async fn auth(&mut self, wire: &mut Wire, rest: &str) -> io::Result<After> {
        let reply = |text: &str| Ok(After::Reply(text.to_owned()));
        let Some((user, password)) = self.service.settings().smtp_login.clone() else {
            return reply("502 5.5.1 Authentication not offered");
        };
        if self.admitted {
            return reply("503 5.5.1 Already authenticated");
        }
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let given = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let answer = ask(wire, "", initial).await?;
                answer.and_then(|text| {
                    let mut fields = text.split('\0').skip(1);
                    Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
                })
            }
            "LOGIN" => {
                let user = ask(wire, "VXNlcm5hbWU6", initial).await?;
                let password = ask(wire, "UGFzc3dvcmQ6", "").await?;
                user.zip(password)
            }
            _ => return reply("504 5.5.4 Unrecognized authentication type"),
        };
        if self.service.inner.faults.strikes(Fault::RefuseCredentials) {
            return reply("535 5.7.8 Authentication credentials invalid");
        }
        match given {
            Some((given, secret)) if given == user && same_secret(&secret, &password) => {
                self.admitted = true;
                reply("235 2.7.0 Authentication successful")
            }
            Some(_) => reply("535 5.7.8 Authentication credentials invalid"),
            None => reply("501 5.5.2 Cannot decode the response"),
        }
    }
}

/// The client's answer to a challenge, or what it said at once.
async fn ask(wire: &mut Wire, challenge: &str, initial: &str) -> io::Result<Option<String>> {
    let encoded = if initial.is_empty() {
        wire.say(&format!("334 {challenge}")).await?;
        match wire.line(COMMAND_MAX).await? {
            Line::Whole(line) => line,
            Line::TooLong | Line::Closed => return Ok(None),
        }
    } else {
        initial.as_bytes().to_vec()
    };
    let decoded = STANDARD.decode(encoded).ok();
    Ok(decoded.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Reads `FROM:<a@example.com> SIZE=1` into the address and the parameters.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (head, tail) = rest.split_at_checked(keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (address, parameters) = tail.trim_start().strip_prefix('<')?.split_once('>')?;
    let plain = !address.chars().any(|c| c.is_whitespace() || c.is_control());
    (plain && (address.is_empty() || mailbox(address).is_some())).then_some((address, parameters))
}
