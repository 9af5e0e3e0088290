//! The kinds and traits of links, as packs name them.
//!
//! Promises: a word names one kind or trait, and each has a word.

/// What a link is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// A page on the web.
    #[default]
    Web,
    /// A person, group or channel of Telegram by name: `t.me/name`. A name with `@` in a text is no link.
    Username,
    /// An invitation: `t.me/+code`, `t.me/joinchat/code`, `tg://join`, a shared folder.
    Invite,
    /// A bot that is started with a parameter: `t.me/bot?start=`.
    Bot,
    /// A message: `t.me/name/123`, `t.me/c/1/2`.
    Post,
    /// Anything else of Telegram's: `tg://` and `t.me` for stickers, proxies, settings.
    App,
    /// An address of mail.
    Mail,
    /// Another scheme.
    Other,
}

impl LinkKind {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::Web, Self::Username, Self::Invite, Self::Bot, Self::Post, Self::App, Self::Mail, Self::Other];

    /// The kind as written in a pack.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Username => "username",
            Self::Invite => "invite",
            Self::Bot => "bot",
            Self::Post => "post",
            Self::App => "app",
            Self::Mail => "mail",
            Self::Other => "other",
        }
    }

    /// The kind that [`LinkKind::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What is odd about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkTrait {
    /// The host makes short names for others.
    Shortener,
    /// The host is an address, in whatever way it is written: also `0x7f.1`, or one number.
    Ip,
    /// A name stands before the host, as in `https://bank.example@other.example`.
    UserInfo,
    /// The host has a label in punycode. Every honest name of another script has that too.
    Punycode,
    /// The host looks like a protected name and is not it.
    Homograph,
    /// The link came out of a redirect wrapper.
    Wrapped,
    /// Tracking parameters were removed.
    Tracked,
    /// The text that shows it names another domain.
    Masked,
    /// It is written to be overlooked: with signs nobody sees, `[.]`, ` dot `, `hxxp`.
    Split,
}

impl LinkTrait {
    /// Every trait.
    pub const ALL: [Self; 9] = [
        Self::Shortener,
        Self::Ip,
        Self::UserInfo,
        Self::Punycode,
        Self::Homograph,
        Self::Wrapped,
        Self::Tracked,
        Self::Masked,
        Self::Split,
    ];

    /// The trait as written in a pack.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Shortener => "shortener",
            Self::Ip => "ip",
            Self::UserInfo => "user_info",
            Self::Punycode => "punycode",
            Self::Homograph => "homograph",
            Self::Wrapped => "wrapped",
            Self::Tracked => "tracked",
            Self::Masked => "masked",
            Self::Split => "split",
        }
    }

    /// The trait that [`LinkTrait::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    const fn bit(self) -> u16 {
        match self {
            Self::Shortener => 1,
            Self::Ip => 1 << 1,
            Self::UserInfo => 1 << 2,
            Self::Punycode => 1 << 3,
            Self::Homograph => 1 << 4,
            Self::Wrapped => 1 << 5,
            Self::Tracked => 1 << 6,
            Self::Masked => 1 << 7,
            Self::Split => 1 << 8,
        }
    }
}

/// A set of traits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkTraits(u16);

impl LinkTraits {
    /// Whether a trait is in the set.
    #[must_use]
    pub const fn has(self, one: LinkTrait) -> bool {
        self.0 & one.bit() != 0
    }

    /// Puts a trait into the set.
    pub const fn insert(&mut self, one: LinkTrait) {
        self.0 |= one.bit();
    }

    /// Whether the set has no trait.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The traits of the set.
    pub fn iter(self) -> impl Iterator<Item = LinkTrait> {
        LinkTrait::ALL.into_iter().filter(move |one| self.has(*one))
    }
}
