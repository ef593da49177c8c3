//! A desk, where people leave notes, staff look through them, organizations have work done, and programs bring cards. Beside it, a service
//! that decides who may call, as the one that owns people will.

use platform::Service;
use platform::access::{ACCESS, Gate, KeyEntry, KeySecret, Membership, Role, Scope, SessionId, StaffRole};
use platform::prelude::*;
use platform::resource::Table;
use platform::store::Range;
use serde_json::{Value, json};
use shared::hash;
use shared::id::{Operation, OrganizationId};

pub static NOTES: Table = Table { name: "notes", doc: "", indexes: &[] };
pub static SUPPORT: StaffRole = StaffRole::new("support", "They look through notes.");
pub static READ_CARDS: Scope = Scope::new("cards:read", "Reading cards.");
pub static WRITE_CARDS: Scope = Scope::new("cards:write", "Bringing cards.");

pub static DESK: Service = Service::new(
    "desk",
    "",
    &[&NOTES],
    &[&HOURS, &COUNT_NOTES, &SEE_NOTHING, &LEAVE_NOTE, &REVIEW, &GET_PLAN, &DO_WORK, &LIST_WORK, &LIST_CARDS, &BRING_CARD],
);
pub static ADMIN: Service = Service::new("admin", "", &[], &[&CHANGE_ACCESS]);

static HOURS: Function = Function::get("get-hours", "/v1/hours").public().costs(calls(0), wru(0)).handled_by(http!(nothing));
static COUNT_NOTES: Function =
    Function::get("count-notes", "/v1/notes").may(&NOTES, &[Query]).costs(calls(1), wru(0)).handled_by(http!(count_notes));
/// A handler that reads nothing: its reply waits for the check alone.
static SEE_NOTHING: Function = Function::get("see-nothing", "/v1/nothing").costs(calls(0), wru(0)).handled_by(http!(nothing));
static LEAVE_NOTE: Function = Function::post("leave-note", "/v1/notes")
    .may(&NOTES, &[Query, PutItem])
    .costs(calls(2), wru(1))
    .handled_by(http!(leave_note));
static REVIEW: Function =
    Function::get("review-notes", "/v1/review").staff(&SUPPORT).costs(calls(0), wru(0)).handled_by(http!(review));
static GET_PLAN: Function = Function::get("get-plan", "/v1/organizations/{organization}/plan")
    .members(&[Role::Owner, Role::Billing])
    .costs(calls(0), wru(0))
    .handled_by(http!(get_plan));
static DO_WORK: Function = Function::post("do-work", "/v1/organizations/{organization}/work/{work}")
    .members(Role::WORKERS)
    .may(&NOTES, &[PutItem])
    .costs(calls(1), wru(1))
    .handled_by(http!(do_work));
static LIST_WORK: Function = Function::get("list-work", "/v1/organizations/{organization}/work")
    .members(Role::ALL)
    .costs(calls(0), wru(0))
    .handled_by(http!(list_work));
static LIST_CARDS: Function = Function::get("list-cards", "/v1/cards")
    .api_key(&READ_CARDS)
    .may(&NOTES, &[Query])
    .costs(calls(1), wru(0))
    .handled_by(http!(list_cards));
static BRING_CARD: Function = Function::post("bring-card", "/v1/cards")
    .api_key(&WRITE_CARDS)
    .may(&NOTES, &[PutItem])
    .costs(calls(1), wru(1))
    .handled_by(http!(bring_card));
static CHANGE_ACCESS: Function =
    Function::put("change-access", "/v1/access").public().may(&ACCESS, &[GetItem, PutItem]).handled_by(http!(change_access));

/// What is left, done or brought.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Note {
    minutes: u32,
}

refusals! {
    /// Why something is not taken.
    enum NoteRefusal {
        TooLong = 422 "too_long", "It takes more than a day", retryable: false, next: "Split it.";
    }
}

const MINUTES_MAX: u32 = 24 * 60;

/// Something that is said.
#[derive(Debug, Serialize, JsonSchema)]
struct Said {
    text: String,
}

fn said(text: &(impl ToString + ?Sized)) -> Json<Said> {
    Json(Said { text: text.to_string() })
}

async fn nothing(_context: &Context) -> Result<NoContent, Problem> {
    Ok(NoContent)
}

/// How many notes somebody has.
async fn count(context: &Context, owner: &str) -> Result<usize, Problem> {
    Ok(context.table(&NOTES).all(&Range::all(owner)).await?.len())
}

async fn count_notes(context: &Context, user: UserId) -> Result<Json<Said>, Problem> {
    Ok(said(&count(context, user.as_str()).await?))
}

async fn put(
    context: &Context,
    owner: &str,
    operation: Operation<'_>,
    request: &hash::Hash,
    note: &Note,
) -> Result<Done<Created<Note>>, Refused<NoteRefusal>> {
    if note.minutes > MINUTES_MAX {
        return Err(NoteRefusal::TooLong.at("/minutes", format!("must be at most {MINUTES_MAX}")));
    }
    let id = hash::text(&hash::of_parts(&operation.parts()));
    let done = context.once(&NOTES, Record::of(Key::new(owner, id), note), request).put().await?;
    Ok(done.read()?.map(Created))
}

async fn leave_note(
    context: &Context,
    intent: Intent,
    Body(note): Body<Note>,
) -> Result<Done<Created<Note>>, Refused<NoteRefusal>> {
    let owner = intent.user.as_str();
    count(context, owner).await?;
    put(context, owner, intent.operation(&LEAVE_NOTE, ""), &intent.request, &note).await
}

async fn review(_context: &Context, staff: Staff) -> Result<Json<Said>, Problem> {
    Ok(said(&staff.user))
}

async fn get_plan(_context: &Context, member: Member) -> Result<Json<Said>, Problem> {
    Ok(said(&format!("{} {}", member.organization, member.role.as_str())))
}

async fn do_work(
    context: &Context,
    intent: Intent,
    Path(work): Path<String>,
    member: Member,
    Body(note): Body<Note>,
) -> Result<Done<Created<Note>>, Refused<NoteRefusal>> {
    let resource = format!("{}/{work}", member.organization);
    put(context, member.organization.as_str(), intent.operation(&DO_WORK, &resource), &intent.request, &note).await
}

/// Its cursor goes on with the list of this member in this organization alone.
async fn list_work(_context: &Context, _member: Member, paging: Paging) -> Result<Json<Said>, Problem> {
    let list = paging.list(&LIST_WORK, &[]);
    list.position(1)?;
    Ok(said(&list.cursor(vec!["next".into()])))
}

async fn list_cards(context: &Context, key: ApiKey) -> Result<Json<Said>, Problem> {
    Ok(said(&count(context, key.organization.as_str()).await?))
}

async fn bring_card(
    context: &Context,
    intent: KeyIntent,
    Body(note): Body<Note>,
) -> Result<Done<Created<Note>>, Refused<NoteRefusal>> {
    let owner = intent.caller.organization.as_str();
    put(context, owner, intent.operation(&BRING_CARD, ""), &intent.request, &note).await
}

/// A change of who may call.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AccessChange {
    Suspend { user: UserId, suspended: bool },
    Revoke { user: UserId, session: String },
    RevokeAll { user: UserId, at: i64 },
    Role { organization: OrganizationId, user: UserId, role: String },
    Issue { organization: OrganizationId, random: u8, scopes: Vec<String>, expires_at: Option<i64> },
    RevokeKey { revoked_random: u8 },
}

async fn change_access(context: &Context, Body(body): Body<Value>) -> Result<NoContent, Problem> {
    let change: AccessChange = serde_json::from_value(body).map_err(Problem::internal)?;
    match change {
        AccessChange::Suspend { user, suspended } => drop(Gate::change(context, &user, |gate| gate.suspended(suspended)).await?),
        AccessChange::Revoke { user, session } => {
            let session: SessionId = session.parse().map_err(Problem::internal)?;
            Gate::change(context, &user, |gate| gate.revoking(session.clone(), context.now())).await?;
        }
        AccessChange::RevokeAll { user, at } => {
            let at = Timestamp::from_second(at).map_err(Problem::internal)?;
            Gate::change(context, &user, |gate| gate.revoking_all(at)).await?;
        }
        AccessChange::Role { organization, user, role } => {
            let role = serde_json::from_value(if role.is_empty() { Value::Null } else { json!(role) });
            Membership::set(context, &organization, &user, role.map_err(Problem::internal)?).await?;
        }
        AccessChange::Issue { organization, random, scopes, expires_at } => {
            let entry = KeyEntry { organization, scopes, expires_at, revoked: false };
            write(context, vec![KeyEntry::issue(&secret(random), &entry)]).await.map_err(Problem::internal)?;
        }
        AccessChange::RevokeKey { revoked_random } => KeyEntry::revoke(context, &secret(revoked_random).hash()).await?,
    }
    Ok(NoContent)
}

/// The API key of 32 bytes `random`.
pub fn secret(random: u8) -> KeySecret {
    KeySecret::of_random(&[random; 32])
}
