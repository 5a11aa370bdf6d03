//! Names of resources in the midst of other fields.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// How many names of one finding are kept. Details of a load balancer or a policy may list hundreds.
const NAMES_MAX: usize = 32;

/// Longer texts name nothing: an ARN has at most 2,048 characters by AWS's rules, and none that we
/// follow has more than these.
const LONGEST: usize = 512;

/// ARNs and bare ids of EC2, as they were found; possibly several times.
#[derive(Debug, Default)]
pub(super) struct Names<'a>(pub(super) Vec<Cow<'a, str>>);

impl<'a> Names<'a> {
    /// Keeps a text that is a name, while there is room.
    pub(super) fn add(&mut self, text: Cow<'a, str>) {
        if self.0.len() < NAMES_MAX && is_name(&text) && !self.0.contains(&text) {
            self.0.push(text);
        }
    }
}

/// Whether a text names a resource: `arn:…`, or letters, a dash, and eight or seventeen hexadecimal
/// digits, as EC2 names things (EC2 user guide, "Resource IDs").
fn is_name(text: &str) -> bool {
    if text.len() > LONGEST {
        return false;
    }
    if text.starts_with("arn:") {
        return true;
    }
    let Some((kind, digits)) = text.split_once('-') else {
        return false;
    };
    matches!(digits.len(), 8 | 17)
        && digits.bytes().all(|b| b.is_ascii_hexdigit())
        && kind.bytes().all(|b| b.is_ascii_lowercase())
}

/// Collects every name within a value, however deep it stands.
impl<'de> DeserializeSeed<'de> for &mut Names<'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Names<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.add(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.add(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value_seed(&mut *self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_deep_they_stand_and_each_is_kept_once() {
        let json = r#"{"a":[{"GroupId":"sg-0123456789abcdef0","n":[1,-2,2.5,true,null]},"sg-0123456789abcdef0"],
            "Role":"arn:aws:iam::111122223333:role\/app","Size":"m5-large","Vpc":"vpc-12kk2qwe","sn":"vpc-0a1b2c3d"}"#;
        let mut names = Names::default();
        names
            .deserialize(&mut serde_json::Deserializer::from_str(json))
            .unwrap();
        assert_eq!(
            names.0,
            [
                "sg-0123456789abcdef0",
                "arn:aws:iam::111122223333:role/app",
                "vpc-0a1b2c3d"
            ]
        );
    }

    #[test]
    fn no_more_names_are_kept_than_there_is_room_for() {
        let mut names = Names::default();
        for n in 0..1_000 {
            names.add(Cow::Owned(format!("eni-{n:08x}")));
        }
        assert_eq!(names.0.len(), NAMES_MAX);
        names.add(Cow::Owned(format!("arn:{}", "x".repeat(LONGEST))));
        assert_eq!(names.0.len(), NAMES_MAX);
    }
}
