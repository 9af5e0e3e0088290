//! Settings of webhooks: who is told of what, and the secrets that sign it.
//!
//! Promises: a receiver is reached by `https`, or by `http` on this machine or in the same house; without a secret none is told. The
//! secrets are never shown, and of an address only its host.
//!
//! Never: a connection.

use super::Surroundings;
use super::layers::unknown;
use crate::document::{Lined, Mistakes, Section};
use crate::events::{Kind, Kinds};
use crate::limits;
use crate::message::fnv1a;
use crate::secret::Secret;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// The file of secrets, with what named it.
pub(super) type SecretFile = Option<(PathBuf, &'static str)>;

/// A receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Where it is called. May hold a secret.
    pub url: String,
    /// Its host, which may be shown.
    pub host: String,
    /// Its number, which follows from the address.
    pub number: u64,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Receiver {
    /// Whether what it is told can be read on the way.
    #[must_use]
    pub fn is_in_clear(&self) -> bool {
        self.url.starts_with("http://") && !is_this_machine(&self.host)
    }
}

/// Who is told, of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhooks {
    /// The receivers.
    pub receivers: Vec<Receiver>,
    /// What they are told of.
    pub kinds: Kinds,
    /// What signs: the new secret first, and in a rotation the one before.
    pub secrets: Vec<Secret>,
    /// The file that the secrets were read from, if one is named.
    pub secret_file: Option<PathBuf>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { receivers: Vec::new(), kinds: Kinds::ALL, secrets: Vec::new(), secret_file: None }
    }
}

/// Reads `[webhooks]`; the file of secrets is for later.
pub(super) fn read(hooks: &mut Webhooks, mut section: Section<'_>, mistakes: &mut Mistakes) -> SecretFile {
    let file = section.file();
    for found in section.texts("urls", mistakes).unwrap_or_default() {
        if hooks.receivers.len() >= limits::HOOK_RECEIVERS_MAX {
            mistakes.add(file, found.line, format!("there are at most {} receivers", limits::HOOK_RECEIVERS_MAX));
            break;
        }
        match receiver(&found.value) {
            Ok(receiver) if hooks.receivers.iter().any(|known| known.number == receiver.number) => {
                mistakes.add(file, found.line, "the same receiver stands twice in `webhooks.urls`");
            }
            Ok(receiver) => hooks.receivers.push(receiver),
            Err(why) => mistakes.add(file, found.line, why),
        }
    }
    if let Some(events) = section.texts("events", mistakes) {
        hooks.kinds = events.iter().fold(Kinds::NONE, |kinds, found| match Kind::from_word(&found.value) {
            Some(kind) => kinds.and(kind),
            None => {
                unknown(file, found, "event", &Kind::ALL.map(Kind::word), mistakes);
                kinds
            }
        });
    }
    if let Some(found) = section.text("secret", mistakes).filter(|found| !found.value.is_empty()) {
        set_secrets(hooks, file, &found, mistakes);
    }
    let secret_file = section.text("secret_file", mistakes).filter(|found| !found.value.is_empty());
    section.finish(mistakes);
    secret_file.map(|found| (PathBuf::from(found.value), "webhooks.secret_file"))
}

/// Takes a variable, if it is one of webhooks.
pub(super) fn from_variable(
    hooks: &mut Webhooks,
    later: &mut SecretFile,
    name: &str,
    value: &str,
    mistakes: &mut Mistakes,
) -> bool {
    match name {
        "AEGIS_WEBHOOK_SECRET" => {
            set_secrets(hooks, name, &Lined { value: value.to_owned(), line: 0 }, mistakes);
        }
        "AEGIS_WEBHOOK_SECRET_FILE" => *later = Some((PathBuf::from(value), "AEGIS_WEBHOOK_SECRET_FILE")),
        _ => return false,
    }
    true
}

/// Reads the file of secrets, where nothing stronger gave any.
pub(super) fn read_file(hooks: &mut Webhooks, later: SecretFile, around: &Surroundings<'_>, mistakes: &mut Mistakes) {
    hooks.secret_file = later.as_ref().map(|(path, _)| path.clone());
    let Some((path, source)) = later.filter(|_| hooks.secrets.is_empty()) else { return };
    match (around.read)(&path) {
        Ok(value) => set_secrets(hooks, source, &Lined { value, line: 0 }, mistakes),
        Err(error) => mistakes.add(source, 0, format!("{} cannot be read: {error}", path.display())),
    }
}

/// One secret, or two with space or a line's end between them: the new one first.
pub(super) fn set_secrets(hooks: &mut Webhooks, file: &str, found: &Lined<String>, mistakes: &mut Mistakes) {
    let bytes = limits::HOOK_SECRET_BYTES_MIN..=limits::HOOK_SECRET_BYTES_MAX;
    let words: Vec<&str> = found.value.split_ascii_whitespace().collect();
    let is_whole = |word: &&str| bytes.contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic());
    if (1..=limits::HOOK_SECRETS_MAX).contains(&words.len()) && words.iter().all(is_whole) {
        hooks.secrets = words.into_iter().map(|word| Secret::new(word.to_owned())).collect();
        return;
    }
    let what = format!(
        "is no secret for webhooks: one word of {} to {} letters, digits and signs (openssl rand -hex 32 makes one), and during a \
         rotation the one before behind it",
        bytes.start(),
        bytes.end()
    );
    mistakes.add(file, found.line, what);
}

/// What the parts must be to each other.
pub(super) fn check(hooks: &Webhooks, name: &str, mistakes: &mut Mistakes) {
    if !hooks.receivers.is_empty() && hooks.secrets.is_empty() {
        let what = "`webhooks.urls` names receivers and nothing signs what they are told; give a secret in \
                    `webhooks.secret_file`, in AEGIS_WEBHOOK_SECRET, or as the credential webhook-secret";
        mistakes.add(name, 0, what);
    }
}

fn receiver(written: &str) -> Result<Receiver, String> {
    let wrong =
        "a receiver is an address such as \"https://hooks.example/aegis\", without name and password and without `#`";
    let url = url::Url::parse(written).map_err(|_| wrong.to_owned())?;
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || host.is_empty() || !is_plain {
        return Err(wrong.to_owned());
    }
    if written.len() > limits::HOOK_URL_BYTES_MAX {
        return Err(format!("the address of a receiver has at most {} bytes", limits::HOOK_URL_BYTES_MAX));
    }
    if url.scheme() == "http" && !is_this_machine(&host) && !is_near(&host) {
        return Err(format!(
            "{host} is not in this house: write https://, so that nobody on the way reads what it is told"
        ));
    }
    let url = String::from(url);
    Ok(Receiver { number: fnv1a(url.as_bytes()), url, host })
}

/// The address that a host is, if it is one.
fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || address(host).is_some_and(|ip| ip.to_canonical().is_loopback())
}

/// Whether a host is of a local network: by its address, or by a name that the world has not.
fn is_near(host: &str) -> bool {
    match address(host).map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(ip)) => ip.is_private() || ip.is_link_local(),
        Some(IpAddr::V6(ip)) => ip.is_unique_local() || ip.is_unicast_link_local(),
        None => {
            let ends = [".lan", ".local", ".home.arpa", ".internal"];
            !host.contains('.') || ends.iter().any(|end| host.ends_with(end))
        }
    }
}

/// The unit's credential with the secrets.
pub(super) const CREDENTIAL: &str = "webhook-secret";

/// Whether the credential is to be looked for.
pub(super) const fn wants_credential(hooks: &Webhooks) -> bool {
    !hooks.receivers.is_empty() && hooks.secrets.is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::tests::load;
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    fn urls(url: &str) -> String {
        format!("[webhooks]\nurls = [\"{url}\"]\nsecret = \"{SECRET}\"\n")
    }

    #[test]
    fn a_receiver_is_reached_safely_or_in_the_same_house() {
        for (url, in_clear) in [
            ("https://hooks.example/a?b=c", false),
            ("http://127.0.0.1:9/", false),
            ("http://[::1]:9/", false),
            ("http://localhost/", false),
            ("http://192.168.1.7/", true),
            ("http://[fd00::1]/", true),
            ("http://nas.lan/hook", true),
            ("http://nas/hook", true),
        ] {
            let config = load(Some(&urls(url)), &[]).unwrap_or_else(|told| panic!("{url}: {told}"));
            let receiver = config.webhooks.receivers.first().expect("one");
            assert_eq!(receiver.is_in_clear(), in_clear, "{url}");
            assert!(!format!("{config:?}").contains(SECRET) && !format!("{config:?}").contains("b=c"));
        }
        for (url, says) in [
            ("http://hooks.example/", "write https://"),
            ("http://8.8.8.8/", "write https://"),
            ("ftp://hooks.example/", "an address such as"),
            ("https://u:p@hooks.example/", "an address such as"),
            ("hooks.example", "an address such as"),
            ("https://hooks.example/#x", "an address such as"),
        ] {
            let told = load(Some(&urls(url)), &[]).expect_err(url);
            assert!(told.contains("aegis.toml:2: ") && told.contains(says), "{told}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_and_no_secret_is_shown() {
        let five = (0..5).map(|n| format!("\"https://{n}.example\"")).collect::<Vec<_>>().join(", ");
        for (file, says) in [
            ("[webhooks]\nurls = [\"https://a.example\"]\n".to_owned(), "nothing signs what they are told"),
            (format!("[webhooks]\nurls = [{five}]\nsecret = \"{SECRET}\"\n"), "at most 4 receivers"),
            ("[webhooks]\nevents = [\"decisions\"]\n".to_owned(), "did you mean \"decision\"?"),
            ("[webhooks]\nsecret = \"hunter2\"\n".to_owned(), "aegis.toml:2: is no secret for webhooks"),
            (urls("https://a.example\", \"https://a.example/"), "stands twice"),
        ] {
            let told = load(Some(&file), &[]).expect_err(&file);
            assert!(told.contains(says) && !told.contains("hunter2") && !told.contains(SECRET), "{told}");
        }
    }

    #[test]
    fn a_rotation_has_two_secrets_and_the_environment_is_stronger() {
        let old = "fedcba9876543210";
        let both = format!("{SECRET}\n{old}");
        let config = load(Some(&urls("https://a.example")), &[("AEGIS_WEBHOOK_SECRET", &both)]).expect("valid");
        let secrets: Vec<&str> = config.webhooks.secrets.iter().map(Secret::expose).collect();
        assert_eq!(secrets, [SECRET, old]);
        let named = load(None, &[("AEGIS_WEBHOOK_SECRET_FILE", "token.txt")]).expect("a word like any other");
        assert_eq!(named.webhooks.secrets.len(), 1);
        assert!(load(None, &[("AEGIS_WEBHOOK_SECRET_FILE", "none.txt")]).is_err());
    }
}
