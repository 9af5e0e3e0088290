//! `aegis flags`: what is switched on and off, and who says so.
//!
//! Promises: what the settings and the environment say now, by the very order that the appliance goes by; exit code 64 for a tenant
//! that there is not.
//!
//! Never: a change. Flags are set in the settings.

use super::Failure;
use super::offline::print;
use crate::config::Config;
use crate::flags::Flag;
use crate::tenant::TenantName;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Whose flags, and in which form.
#[derive(Debug, clap::Args)]
pub(super) struct FlagsArgs {
    /// A settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// As they are for this tenant.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl FlagsArgs {
    /// The settings file.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

/// Lists the flags.
pub(super) fn show(config: &Config, args: &FlagsArgs) -> Result<(), Failure> {
    let tenant = args.tenant.as_deref().filter(|name| *name != TenantName::default().as_str());
    let tenant = tenant
        .map(|name| {
            let known = TenantName::new(name).filter(|name| config.tenants.contains_key(name));
            known.ok_or_else(|| Failure::usage(format!("no tenant is called \"{}\"", name.escape_debug())))
        })
        .transpose()?;
    let mut lines = String::new();
    let mut all = Vec::new();
    for flag in Flag::ALL {
        let about = flag.about();
        let (on, layer) = config.flag(flag, tenant.as_ref());
        let word = if on { "on" } else { "off" };
        let badge = if about.experimental { " (experimental)" } else { "" };
        lines.push_str(&format!(
            "{}: {word}, by {}{badge}\n  {} Since {}; {}.\n",
            about.name,
            layer.word(),
            about.does,
            about.since,
            flag.variable()
        ));
        all.push(json!({
            "name": about.name, "on": on, "from": layer.word(), "default": about.default,
            "experimental": about.experimental, "since": about.since, "does": about.does,
        }));
    }
    print(&if args.json { format!("{}\n", json!(all)) } else { lines })
}
