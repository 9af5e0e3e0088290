//! The half of the fence that is about files: Landlock, as far as the kernel knows it.

use super::{Ground, Half};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, NetPort, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use std::path::Path;

/// The newest Landlock that this is written for; what older kernels lack of it is left out. Newer ones can also bound which
/// sockets are spoken to, which would need every place where a resolver may listen.
const KNOWN: ABI = ABI::V6;

/// Places of the system that are read: names of hosts and how to look them up, whose files are replaced whole, so that their
/// folders are what counts; libraries that the C library loads for that; time zones; what the machine tells about itself.
const SYSTEM: [&str; 8] = ["/etc", "/run", "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/sys"];

/// The process itself, and the devices that give chance and take nothing.
const OWN: [&str; 3] = ["/proc/self", "/dev/urandom", "/dev/null"];

/// Texts about the whole machine.
const TEXTS: [&str; 2] = ["/proc/cgroups", "/proc/meminfo"];

pub(super) fn put_up(ground: &Ground) -> Half {
    match restrict(ground) {
        Ok((RulesetStatus::FullyEnforced, _)) => Half::Up("by Landlock"),
        Ok((RulesetStatus::PartiallyEnforced, _)) => {
            Half::Partly("by an older Landlock, which does not know ports and signals or cutting files short")
        }
        Ok((RulesetStatus::NotEnforced, LandlockStatus::NotEnabled)) => {
            Half::Down("Landlock is not switched on: add landlock to lsm= in the kernel's command line".to_owned())
        }
        Ok((RulesetStatus::NotEnforced, _)) => {
            Half::Down("this kernel has no Landlock (it came with Linux 5.13)".to_owned())
        }
        Err(error) => Half::Down(format!("Landlock failed: {error}")),
    }
}

/// What may be done in the data folder: no devices, links or programs.
fn written() -> BitFlags<AccessFs> {
    read()
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSock
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer
}

fn read() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::ReadDir
}

fn restrict(ground: &Ground) -> Result<(RulesetStatus, LandlockStatus), RulesetError> {
    // All rights are taken, that to start programs among them; it is given back nowhere.
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::Signal)?
        .create()?;
    rules = allow(rules, &ground.data_dir, written())?;
    for place in SYSTEM.into_iter().chain(OWN).chain(TEXTS) {
        let device = if place == "/dev/null" { AccessFs::WriteFile.into() } else { BitFlags::EMPTY };
        rules = allow(rules, Path::new(place), read() | device)?;
    }
    for folder in ground.folders() {
        rules = allow(rules, &folder, read())?;
    }
    if let Some(port) = ground.port {
        rules = rules.add_rule(NetPort::new(port, AccessNet::BindTcp))?;
    }
    let status = rules.restrict_self()?;
    Ok((status.ruleset, status.landlock))
}

/// Allows what is there; a place that is not there allows nothing.
fn allow(rules: RulesetCreated, place: &Path, access: BitFlags<AccessFs>) -> Result<RulesetCreated, RulesetError> {
    let Ok(handle) = PathFd::new(place) else { return Ok(rules) };
    // Of a file there is nothing to list.
    let access = if place.is_dir() { access } else { access & AccessFs::from_file(KNOWN) };
    rules.add_rule(PathBeneath::new(handle, access))
}
