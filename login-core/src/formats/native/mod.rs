//! The library's own cookie formats.
//!
//! A cookie is the unpadded URL-safe Base64 of `version, key hint, fields, MAC`. The MAC
//! is an HMAC-SHA-256 of everything before it. Its key is derived from the secret key by
//! HKDF for this version, purpose and cookie name, so the value of one cookie is never
//! valid in another. Every field has a fixed size, or its length before it, or is the last
//! field, so that different contents always have different bytes. Numbers are big-endian.
//! Times are seconds since 1970.
//!
//! | session | bytes |
//! | --- | --- |
//! | version (1) | 1 |
//! | key hint | 3 |
//! | flags | 1 |
//! | signed at | 8 |
//! | with a login: its ID, when it was made, time of the credentials (0: unknown), length of the user ID, user ID | 16 + 8 + 8 + 2 + n |
//! | if bound to a client: digest of the client | 16 |
//! | if the user has an auth hash: digest of the auth hash | 16 |
//! | application data, a JSON object; absent if empty | the rest |
//! | MAC | 32 |
//!
//! A remember cookie is `version (1), key hint (3), flags (1), login made at (8), issued at (8),
//! ends at (8), [digest of the auth hash (16)], user ID (the rest), MAC (32)`.
//!
//! With a session store, both cookies of a login are `version (2), key hint (3), ID of the login
//! (16), generation (4), secret (32), MAC (32)`.
//!
//! The digests of client and auth hash are a key hint (3 bytes) and the first 13 bytes of
//! a SipHash-2-4 with 128 bits of output, under keys of their own. The hint says which key
//! made the digest. The digests stand in a cookie that the MAC protects, so no one can
//! choose them; they must only be impossible to guess.

pub(crate) mod envelope;
pub(crate) mod keys;
pub(crate) mod remember;
pub(crate) mod session;
pub(crate) mod token;
