//! What a call costs with a million records, beside a thousand.

use std::process::{Child, Command};
use std::time::Instant;

use login_store::{Record, SessionStore, Versioned};

use super::databases::is_there;
use super::tables::{InPostgres, InSqlite, Table};
use crate::loopback::median;

const FEW: i64 = 1_000;
const MANY: i64 = 1_000_000;
/// Calls of each method in each table, in each round.
const CALLS: i64 = 1_000;
const ROUNDS: usize = 5;
const CALLED: [&str; 5] = ["find", "update", "touch", "remove, insert", "of_user"];

/// Nanoseconds of each call, in the order of `CALLED`.
type Times = [Vec<f64>; CALLED.len()];

pub async fn print(body: &[u8]) {
    println!("## A million records beside a thousand\n");
    println!(
        "Microseconds of a call, medians of {} calls, in turn with a call in the other table.",
        CALLS * ROUNDS as i64
    );
    println!("Writes do not wait for the disk, because that would hide the difference. Other processes keep");
    println!("the processors busy at the lowest priority, so that a call does not wait for an idle one.\n");
    println!("| store | call | a thousand | a million | ratio |");
    println!("| --- | --- | --: | --: | --: |");
    let sqlite = measure::<InSqlite>("SQLite", body).await;
    let postgres = if is_there("PostgreSQL") { Some(measure::<InPostgres>("PostgreSQL", body).await) } else { None };
    println!(
        "\nA record with a body of {} bytes takes, with its part of all indexes of a million records:",
        body.len()
    );
    println!("{sqlite} bytes in SQLite{}.\n", postgres.map(|n| format!(", {n} in PostgreSQL")).unwrap_or_default());
}

/// Keeps a processor busy at the lowest priority, because to wake an idle one may take longer than a call.
struct Spinner(Child);

impl Spinner {
    fn start() -> Self {
        Self(Command::new("nice").args(["-n", "19", "sh", "-c", "while :; do :; done"]).spawn().expect("a shell"))
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        // An error means that the process has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Prints the rows of a database. Returns the bytes of a record.
async fn measure<T: Table>(database: &str, body: &[u8]) -> i64 {
    let tables = [T::filled(FEW, body).await, T::filled(MANY, body).await];
    let bytes = tables[1].bytes().await / MANY;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let _spinners: Vec<Spinner> = (0..cores).map(|_| Spinner::start()).collect();
    let mut times: [Times; 2] = Default::default();
    for _ in 0..ROUNDS {
        round(&tables, &mut times).await;
    }
    let [few, many] = times.map(|times| times.map(median));
    for ((called, few), many) in CALLED.iter().zip(few).zip(many) {
        println!("| {database} | {called} | {:.0} | {:.0} | {:.2} |", few / 1e3, many / 1e3, many / few);
    }
    bytes
}

/// Calls every method with the same records, one table after the other.
async fn round<T: Table>(tables: &[T; 2], times: &mut [Times; 2]) {
    let mut samples = [tables[0].sample(CALLS).await, tables[1].sample(CALLS).await];
    for (call, called) in CALLED.iter().enumerate() {
        let [few, many] = &mut samples;
        for (few, many) in few.iter_mut().zip(many) {
            for (at, record) in [few, many].into_iter().enumerate() {
                let start = Instant::now();
                play(tables[at].store(), called, record).await;
                times[at][call].push(start.elapsed().as_nanos() as f64);
            }
        }
    }
}

/// Makes one of the calls in `CALLED`.
async fn play(store: &impl SessionStore, called: &str, record: &mut Record) {
    match called {
        "find" => assert!(store.find(record.id).await.is_ok_and(|found| found.is_some())),
        "update" => {
            assert!(store.update(record).await.is_ok_and(|updated| updated == Versioned::Done));
            record.version += 1;
        }
        "touch" => {
            record.seen += 60_000;
            record.ends += 60_000;
            assert!(store.touch(record.id, record.seen, record.ends).await.is_ok());
        }
        "of_user" => assert!(store.of_user(&record.user_id).await.is_ok_and(|found| found.len() == 2)),
        _ => {
            assert!(store.remove(record.id).await.is_ok_and(|removed| removed));
            assert!(store.insert(record).await.is_ok());
        }
    }
}
