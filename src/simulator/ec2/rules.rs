//! Security group rules: as generated, and as calls have left them.

use std::{collections::HashMap, sync::RwLock};

use super::super::{
    locks::{read, write},
    random,
    world::{World, estate::Host},
};

/// One rule of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) egress: bool,
    pub(super) access: Access,
    pub(super) description: String,
}

/// What a rule lets through: the properties by which it can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) protocol: String,
    pub(super) from_port: i32,
    pub(super) to_port: i32,
    pub(super) cidr: String,
}

impl Access {
    /// Whether anybody on the Internet reaches this port.
    pub(super) fn admits_world(&self, port: i32) -> bool {
        let world = matches!(self.cidr.as_str(), "0.0.0.0/0" | "::/0");
        world && (self.protocol == "-1" || (self.from_port..=self.to_port).contains(&port))
    }

    pub(super) fn is_ipv6(&self) -> bool {
        self.cidr.contains(':')
    }
}

/// Rules of the groups that calls have changed; all others are as generated.
#[derive(Debug, Default)]
pub(in crate::simulator) struct Groups {
    changed: RwLock<HashMap<(usize, String), Vec<Rule>>>,
}

impl Groups {
    /// The rules of a host's group as they are now.
    pub(super) fn rules(&self, scope: usize, host: &Host) -> Vec<Rule> {
        let changed = read(&self.changed);
        changed
            .get(&(scope, host.group_id.clone()))
            .cloned()
            .unwrap_or_else(|| generated(host))
    }

    pub(super) fn set(&self, scope: usize, host: &Host, rules: Vec<Rule>) {
        write(&self.changed).insert((scope, host.group_id.clone()), rules);
    }
}

/// A new rule's id follows from what it allows, so that the same world hands out the same ids.
pub(super) fn rule_id(group_id: &str, salt: u64, access: &Access) -> String {
    let Access {
        protocol,
        from_port,
        to_port,
        cidr,
    } = access;
    let text = format!("{group_id} {protocol} {from_port} {to_port} {cidr}");
    format!("sgr-0{:016x}", random::mix_text(salt, &text))
}

fn generated(host: &Host) -> Vec<Rule> {
    let mut rules: Vec<Rule> = host
        .openings
        .iter()
        .map(|opening| {
            let access = Access {
                protocol: opening.protocol.to_owned(),
                from_port: opening.from_port,
                to_port: opening.to_port,
                cidr: opening.cidr.to_owned(),
            };
            Rule {
                id: rule_id(&host.group_id, 1, &access),
                egress: false,
                access,
                description: opening.description.to_owned(),
            }
        })
        .collect();
    let everywhere = Access {
        protocol: "-1".to_owned(),
        from_port: -1,
        to_port: -1,
        cidr: "0.0.0.0/0".to_owned(),
    };
    rules.push(Rule {
        id: rule_id(&host.group_id, 2, &everywhere),
        egress: true,
        access: everywhere,
        description: String::new(),
    });
    rules
}

/// The hosts of a scope, which own its groups and interfaces.
pub(super) fn hosts(world: &World, scope: usize) -> Vec<Host> {
    let place = world.place(scope);
    (0..world.hosts(scope))
        .map(|position| Host::at(place, position))
        .collect()
}
