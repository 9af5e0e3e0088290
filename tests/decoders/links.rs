//! The body for the module `links`: any texts, in every kind of place.

use super::bodies::{check::check_span, spread, texts};
use aegis::limits;
use aegis::links::{LinkLists, Links, find};

/// Links of any text have bounds, and places of whole characters.
pub fn links(bytes: &[u8]) {
    let message = spread(&texts(bytes));
    let mut found = Links::default();
    find(&message, LinkLists::shipped(), &mut found);
    assert!(found.iter().count() <= limits::LINKS_MAX);
    for link in found.iter() {
        check_span(&message, &link.span).unwrap_or_else(|what| panic!("{what} in {message:?}"));
        assert!(link.canonical.len() <= limits::LINK_BYTES_MAX, "{}", link.canonical);
        assert!(link.host.is_ascii() && link.host == link.host.to_ascii_lowercase(), "{}", link.host);
    }
}
