//! Settings of the local page: where it is, by which names, and whether what goes over the network is encrypted.
//!
//! Promises: a page that others on the network can reach is encrypted, unless the settings say in so many words that it is
//! not.
//!
//! Never: a certificate or key read here; the page does, and says what is wrong with it.

use super::Surroundings;
use super::layers::{unknown, variable};
use crate::document::{Lined, Mistakes, Section};
use crate::limits;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The local page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// Where it listens; `None` for nowhere.
    pub listen: Option<SocketAddr>,
    /// Names besides the address by which it may be asked for, such as `aegis.lan`; with a port, by that port alone.
    pub hosts: Vec<String>,
    /// Whether it speaks TLS; `None` for: when others can reach it.
    pub tls: Option<bool>,
    /// The certificate and its key; `None` for one of our own.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Whether others may reach it without TLS.
    pub allow_http: bool,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 8787))),
            hosts: Vec::new(),
            tls: None,
            certificate: None,
            allow_http: false,
        }
    }
}

impl Web {
    /// Whether others than this machine can reach it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.listen.is_some_and(|listen| !listen.ip().is_loopback())
    }

    /// Whether it speaks TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.tls.unwrap_or_else(|| self.is_open())
    }

    /// What its addresses begin with.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.is_encrypted() { "https" } else { "http" }
    }
}

pub(super) fn set_listen(web: &mut Web, file: &str, found: &Lined<String>, mistakes: &mut Mistakes) {
    if found.value == "off" {
        web.listen = None;
    } else if let Ok(address) = found.value.parse::<SocketAddr>() {
        web.listen = Some(address);
    } else {
        let what = "must be an address and a port such as 127.0.0.1:8787, or \"off\"";
        mistakes.add(file, found.line, what);
    }
}

pub(super) fn set_tls(web: &mut Web, file: &str, found: &Lined<String>, mistakes: &mut Mistakes) {
    match found.value.as_str() {
        "on" => web.tls = Some(true),
        "off" => web.tls = Some(false),
        _ => unknown(file, found, "choice", &["on", "off"], mistakes),
    }
}

/// Reads `[web]`.
pub(super) fn read(web: &mut Web, name: &str, mut section: Section<'_>, mistakes: &mut Mistakes) {
    if let Some(found) = section.text("listen", mistakes) {
        set_listen(web, name, &found, mistakes);
    }
    if let Some(found) = section.text("tls", mistakes) {
        set_tls(web, name, &found, mistakes);
    }
    if let Some(found) = section.boolean("allow_http", mistakes) {
        web.allow_http = found.value;
    }
    let mut file = |key| section.text(key, mistakes).filter(|found| !found.value.is_empty());
    match (file("cert_file"), file("key_file")) {
        (Some(cert), Some(key)) => web.certificate = Some((cert.value.into(), key.value.into())),
        (None, None) => {}
        (Some(found), None) => {
            mistakes.add(name, found.line, "`cert_file` needs the certificate's key: set `key_file` too")
        }
        (None, Some(found)) => mistakes.add(name, found.line, "`key_file` needs its certificate: set `cert_file` too"),
    }
    let hosts = section.texts("hosts", mistakes).unwrap_or_default();
    if let Some(further) = hosts.get(limits::WEB_HOSTS_MAX) {
        mistakes.add(name, further.line, format!("`hosts` has at most {} names", limits::WEB_HOSTS_MAX));
    }
    for host in hosts.iter().filter(|host| !is_host(&host.value)) {
        let what = format!(
            "`hosts` has names such as \"aegis.lan\" or \"aegis.lan:8787\", not \"{}\"; leave out https:// and any path",
            host.value.escape_debug()
        );
        mistakes.add(name, host.line, what);
    }
    web.hosts = hosts.into_iter().map(|host| host.value).collect();
    section.finish(mistakes);
}

/// Whether a browser could send this as the name of a host.
fn is_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    let is_address = |name: &str| name.parse::<std::net::Ipv6Addr>().is_ok();
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !name.is_empty()
        && host.len() <= limits::WEB_HOST_BYTES_MAX
        && (name.bytes().all(is_plain) || bracketed.is_some_and(is_address))
}

/// What can only be told when everything is read.
pub(super) fn check(web: &Web, name: &str, surroundings: &Surroundings<'_>, mistakes: &mut Mistakes) {
    let Some(listen) = web.listen.filter(|_| web.is_open() && !web.is_encrypted() && !web.allow_http) else { return };
    let by_variable = ["AEGIS_WEB_TLS", "AEGIS_WEB_LISTEN"];
    let named = by_variable.into_iter().find(|known| variable(surroundings, known).is_some());
    let what = format!(
        "the page at {listen} could be reached by others while TLS is off, and passwords would be readable on the way: set \
         `web.tls` to \"on\", or `web.allow_http` to true when something in front of it encrypts"
    );
    mistakes.add(named.unwrap_or(name), 0, what);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::path::Path;

    fn load(file: &str, environment: &[(&str, &str)]) -> Result<Web, String> {
        let environment: Vec<(String, String)> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let read = |_: &Path| Ok(file.to_owned());
        let zone = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
        let surroundings = Surroundings { environment: &environment, read: &read, zone: &zone };
        let config = Config::load(Some(Path::new("aegis.toml")), &surroundings);
        config.map(|config| config.web).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn a_page_that_others_can_reach_is_encrypted_unless_the_settings_say_otherwise_in_so_many_words() {
        for (file, encrypted) in [
            ("", false),
            ("[web]\nlisten = \"[::1]:80\"\n", false),
            ("[web]\ntls = \"on\"\n", true),
            ("[web]\nlisten = \"0.0.0.0:8787\"\n", true),
            ("[web]\nlisten = \"10.0.0.1:8787\"\nallow_http = true\n", true),
            ("[web]\nlisten = \"10.0.0.1:8787\"\ntls = \"off\"\nallow_http = true\n", false),
        ] {
            let web = load(file, &[]).expect(file);
            assert_eq!((web.is_encrypted(), web.scheme() == "https"), (encrypted, encrypted), "{file}");
        }
        let told = load("[web]\nlisten = \"0.0.0.0:8787\"\ntls = \"off\"\n", &[]).expect_err("it is in the clear");
        assert!(told.contains("aegis.toml: the page at 0.0.0.0:8787") && told.contains("`web.allow_http`"), "{told}");
        let told =
            load("[web]\ntls = \"off\"\n", &[("AEGIS_WEB_LISTEN", "10.0.0.1:1")]).expect_err("it is in the clear");
        assert!(told.contains("AEGIS_WEB_LISTEN: the page at 10.0.0.1:1"), "{told}");
        assert!(load("[web]\nlisten = \"off\"\ntls = \"off\"\n", &[]).is_ok());
        let web = load("[web]\ntls = \"off\"\n", &[("AEGIS_WEB_TLS", "on")]).expect("the environment is stronger");
        assert_eq!(web.tls, Some(true));
    }

    #[test]
    fn what_is_wrong_with_the_page_is_told_line_by_line() {
        let told = load(
            "[web]\ntls = \"yes\"\ncert_file = \"a.pem\"\nhosts = [\"aegis.lan\", \"https://x\", \"a b\", \"\", \"[::1]:8787\"]\n",
            &[("AEGIS_WEB_TLS", "offf")],
        )
        .expect_err("nothing of it is valid");
        for expected in [
            "aegis.toml:2: unknown choice \"yes\"",
            "aegis.toml:3: `cert_file` needs the certificate's key",
            "not \"https://x\"; leave out",
            "not \"a b\"",
            "not \"\"",
            "AEGIS_WEB_TLS: unknown choice \"offf\"; did you mean \"off\"?",
        ] {
            assert!(told.contains(expected), "missing: {expected}\nin: {told}");
        }
        assert_eq!(told.lines().count(), 6, "{told}");
        let many = vec!["\"a\""; limits::WEB_HOSTS_MAX + 1].join(",");
        assert!(load(&format!("[web]\nhosts = [{many}]\n"), &[]).is_err());
        assert!(load("[web]\nkey_file = \"k.pem\"\n", &[]).is_err());
        let web = load("[web]\ncert_file = \"c.pem\"\nkey_file = \"k.pem\"\n", &[]).expect("both are there");
        assert_eq!(web.certificate, Some((PathBuf::from("c.pem"), PathBuf::from("k.pem"))));
    }
}
