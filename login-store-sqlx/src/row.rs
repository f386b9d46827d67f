//! A record as a row of the table.

use login_store::{Record, SessionId};

use crate::error::Error;

/// The columns in the order in which the statements select them.
pub(crate) type Row = (Vec<u8>, Vec<u8>, i64, i64, i64, i64, Vec<u8>);

/// Fails if another program has written to the table.
pub(crate) fn record(row: Row) -> Result<Record, Error> {
    let (id, user_id, version, created, seen, ends, body) = row;
    let id = id.try_into().map_err(|_| Error::Failed("a row has an ID that is not 16 bytes long".to_owned()))?;
    let unsigned =
        |value: i64| u64::try_from(value).map_err(|_| Error::Failed("a row has a negative time or version".to_owned()));
    Ok(Record {
        id: SessionId::from_bytes(id),
        user_id,
        version: unsigned(version)?,
        created: unsigned(created)?,
        seen: unsigned(seen)?,
        ends: unsigned(ends)?,
        body,
    })
}

/// A time, version or limit as a column has it. A greater one than `i64::MAX` counts as that.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_no_record_is_an_error() {
        let row = |id, [version, created, seen, ends]: [i64; 4]| {
            record((vec![1; id], vec![2], version, created, seen, ends, vec![7])).is_ok()
        };
        assert!(row(16, [0; 4]) && row(16, [i64::MAX; 4]));
        assert!(!row(0, [0; 4]) && !row(15, [0; 4]) && !row(17, [0; 4]));
        for column in 0..4 {
            assert!(!row(16, std::array::from_fn(|at| if at == column { -1 } else { 0 })));
        }
    }
}
