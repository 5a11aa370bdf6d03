//! The pretend mail services over real sockets.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::simulator::desk::Chance;
use crate::simulator::desk::testing::{Served, serve};

struct Wire {
    mail: MailService,
    served: Served,
}

impl Wire {
    async fn up(settings: Settings) -> Wire {
        let mail = MailService::new(settings);
        let served = serve(mail.router()).await;
        Wire { mail, served }
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.served.client.post(self.served.url(path))
    }

    async fn sendgrid(&self, body: &Value) -> (u16, Value) {
        let key = &self.mail.settings().sendgrid_key;
        answer(self.post("/v3/mail/send").bearer_auth(key).json(body)).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn letter() -> Value {
    json!({
        "personalizations": [{"to": [{"email": "a@example.com"}, {"email": "b@example.com"}]}],
        "from": {"email": "hub@example.com", "name": "hubwatch"},
        "subject": "CRITICAL: port 22 open",
        "content": [{"type": "text/plain", "value": "see"}, {"type": "text/html", "value": "<p>see"}],
        "headers": {"References": "<1@example.com>"},
    })
}

#[tokio::test]
async fn sendgrid_keeps_what_it_accepts() {
    let wire = Wire::up(Settings {
        keep: 1,
        ..Settings::default()
    })
    .await;
    let request = wire
        .post("/v3/mail/send")
        .bearer_auth("SG.simulated")
        .json(&letter());
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 202);
    assert!(response.headers().contains_key("x-message-id"));
    assert_eq!(wire.sendgrid(&letter()).await.0, 202);
    let mails = wire.mail.mails();
    assert_eq!((mails.len(), wire.mail.mails_accepted()), (1, 2));
    assert_eq!(mails[0].to, ["a@example.com", "b@example.com"]);
    assert_eq!(
        (mails[0].text.as_str(), mails[0].html.as_str()),
        ("see", "<p>see")
    );
    assert_eq!(
        mails[0].headers[0],
        ("References".to_owned(), "<1@example.com>".to_owned())
    );
}

#[tokio::test]
async fn sendgrid_refuses_what_the_real_one_refuses() {
    let wire = Wire::up(Settings::default()).await;
    let twice = json!([{"email": "a@example.com"}, {"email": "A@example.com"}]);
    let cases = [
        ("/personalizations", json!([]), "at least one"),
        ("/personalizations/0/to", json!([]), "to array is required"),
        ("/personalizations/0/to", twice, "unique"),
        (
            "/personalizations/0/to/0/email",
            json!("nobody"),
            "valid address",
        ),
        ("/from", json!(null), "from object"),
        ("/subject", json!(""), "subject is required"),
        ("/content", json!([]), "content parameter is required"),
        ("/content/0/value", json!(""), "at least one character"),
        (
            "/content/0/type",
            json!("text/html; x"),
            "text/plain must be first",
        ),
        ("/headers", json!({"Subject": "x"}), "reserved"),
        (
            "/headers",
            json!({"List-Id": "a\r\nBcc: c@example.com"}),
            "one line",
        ),
    ];
    for (place, value, told) in cases {
        let mut body = letter();
        *body.pointer_mut(place).unwrap() = value;
        let (status, answer) = wire.sendgrid(&body).await;
        let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{place}");
        assert!(message.contains(told), "{place}: {answer}");
    }
    let stranger = wire
        .post("/v3/mail/send")
        .bearer_auth("SG.other")
        .json(&letter());
    assert_eq!(answer(stranger).await.0, 401);
    assert_eq!(wire.mail.mails_accepted(), 0);
}

#[tokio::test]
async fn mailgun_takes_forms_of_both_kinds() {
    let wire = Wire::up(Settings::default()).await;
    let post = |kind: &str, body: &str| {
        let request = wire
            .post("/v3/mg.example.com/messages")
            .header("content-type", kind);
        request
            .basic_auth("api", Some("key-simulated"))
            .body(body.to_owned())
    };
    let form = "from=Hub+%3Chub%40example.com%3E&to=a%40example.com&to=b%40example.com&subject=s\
                &text=t&h%3AX-Incident=7";
    let urlencoded = "application/x-www-form-urlencoded";
    let (status, sent) = answer(post(urlencoded, form)).await;
    assert_eq!(
        (status, &sent["message"]),
        (200, &json!("Queued. Thank you."))
    );
    let field = |name: &str, value: &str| {
        format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts = [
        ("from", "hub@example.com"),
        ("to", "a@example.com"),
        ("subject", "s"),
        ("html", "<b>"),
    ];
    let body: String = parts
        .iter()
        .map(|(name, value)| field(name, value))
        .collect();
    let multipart = format!("{body}--xx--\r\n");
    assert_eq!(
        answer(post("multipart/form-data; boundary=xx", &multipart))
            .await
            .0,
        200
    );
    let mails = wire.mail.mails();
    assert_eq!(
        (mails[0].to.len(), mails[0].headers[0].1.as_str()),
        (2, "7")
    );
    assert_eq!(mails[1].html, "<b>");
    assert_eq!(answer(post(urlencoded, "from=x&to=y")).await.0, 400);
    assert_eq!(answer(post("text/plain", "x")).await.0, 400);
    let stranger = wire
        .post("/v3/mg.example.com/messages")
        .basic_auth("api", Some("no"))
        .body("");
    assert_eq!(answer(stranger).await.0, 401);
    let elsewhere = wire
        .post("/v3/other.example.com/messages")
        .basic_auth("api", Some("key-simulated"));
    assert_eq!(answer(elsewhere.body("")).await.0, 404);
}

#[tokio::test]
async fn postmark_says_in_its_200_which_mails_failed() {
    let inactive = vec!["gone@example.com".to_owned()];
    let wire = Wire::up(Settings {
        inactive,
        ..Settings::default()
    })
    .await;
    let mail =
        |to: &str| json!({"From": "hub@example.com", "To": to, "Subject": "s", "TextBody": "t"});
    let post = |path: &str, token: &str, body: &Value| {
        wire.post(path)
            .header("x-postmark-server-token", token)
            .json(body)
    };
    let token = "simulated-postmark-token";
    let batch = json!([
        mail("a@example.com"),
        mail("gone@example.com"),
        mail("nobody"),
        7
    ]);
    let (status, answers) = answer(post("/email/batch", token, &batch)).await;
    let codes: Vec<_> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["ErrorCode"].clone())
        .collect();
    assert_eq!(
        (status, codes),
        (200, vec![json!(0), json!(406), json!(300), json!(403)])
    );
    let (status, refused) = answer(post("/email", token, &mail("gone@example.com"))).await;
    assert_eq!((status, &refused["ErrorCode"]), (422, &json!(406)));
    let (status, tested) =
        answer(post("/email", "POSTMARK_API_TEST", &mail("a@example.com"))).await;
    assert_eq!(
        (status, &tested["Message"]),
        (200, &json!("Test job accepted"))
    );
    assert_eq!(
        answer(post("/email", "other", &mail("a@example.com")))
            .await
            .0,
        401
    );
    assert_eq!(wire.mail.mails_accepted(), 1);
}

#[tokio::test]
async fn ses_asks_its_verifier() {
    let verifier: Verifier = Arc::new(|parts, body| {
        let good = parts.headers.contains_key("x-signed") && !body.is_empty();
        if good {
            Ok(())
        } else {
            Err("not signed".to_owned())
        }
    });
    let wire = Wire::up(Settings {
        ses_verifier: Some(verifier),
        ..Settings::default()
    })
    .await;
    let body = json!({
        "FromEmailAddress": "Hub <hub@example.com>",
        "Destination": {"ToAddresses": ["a@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "über"}, "Body": {"Text": {"Data": "t"}}}},
        "EmailTags": [{"Name": "incident", "Value": "7"}],
    });
    let post = |body: &Value| wire.post("/v2/email/outbound-emails").json(body);
    let unsigned = post(&body).send().await.unwrap();
    assert_eq!(
        unsigned.headers()["x-amzn-errortype"],
        "InvalidSignatureException"
    );
    let (status, sent) = answer(post(&body).header("x-signed", "1")).await;
    assert_eq!(status, 200, "{sent}");
    assert!(sent["MessageId"].is_string());
    let mut bad = body.clone();
    bad["EmailTags"][0]["Value"] = json!("a b");
    assert_eq!(answer(post(&bad).header("x-signed", "1")).await.0, 400);
    let raw = "RnJvbTogaHViQGV4YW1wbGUuY29tClRvOiBiQGV4YW1wbGUuY29tClN1YmplY3Q6IHIKCmJvZHk=";
    let raw = json!({"Content": {"Raw": {"Data": raw}}});
    assert_eq!(answer(post(&raw).header("x-signed", "1")).await.0, 200);
    assert_eq!(
        (
            wire.mail.mails()[1].subject.as_str(),
            wire.mail.mails()[1].text.as_str()
        ),
        ("r", "body")
    );
}

#[tokio::test]
async fn faults_speak_each_providers_language() {
    let wire = Wire::up(Settings::default()).await;
    let throttle = Chance::next(2);
    wire.mail.set_faults(Faults {
        throttle,
        retry_after_secs: 5,
        ..Faults::default()
    });
    let (status, told) = wire.sendgrid(&letter()).await;
    assert_eq!(
        (status, &told["errors"][0]["message"]),
        (429, &json!("too many requests"))
    );
    let ses = wire
        .post("/v2/email/outbound-emails")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(
        ses.headers()["x-amzn-errortype"],
        "TooManyRequestsException"
    );
    assert_eq!(ses.headers()["retry-after"], "5");
    wire.mail.set_faults(Faults {
        lose_answer: Chance::next(1),
        ..Faults::default()
    });
    let request = wire
        .post("/v3/mail/send")
        .bearer_auth("SG.simulated")
        .json(&letter());
    assert!(request.send().await.is_err());
    assert_eq!(wire.mail.mails_accepted(), 1);
    wire.mail.set_faults(Faults {
        refuse: Chance::next(1),
        ..Faults::default()
    });
    assert_eq!(wire.sendgrid(&letter()).await.0, 400);
    assert_eq!(wire.sendgrid(&letter()).await.0, 202);
}

struct Talk {
    stream: TcpStream,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Talk {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test waits for the server by hand"
    )]
    async fn with(mail: &MailService) -> Talk {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        let server = tokio::spawn(mail.smtp().serve(listener, shutdown));
        let mut talk = Talk {
            stream: TcpStream::connect(address).await.unwrap(),
            stop: Some(stop),
            server,
        };
        assert!(talk.hear().await.starts_with("220"));
        talk
    }

    async fn hear(&mut self) -> String {
        let (mut heard, mut buffer) = (String::new(), [0; 1_024]);
        while !heard.ends_with("\r\n") {
            let count = self.stream.read(&mut buffer).await.unwrap_or(0);
            if count == 0 {
                break;
            }
            heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        heard
    }

    /// Says something and returns the code of the reply; empty if there was none.
    async fn say(&mut self, text: &str) -> String {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.write_all(b"\r\n").await.unwrap();
        self.hear().await.chars().take(3).collect()
    }

    async fn end(mut self) {
        drop(self.stop.take());
        self.server.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn smtp_takes_a_message_line_by_line() {
    let mail = MailService::new(Settings::default());
    let mut talk = Talk::with(&mail).await;
    assert_eq!(talk.say("MAIL FROM:<hub@example.com>").await, "503");
    assert_eq!(talk.say("EHLO client").await, "250");
    assert_eq!(talk.say("MAIL FROM:<hub@example.com>").await, "530");
    assert_eq!(talk.say("AUTH PLAIN AGh1YndhdGNoAHdyb25n").await, "535");
    assert_eq!(talk.say("AUTH LOGIN").await, "334");
    assert_eq!(talk.say("aHVid2F0Y2g=").await, "334");
    assert_eq!(talk.say("c2ltdWxhdGVkLXNtdHAtcGFzc3dvcmQ=").await, "235");
    assert_eq!(
        talk.say("MAIL FROM:<hub@example.com> SIZE=99999999").await,
        "552"
    );
    assert_eq!(
        talk.say("MAIL FROM:<hub@example.com> SIZE=100 BODY=8BITMIME")
            .await,
        "250"
    );
    assert_eq!(talk.say("RCPT TO:<nobody>").await, "501");
    assert_eq!(talk.say("DATA").await, "503");
    assert_eq!(talk.say("RCPT TO:<a@example.com>").await, "250");
    assert_eq!(talk.say("RCPT TO:<hidden@example.com>").await, "250");
    assert_eq!(talk.say("DATA").await, "354");
    let message = "From: hub@example.com\r\nTo: a@example.com\r\nSubject: s\r\n\r\n..dot\r\n.";
    assert_eq!(talk.say(message).await, "250");
    let kept = &mail.mails()[0];
    assert_eq!(
        (kept.text.as_str(), kept.subject.as_str()),
        (".dot\r\n", "s")
    );
    assert_eq!(
        (&kept.to, &kept.bcc),
        (
            &vec!["a@example.com".to_owned()],
            &vec!["hidden@example.com".to_owned()]
        )
    );
    assert_eq!(talk.say(&"x".repeat(5_000)).await, "500");
    assert_eq!(talk.say("STARTTLS").await, "454");
    assert_eq!(talk.say("QUIT").await, "221");
    talk.end().await;
}

#[tokio::test]
async fn smtp_goes_wrong_on_request_and_bounds_messages() {
    let settings = Settings {
        smtp_login: None,
        smtp_max_bytes: 100,
        ..Settings::default()
    };
    let mail = MailService::new(settings);
    let mut talk = Talk::with(&mail).await;
    assert_eq!(talk.say("EHLO client").await, "250");
    let throttle = Chance::next(1);
    mail.set_faults(Faults {
        throttle,
        lose_answer: Chance::next(1),
        ..Faults::default()
    });
    assert_eq!(talk.say("MAIL FROM:<hub@example.com>").await, "450");
    assert_eq!(talk.say("MAIL FROM:<hub@example.com>").await, "250");
    assert_eq!(talk.say("RCPT TO:<a@example.com>").await, "250");
    assert_eq!(talk.say("DATA").await, "354");
    assert_eq!(
        talk.say(&format!("{}\r\n.", "y\r\n".repeat(60))).await,
        "552"
    );
    assert_eq!(talk.say("MAIL FROM:<hub@example.com>").await, "250");
    assert_eq!(talk.say("RCPT TO:<a@example.com>").await, "250");
    assert_eq!(talk.say("DATA").await, "354");
    assert_eq!(
        talk.say("Subject: s\r\n\r\nt\r\n.").await,
        "",
        "the answer is lost"
    );
    assert_eq!(mail.mails_accepted(), 1);
    talk.end().await;
}
