//! Signed calls: a program with a key asks what the API can do, wrapped in one body that its signature is about.
//!
//! Promises: nothing of the body is read before the signature is good; what is asked goes through the same table as any other
//! question, as the key's caller, and its answer comes back wrapped as well.
//!
//! Never: a question to what is open to everybody, a session, or another signed call in it; a file.

use super::{Call, Content, Door, Question, Reply, answer, route};
use crate::web::desk::{Refused, Told};
use crate::web::people::Visitor;
use serde::Deserialize;
use serde_json::Value;

/// What is asked.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    method: String,
    path: String,
    body: Option<Value>,
}

/// Lets the key's caller ask.
pub(super) fn call(call: &Call<'_>) -> Told<Reply> {
    let Call { house, question, .. } = call;
    let caller = house.desk.admit(question.authorization, question.body)?;
    let given: Given = call.body()?;
    let (path, query) = given.path.split_once('?').unwrap_or((&given.path, ""));
    let is_taken = route(&given.method, path).is_ok_and(|(route, _)| matches!(route.door, Door::From(_)));
    if !is_taken {
        return Err(Refused::field(
            "path",
            "a method and a path below /api/v1 that a role is needed for, such as /status",
        ));
    }
    let path = format!("/api/v1{path}");
    let body = given.body.as_ref().map(Value::to_string).unwrap_or_default();
    let inner = Question {
        method: &given.method,
        path: &path,
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        body: body.as_bytes(),
        client: question.client,
        authorization: "",
        key: None,
    };
    let visitor = Visitor { caller, session: None, csrf: String::new() };
    let reply = answer(*house, &inner, Some(&visitor));
    let told = match reply.content {
        Content::Json(text) => text,
        Content::Nothing => "null".to_owned(),
        Content::File(..) => return Err(Refused::field("path", "files are not sent this way; take a token")),
    };
    Ok(Reply::new(200, Content::Json(format!("{{\"status\":{},\"body\":{told}}}", reply.status))))
}
