//! TLS of the page: its certificate, and the handshake.
//!
//! Promises: a certificate is named by the settings, or made once and kept, its key for this user alone; an error names the
//! file and how to mend it; a handshake is bounded in bytes.
//!
//! Never: a certificate made in place of one that is damaged; a session remembered; a key in an error.

use crate::limits;
use crate::secret::Secret;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The names of a certificate of our own in the folder of the database, and of its key.
const OWN: (&str, &str) = ("page.crt", KEY_FILE);

/// The key of a certificate of our own, in the data folder.
pub const KEY_FILE: &str = "page.key";

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// Both are files, PEM.
    Files {
        /// The chain, ours first.
        cert: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// One of our own, kept in this folder, made when it is not there.
    Own {
        /// The folder.
        dir: PathBuf,
    },
}

/// A certificate and its key, ready for handshakes.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    fingerprint: String,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the certificate, or makes one of our own for the page at `listen`, also known as `hosts`.
    ///
    /// # Errors
    /// What is wrong with which file, and how to mend it.
    pub fn load(from: &Certificate, listen: IpAddr, hosts: &[String]) -> Result<Self, String> {
        match from {
            Certificate::Files { cert, key } => {
                Self::read(cert, key, "name others with web.cert_file and web.key_file")
            }
            Certificate::Own { dir } => {
                let (cert, key) = (dir.join(OWN.0), dir.join(OWN.1));
                let is_there = |path: &Path| {
                    path.try_exists().map_err(|error| format!("{} cannot be read: {error}", path.display()))
                };
                if !is_there(&cert)? || !is_there(&key)? {
                    make(&cert, &key, names(listen, hosts))?;
                    tracing::info!(file = %cert.display(), "a certificate for the page was made");
                }
                Self::read(&cert, &key, "remove both page.crt and page.key, and the next start makes new ones")
            }
        }
    }

    /// The SHA-256 of the certificate, as browsers show it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn read(cert: &Path, key: &Path, cure: &str) -> Result<Self, String> {
        let wrong = |path: &Path, what: &str| format!("{} {what}; {cure}", path.display());
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(pem(cert).map_err(|why| wrong(cert, &why))?.expose().as_bytes()).collect();
        let chain = chain.map_err(|_| wrong(cert, "is damaged: it is not PEM"))?;
        let first = chain.first().ok_or_else(|| wrong(cert, "has no certificate in it"))?;
        let digest: Vec<String> = Sha256::digest(first).iter().map(|byte| format!("{byte:02X}")).collect();
        let secret = pem(key).map_err(|why| wrong(key, &why))?;
        let secret = PrivateKeyDer::from_pem_slice(secret.expose().as_bytes())
            .map_err(|_| wrong(key, "is damaged: it has no private key as PEM in it"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), secret)
            .map_err(|error| wrong(cert, &format!("and {} do not serve together: {error}", key.display())))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A session remembered costs memory, and saves a client little.
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), fingerprint: digest.join(":") })
    }

    /// The handshake with a client.
    pub(super) async fn open(&self, stream: TcpStream) -> std::io::Result<TlsStream<Metered>> {
        let metered = Metered { stream, left: limits::WEB_HANDSHAKE_BYTES_MAX };
        let bound =
            |session: &mut rustls::ServerConnection| session.set_buffer_limit(Some(limits::WEB_LIVE_PIECE_BYTES));
        self.acceptor.accept_with(metered, bound).await
    }
}

/// The text of a PEM file. Kept as a secret, since it may be one.
fn pem(path: &Path) -> Result<Secret, String> {
    use std::io::Read;
    let unread = |error: std::io::Error| format!("cannot be read: {error}");
    let bound = u64::try_from(limits::WEB_PEM_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(unread)?.take(bound).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() == limits::WEB_PEM_BYTES_MAX {
        return Err(format!("is damaged: it is {} bytes or more", limits::WEB_PEM_BYTES_MAX));
    }
    String::from_utf8(bytes).map(Secret::new).map_err(|_| "is damaged: it is not PEM".to_owned())
}

/// The names of a certificate of our own.
fn names(listen: IpAddr, hosts: &[String]) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    if !listen.is_unspecified() {
        names.push(listen.to_string());
    }
    for host in hosts {
        let bare = match host.rsplit_once(':') {
            Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
            _ => host,
        };
        names.push(bare.trim_matches(['[', ']']).to_ascii_lowercase());
    }
    names.sort();
    names.dedup();
    names
}

/// Makes a certificate of our own. The key is written first: without its certificate it is made anew.
fn make(cert: &Path, key: &Path, names: Vec<String>) -> Result<(), String> {
    let cannot = |error: rcgen::Error| format!("no certificate can be made for the page: {error}");
    let mut params = rcgen::CertificateParams::new(names).map_err(cannot)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Aegis page");
    // A board without a clock may think it is 1970; browsers know better.
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2050, 1, 1);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(cannot)?;
    let made = params.self_signed(&pair).map_err(cannot)?;
    write(key, &pair.serialize_pem(), 0o600)?;
    write(cert, &made.pem(), 0o644)
}

/// Writes a file whole, or not at all.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    let beside = path.with_extension("new");
    let write = || {
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    write().map_err(|error| {
        format!(
            "{} cannot be written: {error}; make its folder writable, or name files with web.cert_file",
            path.display()
        )
    })
}

/// A connection of which only so much is read: what the library gathers of messages that never end is bounded by it.
#[derive(Debug)]
pub(super) struct Metered {
    stream: TcpStream,
    left: usize,
}

impl super::Wire for TlsStream<Metered> {
    fn may_send(&mut self, bytes: usize) {
        // Each record has a head and a seal, and the last read may have gone further than was asked for.
        self.get_mut().0.left = bytes + bytes / 8 + limits::WEB_RECORDS_EXTRA_BYTES;
    }

    fn raw(&mut self) -> &mut TcpStream {
        &mut self.get_mut().0.stream
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        if self.left == 0 {
            return Poll::Ready(Err(std::io::Error::other("the client says too much")));
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let taken = buf.filled().len().saturating_sub(before);
        self.left = self.left.saturating_sub(taken);
        read
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn own(dir: &Path) -> Result<Tls, String> {
        Tls::load(&Certificate::Own { dir: dir.to_owned() }, HERE, &["aegis.lan:8787".to_owned()])
    }

    #[test]
    fn a_certificate_of_our_own_is_made_once_and_its_key_is_for_this_user_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = own(dir.path()).expect("it is made");
        let again = own(dir.path()).expect("it is there");
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(first.fingerprint().len(), 32 * 3 - 1);
        let mode = std::fs::metadata(dir.path().join(OWN.1)).expect("the key is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_file(dir.path().join(OWN.0)).expect("the certificate was there");
        assert_ne!(own(dir.path()).expect("both are made anew").fingerprint(), first.fingerprint());
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_with_its_file_and_the_cure_and_without_the_key() {
        let dir = tempfile::tempdir().expect("a folder");
        own(dir.path()).expect("it is made");
        let (cert, key) = (dir.path().join(OWN.0), dir.path().join(OWN.1));
        let good = std::fs::read_to_string(&key).expect("the key is text");
        for (path, text, what) in [
            (&cert, "", "page.crt has no certificate in it; remove both"),
            (&key, "", "page.key is damaged"),
            (&key, &good.replace("BEGIN", "BE"), "page.key is damaged"),
            (&cert, "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "page.crt is damaged"),
            (&cert, "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n", "do not serve together"),
            (&cert, &"x".repeat(70_000), "page.crt is damaged: it is 65536 bytes or more"),
        ] {
            let before = std::fs::read(path).expect("it is there");
            std::fs::write(path, text).expect("it is ours");
            let told = own(dir.path()).expect_err(what);
            assert!(told.contains(what) && told.contains("page.crt and page.key"), "{what}: {told}");
            assert_eq!(std::fs::read(path).expect("it is there"), text.as_bytes(), "nothing was made in its place");
            std::fs::write(path, before).expect("it is ours");
        }
        let other = tempfile::tempdir().expect("a folder");
        own(other.path()).expect("it is made");
        let mixed = Certificate::Files { cert, key: other.path().join(OWN.1) };
        let told = Tls::load(&mixed, HERE, &[]).expect_err("the key is another's");
        assert!(told.contains("do not serve together") && told.contains("web.cert_file"), "{told}");
        let none = Certificate::Files { cert: dir.path().join("no.pem"), key: dir.path().join("no.key") };
        let told = Tls::load(&none, HERE, &[]).expect_err("there is none");
        assert!(told.contains("no.pem cannot be read"), "{told}");
    }

    #[test]
    fn the_names_of_a_certificate_are_those_the_page_goes_by() {
        let names = names(HERE, &["Aegis.lan:8787".to_owned(), "[fd00::1]:8787".to_owned(), "x.example".to_owned()]);
        assert_eq!(names, ["10.0.0.1", "127.0.0.1", "::1", "aegis.lan", "fd00::1", "localhost", "x.example"]);
    }
}
