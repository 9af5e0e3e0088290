//! The table of all routes: what is asked, by whom, and what it takes. The server is built from it, and so are the tests
//! that cross every route with every role.
//!
//! Promises: a route that is not in the table is not answered; one that is in it passes the gate its door names.
//!
//! Never: a route with a check of its own.

use crate::db::people::Need;

/// By which door a route is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Anybody.
    Open,
    /// A request signed by a board.
    Board,
    /// The bearer of a token.
    Person(Need),
    /// The page: a log-in's cookie, else the way to the log-in.
    Page(Need),
}

/// What a route is called; the `operationId` of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // The table below says what each is.
pub enum Name {
    Alive,
    Document,
    Enrol,
    Wishes,
    Pack,
    PackSignature,
    Push,
    State,
    Rows,
    Me,
    Fleet,
    Board,
    RevokeBoard,
    SetSources,
    BindBoard,
    MakeCode,
    Tenants,
    MakeTenant,
    SetText,
    Budgets,
    SetBudget,
    Usage,
    Decisions,
    Flags,
    SetFlag,
    SetTenantFlag,
    DropFlag,
    DropTenantFlag,
    Packs,
    UploadPack,
    StagePack,
    BackPack,
    Audit,
    Tokens,
    GiveToken,
    RevokeToken,
    Style,
    LoginPage,
    Login,
    Logout,
    FleetPage,
    BudgetsPage,
    UsagePage,
    PacksPage,
}

/// One route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, with names in braces.
    pub path: &'static str,
    /// What it is called.
    pub name: Name,
    /// By which door.
    pub door: Door,
    /// The status of a good answer.
    pub status: u16,
}

const fn route(method: &'static str, path: &'static str, name: Name, door: Door, status: u16) -> Route {
    Route { method, path, name, door, status }
}

const READ: Door = Door::Person(Need::Read);
const CHANGE: Door = Door::Person(Need::Change);
const OWN: Door = Door::Person(Need::Own);

/// All routes.
pub const ROUTES: [Route; 44] = [
    route("GET", "/v1/health", Name::Alive, Door::Open, 200),
    route("GET", "/v1/openapi.json", Name::Document, Door::Open, 200),
    route("POST", "/v1/enrol", Name::Enrol, Door::Open, 201),
    route("GET", "/v1/board/wishes", Name::Wishes, Door::Board, 200),
    route("GET", "/v1/board/packs/{name}/{version}", Name::Pack, Door::Board, 200),
    route("GET", "/v1/board/packs/{name}/{version}/signature", Name::PackSignature, Door::Board, 200),
    route("POST", "/v1/board/push", Name::Push, Door::Board, 200),
    route("GET", "/v1/board/state", Name::State, Door::Board, 200),
    route("GET", "/v1/board/rows", Name::Rows, Door::Board, 200),
    route("GET", "/v1/me", Name::Me, READ, 200),
    route("GET", "/v1/fleet", Name::Fleet, READ, 200),
    route("GET", "/v1/boards/{board}", Name::Board, READ, 200),
    route("POST", "/v1/boards/{board}/revoke", Name::RevokeBoard, OWN, 204),
    route("PUT", "/v1/boards/{board}/sources", Name::SetSources, OWN, 204),
    route("PUT", "/v1/boards/{board}/tenants", Name::BindBoard, OWN, 204),
    route("POST", "/v1/codes", Name::MakeCode, OWN, 201),
    route("GET", "/v1/tenants", Name::Tenants, READ, 200),
    route("POST", "/v1/tenants", Name::MakeTenant, OWN, 201),
    route("PUT", "/v1/tenants/{tenant}/text", Name::SetText, CHANGE, 204),
    route("GET", "/v1/tenants/{tenant}/budgets", Name::Budgets, READ, 200),
    route("PUT", "/v1/tenants/{tenant}/budgets", Name::SetBudget, CHANGE, 200),
    route("GET", "/v1/tenants/{tenant}/usage", Name::Usage, READ, 200),
    route("GET", "/v1/tenants/{tenant}/decisions", Name::Decisions, READ, 200),
    route("PUT", "/v1/tenants/{tenant}/flags/{flag}", Name::SetTenantFlag, CHANGE, 204),
    route("DELETE", "/v1/tenants/{tenant}/flags/{flag}", Name::DropTenantFlag, CHANGE, 204),
    route("GET", "/v1/flags", Name::Flags, READ, 200),
    route("PUT", "/v1/flags/{flag}", Name::SetFlag, OWN, 204),
    route("DELETE", "/v1/flags/{flag}", Name::DropFlag, OWN, 204),
    route("GET", "/v1/packs", Name::Packs, Door::Person(Need::Fleet), 200),
    route("POST", "/v1/packs", Name::UploadPack, OWN, 201),
    route("POST", "/v1/packs/{pack}/stage", Name::StagePack, OWN, 204),
    route("POST", "/v1/packs/{pack}/back", Name::BackPack, OWN, 200),
    route("GET", "/v1/audit", Name::Audit, Door::Person(Need::Audit), 200),
    route("GET", "/v1/tokens", Name::Tokens, OWN, 200),
    route("POST", "/v1/tokens", Name::GiveToken, OWN, 201),
    route("POST", "/v1/tokens/{token}/revoke", Name::RevokeToken, OWN, 204),
    route("GET", "/style.css", Name::Style, Door::Open, 200),
    route("GET", "/login", Name::LoginPage, Door::Open, 200),
    route("POST", "/login", Name::Login, Door::Open, 303),
    route("POST", "/logout", Name::Logout, Door::Open, 303),
    route("GET", "/", Name::FleetPage, Door::Page(Need::Read), 200),
    route("GET", "/budgets", Name::BudgetsPage, Door::Page(Need::Read), 200),
    route("GET", "/usage", Name::UsagePage, Door::Page(Need::Read), 200),
    route("GET", "/packs", Name::PacksPage, Door::Page(Need::Fleet), 200),
];
