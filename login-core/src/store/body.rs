//! The body of a record, in bytes.

use crate::formats::native::envelope::Fields;
use crate::session::content::{Binding, Session};
use crate::session::json::Object;
use crate::store::rotation::Rotation;

const VERSION: u8 = 1;

const FRESH: u8 = 1;
const PERMANENT: u8 = 2;
const BOUND: u8 = 4;
const AUTH: u8 = 8;
const REMEMBERED: u8 = 16;
const ADDRESS: u8 = 32;
const USER_AGENT: u8 = 64;

const PREVIOUS: u8 = 1;
const PRESENTED: u8 = 2;

/// The body of a record. Times are in seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Body {
    /// The login, without ID and user, and the application's data.
    pub(crate) session: Session,
    /// The secret of the session cookie.
    pub(crate) secret: Rotation,
    pub(crate) remember: Option<Remember>,
    pub(crate) client: Client,
}

/// The client that a login belongs to, for people to recognize it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
}

/// The remember cookie of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remember {
    pub(crate) secret: Rotation,
    pub(crate) ends_at: u64,
    /// The duration that it was issued for, in seconds.
    pub(crate) duration: u64,
}

impl Body {
    pub(crate) fn write(&self) -> Vec<u8> {
        let session = &self.session;
        let binding = match &session.binding {
            Some(Binding::Keyed(client)) => Some(client),
            Some(Binding::Hex(_)) | None => None,
        };
        let flag = |flag: u8, set: bool| if set { flag } else { 0 };
        let mut bytes = vec![
            VERSION,
            flag(FRESH, session.fresh == Some(true))
                | flag(PERMANENT, session.is_permanent())
                | flag(BOUND, binding.is_some())
                | flag(AUTH, session.auth.is_some())
                | flag(REMEMBERED, self.remember.is_some())
                | flag(ADDRESS, self.client.address.is_some())
                | flag(USER_AGENT, self.client.user_agent.is_some()),
        ];
        bytes.extend_from_slice(&session.began_at.unwrap_or_default().to_be_bytes());
        bytes.extend_from_slice(&session.login_at.unwrap_or_default().to_be_bytes());
        bytes.extend_from_slice(&session.written_at.unwrap_or_default().to_be_bytes());
        binding.iter().for_each(|client| bytes.extend_from_slice(*client));
        session.auth.iter().for_each(|auth| bytes.extend_from_slice(auth));
        write_rotation(&mut bytes, &self.secret);
        if let Some(remember) = &self.remember {
            write_rotation(&mut bytes, &remember.secret);
            bytes.extend_from_slice(&remember.ends_at.to_be_bytes());
            bytes.extend_from_slice(&remember.duration.to_be_bytes());
        }
        for text in [&self.client.address, &self.client.user_agent].into_iter().flatten() {
            bytes.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        if !session.data.is_empty() {
            bytes.extend_from_slice(session.data.to_text().as_bytes());
        }
        bytes
    }

    /// `None` if these are not the bytes of a body.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        let [VERSION, flags] = fields.take()? else { return None };
        let has = |flag: u8| flags & flag != 0;
        let mut session = Session { began_at: Some(fields.number()?), ..Session::default() };
        session.login_at = Some(fields.number()?).filter(|at| *at != 0);
        session.written_at = Some(fields.number()?);
        session.fresh = Some(has(FRESH));
        session.permanent = has(PERMANENT).then_some(true);
        if has(BOUND) {
            session.binding = Some(Binding::Keyed(fields.take()?));
        }
        if has(AUTH) {
            session.auth = Some(fields.take()?);
        }
        let secret = read_rotation(&mut fields)?;
        let remember = if has(REMEMBERED) {
            let secret = read_rotation(&mut fields)?;
            Some(Remember { secret, ends_at: fields.number()?, duration: fields.number()? })
        } else {
            None
        };
        let address = if has(ADDRESS) { Some(fields.text()?.to_owned()) } else { None };
        let user_agent = if has(USER_AGENT) { Some(fields.text()?.to_owned()) } else { None };
        let data = fields.rest()?;
        if !data.is_empty() {
            session.data = Object::parse(data)?;
        }
        Some(Self { session, secret, remember, client: Client { address, user_agent } })
    }
}

fn write_rotation(bytes: &mut Vec<u8>, rotation: &Rotation) {
    let previous = if rotation.previous.is_some() { PREVIOUS } else { 0 };
    bytes.push(previous | if rotation.presented_at.is_some() { PRESENTED } else { 0 });
    bytes.extend_from_slice(&rotation.generation.to_be_bytes());
    bytes.extend_from_slice(&rotation.current);
    rotation.previous.iter().for_each(|hash| bytes.extend_from_slice(hash));
    bytes.extend_from_slice(&rotation.rotated_at.to_be_bytes());
    rotation.presented_at.iter().for_each(|at| bytes.extend_from_slice(&at.to_be_bytes()));
}

fn read_rotation(fields: &mut Fields<'_>) -> Option<Rotation> {
    let [flags] = fields.take()?;
    let generation = u32::from_be_bytes(fields.take()?);
    let current = fields.take()?;
    let previous = if flags & PREVIOUS != 0 { Some(fields.take()?) } else { None };
    let rotated_at = fields.number()?;
    let presented_at = if flags & PRESENTED != 0 { Some(fields.number()?) } else { None };
    Some(Rotation { generation, current, previous, rotated_at, presented_at })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn rotation(byte: u8) -> Rotation {
        Rotation { generation: 3, current: [byte; 32], previous: None, rotated_at: 7, presented_at: None }
    }

    pub(crate) fn bare() -> Body {
        let session = Session { began_at: Some(5), written_at: Some(6), fresh: Some(false), ..Session::default() };
        Body { session, secret: rotation(1), remember: None, client: Client::default() }
    }

    fn full() -> Body {
        let mut session = Session {
            began_at: Some(5),
            login_at: Some(6),
            written_at: Some(7),
            fresh: Some(true),
            permanent: Some(true),
            binding: Some(Binding::Keyed([7; 16])),
            auth: Some([8; 16]),
            ..Session::default()
        };
        session.data.set("colour", "\"red\"");
        let secret = Rotation { previous: Some([9; 32]), presented_at: Some(8), ..rotation(2) };
        let remember = Remember { secret: secret.clone(), ends_at: 100, duration: 50 };
        Body {
            session,
            secret,
            remember: Some(remember),
            client: Client { address: Some("::1".to_owned()), user_agent: Some("佐藤".to_owned()) },
        }
    }

    #[test]
    fn a_written_body_is_read_again() {
        for body in [bare(), full()] {
            assert_eq!(Body::read(&body.write()), Some(body));
        }
    }

    #[test]
    fn what_is_no_body_is_not_read() {
        let whole = full().write();
        let without_data = Body { session: Session { data: Object::default(), ..full().session }, ..full() }.write();
        for size in (0..whole.len()).filter(|size| *size != without_data.len()) {
            assert_eq!(Body::read(&whole[..size]), None, "{size}");
        }
        assert_eq!(Body::read(&[&[2], &whole[1..]].concat()), None, "another version");
    }
}
