//! The store itself. It is a macro, because the types of sqlx that differ between databases would need
//! more bounds than the store has code.

macro_rules! store {
    ($(#[$doc:meta])* $Store:ident, $Pool:ty, $sql:expr) => {
        use std::fmt;
        use std::sync::Arc;

        use login_store::{Record, SessionId, SessionStore, Versioned};

        use crate::error::Error;
        use crate::row::{record, signed};

        $(#[$doc])*
        ///
        /// A clone is cheap and uses the same pool.
        #[derive(Clone)]
        pub struct $Store {
            pub(crate) pool: $Pool,
            pub(crate) sql: Arc<Sql<String>>,
        }

        impl $Store {
            /// A store in the table `login_sessions`, which uses the application's pool.
            ///
            /// It sends nothing to the database. If the table is missing, every method returns
            /// [`Error::TableMissing`].
            #[must_use]
            pub fn new(pool: $Pool) -> Self {
                Self { pool, sql: $sql.for_default_table().into() }
            }

            /// The same store in another table.
            ///
            /// The name is part of the program or of its configuration, and never comes from a client.
            ///
            /// # Errors
            ///
            /// [`Error::InvalidTableName`] if the name does not have 1 to 50 ASCII letters, digits and
            /// underscores.
            pub fn with_table(self, table: &str) -> Result<Self, Error> {
                Ok(Self { sql: $sql.for_table(table)?.into(), ..self })
            }

            /// Creates the table and its indexes, if they are not there. Several processes may do so at
            /// the same time.
            ///
            /// It needs the right to create a table, also if there is one. An application that has
            /// migrations copies the statements above instead.
            ///
            /// # Errors
            ///
            /// When the database fails or refuses it.
            pub async fn create_table(&self) -> Result<(), Error> {
                self.retry(|| sqlx::raw_sql(&self.sql.create_table).execute(&self.pool)).await?;
                Ok(())
            }

            async fn retry<T, F>(&self, run: impl Fn() -> F) -> Result<T, Error>
            where
                F: Future<Output = Result<T, sqlx::Error>>,
            {
                crate::retry::retry(self.sql.meaning, run).await
            }

            /// What became of a change of one version that has changed so many rows. The statement is
            /// outside any transaction, so it sees what is committed now at every isolation level.
            async fn versioned(&self, id: SessionId, rows: u64) -> Result<Versioned, Error> {
                if rows > 0 {
                    return Ok(Versioned::Done);
                }
                let id = id.as_bytes().as_slice();
                let found = self.retry(|| sqlx::query(&self.sql.exists).bind(id).fetch_optional(&self.pool)).await?;
                Ok(match found {
                    Some(_) => Versioned::Conflict,
                    None => Versioned::Gone,
                })
            }
        }

        /// Shows no content.
        impl fmt::Debug for $Store {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Store)).finish_non_exhaustive()
            }
        }

        impl SessionStore for $Store {
            type Error = Error;

            async fn insert(&self, record: &Record) -> Result<(), Error> {
                self.retry(|| {
                    sqlx::query(&self.sql.insert)
                        .bind(record.id.as_bytes().as_slice())
                        .bind(record.user_id.as_slice())
                        .bind(signed(record.version))
                        .bind(signed(record.created))
                        .bind(signed(record.seen))
                        .bind(signed(record.ends))
                        .bind(record.body.as_slice())
                        .execute(&self.pool)
                })
                .await?;
                Ok(())
            }

            async fn find(&self, id: SessionId) -> Result<Option<Record>, Error> {
                let id = id.as_bytes().as_slice();
                let row = self.retry(|| sqlx::query_as(&self.sql.find).bind(id).fetch_optional(&self.pool)).await?;
                row.map(record).transpose()
            }

            async fn update(&self, record: &Record) -> Result<Versioned, Error> {
                let run = || {
                    sqlx::query(&self.sql.update)
                        .bind(signed(record.seen))
                        .bind(signed(record.ends))
                        .bind(record.body.as_slice())
                        .bind(record.id.as_bytes().as_slice())
                        .bind(signed(record.version))
                        .execute(&self.pool)
                };
                self.versioned(record.id, self.retry(run).await?.rows_affected()).await
            }

            async fn touch(&self, id: SessionId, seen: u64, ends: u64) -> Result<(), Error> {
                self.retry(|| {
                    sqlx::query(&self.sql.touch)
                        .bind(signed(seen))
                        .bind(signed(ends))
                        .bind(id.as_bytes().as_slice())
                        .execute(&self.pool)
                })
                .await?;
                Ok(())
            }

            async fn remove(&self, id: SessionId) -> Result<bool, Error> {
                let id = id.as_bytes().as_slice();
                let done = self.retry(|| sqlx::query(&self.sql.remove).bind(id).execute(&self.pool)).await?;
                Ok(done.rows_affected() > 0)
            }

            async fn remove_version(&self, id: SessionId, version: u64) -> Result<Versioned, Error> {
                let run = || {
                    sqlx::query(&self.sql.remove_version)
                        .bind(id.as_bytes().as_slice())
                        .bind(signed(version))
                        .execute(&self.pool)
                };
                self.versioned(id, self.retry(run).await?.rows_affected()).await
            }

            async fn of_user(&self, user_id: &[u8]) -> Result<Vec<Record>, Error> {
                let run = || sqlx::query_as(&self.sql.of_user).bind(user_id).fetch_all(&self.pool);
                self.retry(run).await?.into_iter().map(record).collect()
            }

            async fn remove_of_user(&self, user_id: &[u8], except: Option<SessionId>) -> Result<u64, Error> {
                let except = except.as_ref().map(|id| id.as_bytes().as_slice());
                let run = || sqlx::query(&self.sql.remove_of_user).bind(user_id).bind(except).execute(&self.pool);
                Ok(self.retry(run).await?.rows_affected())
            }

            async fn remove_ended(&self, now: u64, limit: u64) -> Result<u64, Error> {
                let [now, limit] = [now, limit].map(signed);
                let run = || sqlx::query(&self.sql.remove_ended).bind(now).bind(limit).execute(&self.pool);
                Ok(self.retry(run).await?.rows_affected())
            }
        }
    };
}

pub(crate) use store;
