//! What an operator writes about correlation rules, and what is wrong with it.

use serde::Deserialize;

use crate::domain::{score, settings::Problem};

use super::{RULES, Rule, Rules};

/// `[rules]`: what is changed about rules, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the rules say what they look for")]
pub struct RulesSettings {
    pub internet_exploitable: RuleSettings,
    pub threat_on_weak_resource: RuleSettings,
    pub public_sensitive_data: RuleSettings,
    pub unusual_use_without_mfa: RuleSettings,
    pub leaked_credential_used: RuleSettings,
    pub attack_path: RuleSettings,
}

/// What is changed about one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSettings {
    /// Whether it is asked; yes by default.
    pub enabled: Option<bool>,
    /// What it adds to a score, 1 to 100.
    pub weight: Option<i64>,
}

impl RulesSettings {
    /// The rules that are on.
    ///
    /// # Errors
    /// Weights that are none.
    pub fn validate(self) -> Result<Rules, Vec<Problem>> {
        let mut problems = Vec::new();
        let weights = self.in_order().map(|(rule, settings)| {
            let weight = weight(rule, settings.weight).unwrap_or_else(|problem| {
                problems.push(problem);
                rule.weight
            });
            (settings.enabled != Some(false)).then_some(weight)
        });
        if problems.is_empty() {
            Ok(Rules { weights })
        } else {
            Err(problems)
        }
    }

    /// Each with its rule, as they stand in [`RULES`].
    fn in_order(self) -> [(&'static Rule, RuleSettings); RULES.len()] {
        let [exploitable, threat, data, no_mfa, leaked, path] = RULES.each_ref();
        [
            (exploitable, self.internet_exploitable),
            (threat, self.threat_on_weak_resource),
            (data, self.public_sensitive_data),
            (no_mfa, self.unusual_use_without_mfa),
            (leaked, self.leaked_credential_used),
            (path, self.attack_path),
        ]
    }
}

fn weight(rule: &Rule, typed: Option<i64>) -> Result<u8, Problem> {
    let Some(typed) = typed else {
        return Ok(rule.weight);
    };
    let weight = u8::try_from(typed).ok();
    let weight = weight.filter(|weight| (1..=score::MAX).contains(weight));
    weight.ok_or_else(|| {
        Problem::new(
            format!("{}.weight", rule.name),
            format!(
                "must be 1 to {}; to switch a rule off write enabled = false",
                score::MAX
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(json: &str) -> Result<Rules, Vec<String>> {
        let settings: RulesSettings = serde_json::from_str(json).unwrap();
        let problems = |found: Vec<Problem>| found.iter().map(ToString::to_string).collect();
        settings.validate().map_err(problems)
    }

    #[test]
    fn all_rules_are_on_until_somebody_says_otherwise() {
        assert!(
            read("{}")
                .unwrap()
                .all()
                .all(|(rule, weight)| weight == Some(rule.weight))
        );
        let rules = read(
            r#"{"attack-path":{"enabled":false,"weight":7},"internet-exploitable":{"weight":55}}"#,
        );
        let rules: BTreeMap<_, _> = rules
            .unwrap()
            .all()
            .map(|(rule, weight)| (rule.name, weight))
            .collect();
        assert_eq!(rules["attack-path"], None);
        assert_eq!(rules["internet-exploitable"], Some(55));
        assert_eq!(rules["public-sensitive-data"], Some(30));
    }

    #[test]
    fn a_name_of_no_rule_and_a_weight_out_of_bounds_are_errors() {
        let found = read(r#"{"attack-path":{"weight":0},"internet-exploitable":{"weight":101}}"#);
        assert_eq!(found.unwrap_err().len(), 2);
        for json in [r#"{"attack-path":{"wait":1}}"#, r#"{"atack-path":{}}"#] {
            assert!(
                serde_json::from_str::<RulesSettings>(json).is_err(),
                "{json}"
            );
        }
    }

    /// The names in settings are those of the rules.
    #[test]
    fn every_rule_can_be_set_by_its_name() {
        for rule in &RULES {
            let json = format!(r#"{{"{}":{{"weight":99}}}}"#, rule.name);
            let rules = read(&json).unwrap();
            let set = rules.all().find(|(other, _)| other.name == rule.name);
            assert_eq!(set.unwrap().1, Some(99), "{}", rule.name);
        }
    }
}
