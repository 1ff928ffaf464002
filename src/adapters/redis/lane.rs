//! One connection that many share: made when it is needed, given up at the first error, and never waited for without end.
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult, ScriptInvocation};
use tokio::sync::Mutex;

use super::errors::{from_redis, too_late};
use crate::Result;

pub(super) struct Lane {
    client: Client,
    deadline: Duration,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    connection: Option<MultiplexedConnection>,
    /// Which one it is: who saw an older one fail does not close this one.
    number: u64,
}

impl Lane {
    pub(super) fn new(client: Client, deadline: Duration) -> Arc<Self> {
        Arc::new(Lane { client, deadline, open: Mutex::default() })
    }

    pub(super) async fn script<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T> {
        self.call(|mut connection| async move { call.invoke_async(&mut connection).await }).await
    }

    pub(super) async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.call(|mut connection| async move { command.query_async(&mut connection).await }).await
    }

    /// Does something with the connection, within the deadline; making the connection is part of it. After any error the next
    /// call makes a new one: a server that has become a replica goes on answering, too.
    async fn call<T, F>(&self, deed: impl FnOnce(MultiplexedConnection) -> F) -> Result<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let mut number = None;
        let called = tokio::time::timeout(self.deadline, async {
            let (connection, current) = self.connection().await?;
            number = Some(current);
            deed(connection).await
        });
        let result = called.await;
        if let (Some(number), Err(_) | Ok(Err(_))) = (number, &result) {
            // If somebody is connecting, there is a newer one soon.
            if let Ok(mut open) = self.open.try_lock()
                && open.number == number
            {
                open.connection = None;
            }
        }
        result.map_err(|_| too_late())?.map_err(from_redis)
    }

    /// Whoever comes while one is being made waits for it, up to a deadline of their own.
    async fn connection(&self) -> RedisResult<(MultiplexedConnection, u64)> {
        let mut open = self.open.lock().await;
        if let Some(connection) = &open.connection {
            return Ok((connection.clone(), open.number));
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.deadline))
            .set_response_timeout(Some(self.deadline));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        open.number = open.number.wrapping_add(1);
        open.connection = Some(connection.clone());
        Ok((connection, open.number))
    }
}
