//! Records the log, and searches texts for secrets.

use std::fmt::Write as _;
use std::sync::{Mutex, Once, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static LOGGED: Mutex<String> = Mutex::new(String::new());

/// Records every line of `tracing` and `log`, at all levels.
struct Recorder;

/// Installs the recorder for the whole process.
pub(crate) fn install_recorder() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(Recorder).unwrap();
        log::set_logger(&Recorder).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

pub(crate) fn logged() -> String {
    LOGGED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn record_line(line: &str) {
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    logged.push_str(line);
    logged.push('\n');
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(span.metadata().name().to_owned());
        span.record(&mut fields);
        record_line(&fields.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        record_line(&fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(event.metadata().target().to_owned());
        event.record(&mut fields);
        record_line(&fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl log::Log for Recorder {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        record_line(&format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// The length of a part of a secret that no text contains by chance.
const WINDOW: usize = 12;

/// Secrets, in all encodings in which a text could contain them.
#[derive(Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Adds every part of a secret: as text, hex, Base64 and as a list of numbers. The parts begin
    /// at every offset, which covers every alignment of Base64.
    pub(crate) fn add(&mut self, secret: &str) {
        assert!(secret.len() >= WINDOW, "{secret}");
        for bytes in secret.as_bytes().windows(WINDOW) {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let numbers = format!("{bytes:?}");
            self.0.extend([
                String::from_utf8_lossy(bytes).into_owned(),
                hex.to_uppercase(),
                hex,
                STANDARD_NO_PAD.encode(bytes),
                URL_SAFE_NO_PAD.encode(bytes),
                numbers.trim_matches(['[', ']']).to_owned(),
            ]);
        }
    }

    pub(crate) fn finds(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(secret.as_str()))
    }

    pub(crate) fn assert_not_in(&self, text: &str) {
        assert!(!self.finds(text), "a text contains a secret: {text}");
    }
}

#[test]
fn secrets_are_found_in_every_encoding() {
    let mut secrets = Secrets::default();
    secrets.add("a secret of some length");
    let whole = "x: a secret of some length";
    for text in [
        whole.to_owned(),
        whole[6..20].to_owned(),
        STANDARD_NO_PAD.encode(whole),
        STANDARD_NO_PAD.encode(&whole[1..]),
        URL_SAFE_NO_PAD.encode(&whole[2..]),
        whole.bytes().map(|byte| format!("{byte:02X}")).collect(),
        format!("{:?}", whole.as_bytes()),
    ] {
        assert!(secrets.finds(&text), "{text}");
    }
    assert!(!secrets.finds("a secret or no length"));
}
