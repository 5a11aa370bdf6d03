//! Answers and errors, in the shape of each protocol that AWS speaks.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use serde_json::json;

use super::{sigv4::Refusal, wire};

/// The wire protocols of the services we play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// STS.
    Query,
    /// EC2.
    Ec2,
    /// Organizations.
    Json11,
    /// Security Hub.
    RestJson,
}

/// An error as a service states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }
}

/// The body of a successful answer.
pub(super) type Reply = Result<Bytes, ApiError>;

/// A prepared JSON answer.
pub(super) fn reply_json(value: &serde_json::Value) -> Reply {
    Ok(Bytes::from(value.to_string()))
}

impl Protocol {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Query | Self::Ec2 => "text/xml;charset=UTF-8",
            Self::Json11 => "application/x-amz-json-1.1",
            Self::RestJson => "application/json",
        })
    }

    /// The answer to a call that worked.
    pub(super) fn success(self, request_id: &str, body: Bytes) -> Response<Body> {
        self.respond(StatusCode::OK, request_id, None, Body::from(body))
    }

    /// The answer to a call that did not.
    pub(super) fn failure(self, request_id: &str, error: &ApiError) -> Response<Body> {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        let (code, message) = (error.code, error.message.as_str());
        let side = if error.status < 500 {
            "Sender"
        } else {
            "Receiver"
        };
        let body = match self {
            Self::Query => format!(
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
                 <Type>{side}</Type>{}{}</Error>{}</ErrorResponse>",
                wire::element("Code", code),
                wire::element("Message", message),
                wire::element("RequestId", request_id),
            ),
            Self::Ec2 => format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>{}{}</Error>\
                 </Errors>{}</Response>",
                wire::element("Code", code),
                wire::element("Message", message),
                wire::element("RequestID", request_id),
            ),
            Self::Json11 => json!({"__type": code, "Message": message}).to_string(),
            Self::RestJson => json!({"Message": message, "Code": code}).to_string(),
        };
        self.respond(status, request_id, Some(code), Body::from(body))
    }

    fn respond(
        self,
        status: StatusCode,
        request_id: &str,
        error: Option<&'static str>,
        body: Body,
    ) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.content_type());
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("x-amzn-requestid", id);
        }
        if let (Some(code), Self::Json11 | Self::RestJson) = (error, self) {
            headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
        }
        response
    }

    /// How each protocol words a refused signature.
    pub(super) fn refused(self, refusal: Refusal) -> ApiError {
        let unknown = "The security token included in the request is invalid.";
        let expired = "The security token included in the request is expired";
        let json_status = if self == Self::Json11 { 400 } else { 403 };
        match (self, refusal) {
            (Self::Query | Self::Ec2, Refusal::Missing) => ApiError::new(
                403,
                "MissingAuthenticationToken",
                "Request is missing Authentication Token",
            ),
            (Self::Json11 | Self::RestJson, Refusal::Missing) => ApiError::new(
                json_status,
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            ),
            (Self::Query | Self::Ec2, Refusal::Incomplete(message)) => {
                ApiError::new(400, "IncompleteSignature", message)
            }
            (Self::Json11 | Self::RestJson, Refusal::Incomplete(message)) => {
                ApiError::new(json_status, "IncompleteSignatureException", message)
            }
            (Self::Query, Refusal::UnknownKey) => {
                ApiError::new(403, "InvalidClientTokenId", unknown)
            }
            (Self::Ec2, Refusal::UnknownKey) => ApiError::new(
                401,
                "AuthFailure",
                "AWS was not able to validate the provided access credentials",
            ),
            (Self::Json11 | Self::RestJson, Refusal::UnknownKey) => {
                ApiError::new(json_status, "UnrecognizedClientException", unknown)
            }
            (Self::Query, Refusal::SessionExpired) => ApiError::new(403, "ExpiredToken", expired),
            (Self::Ec2, Refusal::SessionExpired) => {
                ApiError::new(400, "RequestExpired", "Request has expired.")
            }
            (Self::Json11 | Self::RestJson, Refusal::SessionExpired) => {
                ApiError::new(json_status, "ExpiredTokenException", expired)
            }
            (Self::Query, Refusal::Skewed(message)) => {
                ApiError::new(403, "SignatureDoesNotMatch", message)
            }
            (Self::Ec2 | Self::RestJson, Refusal::Skewed(message)) => {
                ApiError::new(400, "RequestExpired", message)
            }
            (Self::Query | Self::Ec2, Refusal::Mismatch(message)) => {
                ApiError::new(403, "SignatureDoesNotMatch", message)
            }
            (Self::Json11, Refusal::Skewed(message) | Refusal::Mismatch(message))
            | (Self::RestJson, Refusal::Mismatch(message)) => {
                ApiError::new(json_status, "InvalidSignatureException", message)
            }
        }
    }

    /// A Region that is not enabled for the account knows none of its keys.
    pub(super) fn region_off(self) -> ApiError {
        self.refused(Refusal::UnknownKey)
    }

    /// Too many requests, in the service's own words.
    pub(super) fn throttled(self) -> ApiError {
        match self {
            Self::Query => ApiError::new(400, "Throttling", "Rate exceeded"),
            Self::Ec2 => ApiError::new(503, "RequestLimitExceeded", "Request limit exceeded."),
            Self::Json11 => ApiError::new(
                400,
                "TooManyRequestsException",
                "AWS Organizations can't complete your request because another request is already in progress. Try again later.",
            ),
            Self::RestJson => ApiError::new(429, "TooManyRequestsException", "Too Many Requests"),
        }
    }

    /// The service's own fault.
    pub(super) fn broken(self) -> ApiError {
        match self {
            Self::Query => ApiError::new(503, "ServiceUnavailable", "Service Unavailable"),
            Self::Ec2 => ApiError::new(500, "InternalError", "An internal error has occurred"),
            Self::Json11 => ApiError::new(500, "ServiceException", "Internal error"),
            Self::RestJson => ApiError::new(500, "InternalException", "Internal server error"),
        }
    }
}
