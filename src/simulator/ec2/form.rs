//! Parameters of the EC2 query protocol: `Filter.1.Value.2` and the like.

/// A request's parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a> {
    pairs: &'a [(String, String)],
}

/// Lists longer than this are cut: no call of ours needs more.
const MAX_LIST: usize = 1_000;

impl<'a> Form<'a> {
    pub(super) fn new(pairs: &'a [(String, String)]) -> Self {
        Self { pairs }
    }

    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.pairs
            .iter()
            .find_map(|(found, value)| (found == name).then_some(value.as_str()))
    }

    pub(super) fn number(self, name: &str) -> Option<i32> {
        self.text(name)?.parse().ok()
    }

    /// `NAME.1`, `NAME.2`, …
    pub(super) fn list(self, name: &str) -> Vec<&'a str> {
        (1..=MAX_LIST)
            .map_while(|n| self.text(&format!("{name}.{n}")))
            .collect()
    }

    /// How many `NAME.1.…`, `NAME.2.…` there are.
    pub(super) fn groups(self, name: &str) -> usize {
        (1..=MAX_LIST)
            .take_while(|n| {
                let prefix = format!("{name}.{n}.");
                self.pairs
                    .iter()
                    .any(|(found, _)| found.starts_with(&prefix))
            })
            .count()
    }

    /// Names and values of `Filter.N`.
    pub(super) fn filters(self) -> Vec<(&'a str, Vec<&'a str>)> {
        (1..=self.groups("Filter"))
            .filter_map(|n| {
                let name = self.text(&format!("Filter.{n}.Name"))?;
                Some((name, self.list(&format!("Filter.{n}.Value"))))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_parameters_become_lists() {
        let pairs: Vec<(String, String)> = [
            ("GroupId.1", "sg-1"),
            ("GroupId.2", "sg-2"),
            ("Filter.1.Name", "vpc-id"),
            ("Filter.1.Value.1", "vpc-1"),
            ("Filter.1.Value.2", "vpc-2"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        let form = Form::new(&pairs);
        assert_eq!(form.list("GroupId"), ["sg-1", "sg-2"]);
        assert_eq!(form.filters(), [("vpc-id", vec!["vpc-1", "vpc-2"])]);
    }
}
