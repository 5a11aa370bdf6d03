//! A raw finding that could not be read, and why.

use super::field::quoted;

/// How much of a rejected finding's id is kept, in characters. AWS allows 512.
const ID_MAX: usize = 512;

/// Why a raw finding cannot be read. Only what the key and the order of versions need can be a
/// reason; everything else that is odd becomes a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// It is not text in UTF-8.
    NotUtf8,
    /// It is not JSON.
    NotJson,
    /// It is JSON, and not an object.
    NotAnObject,
    /// A field that we read stands there twice, so that it says two things.
    RepeatedField,
    /// `AwsAccountId` is absent, empty or not text.
    NoAccount,
    /// `Id` is absent, empty or not text.
    NoId,
    /// `ProductArn` is absent, empty or not text.
    NoProductArn,
    /// `UpdatedAt` is absent or not text.
    NoUpdatedAt,
    /// `UpdatedAt` is not a moment in any format we know.
    UnreadableUpdatedAt,
}

impl RejectReason {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::NotUtf8,
        Self::NotJson,
        Self::NotAnObject,
        Self::RepeatedField,
        Self::NoAccount,
        Self::NoId,
        Self::NoProductArn,
        Self::NoUpdatedAt,
        Self::UnreadableUpdatedAt,
    ];

    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::NotAnObject => "not_an_object",
            Self::RepeatedField => "repeated_field",
            Self::NoAccount => "no_account",
            Self::NoId => "no_id",
            Self::NoProductArn => "no_product_arn",
            Self::NoUpdatedAt => "no_updated_at",
            Self::UnreadableUpdatedAt => "unreadable_updated_at",
        }
    }
}

/// What is said of a raw finding that could not be read. The raw text itself is the caller's to
/// keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", reason.as_str())]
pub struct Rejection {
    /// Why, as a closed set.
    pub reason: RejectReason,
    /// Why, in words of bounded length.
    pub detail: String,
    /// Its `Id`, if that much could be read; at most 512 characters of it.
    pub id: Option<String>,
}

impl Rejection {
    /// A rejection before the id could be looked at.
    pub(super) fn new(reason: RejectReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            id: None,
        }
    }

    /// The same, of the finding with this id.
    pub(super) fn of(self, id: Option<&str>) -> Self {
        Self {
            id: id.map(|id| id.chars().take(ID_MAX).collect()),
            ..self
        }
    }

    /// What serde makes of a text that is not a finding's object.
    pub(super) fn of_parse(raw: &str, error: &serde_json::Error) -> Self {
        let detail = quoted(&error.to_string());
        if !error.is_data() {
            return Self::new(RejectReason::NotJson, detail);
        }
        let reason = if raw.trim_start().starts_with('{') {
            // All fields take any JSON value, so there is nothing else for serde to refuse.
            RejectReason::RepeatedField
        } else {
            RejectReason::NotAnObject
        };
        Self::new(reason, detail)
    }
}
