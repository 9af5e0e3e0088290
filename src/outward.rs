//! What every HTTP client of ours has in common, and how a fault of the network is told. Adapters that call others begin here.
//!
//! Promises: a redirect is never followed, and no proxy of the environment used; names are looked up one at a time; a fault is told
//! without the address, which may hold a secret or name somebody.
//!
//! Never: a call, a deadline, a header. Those are the caller's.

use std::net::ToSocketAddrs;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Looks up one name at a time: a lookup cannot be ended, and one that hangs must not take all threads for such work.
struct OneLookup(Arc<Semaphore>);

impl reqwest::dns::Resolve for OneLookup {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let turn = Arc::clone(&self.0);
        Box::pin(async move {
            let turn = turn.acquire_owned().await?;
            let look = tokio::task::spawn_blocking(move || {
                let _until_the_end = turn;
                (name.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>)
            });
            let found: reqwest::dns::Addrs = Box::new(look.await??.into_iter());
            Ok(found)
        })
    }
}

/// The beginning of a client: to be given what is its own, and built.
pub fn client() -> reqwest::ClientBuilder {
    // One provider, named: were a second one ever linked in, rustls would refuse to choose.
    let _already_named = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(OneLookup(Arc::new(Semaphore::new(1)))))
}

/// The words of a fault and of what it comes from, without the address.
#[must_use]
pub fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = String::new();
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(one) = cause {
        if !words.is_empty() {
            words.push_str(": ");
        }
        words.push_str(&one.to_string());
        cause = one.source();
    }
    words
}
