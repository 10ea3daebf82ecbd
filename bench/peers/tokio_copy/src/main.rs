// SPDX-License-Identifier: ISC
// Copyright (c) 2026 The echod authors

//! tokio_copy: a task with tokio::io::copy for each client, on a runtime with a
//! thread for each processor.

use std::net::SocketAddr;
use std::time::Duration;
use std::{env, io};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;

const BACKLOG: u32 = 4096;
const PAUSE: Duration = Duration::from_millis(10);

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    socket.listen(BACKLOG)
}

async fn echo(mut client: TcpStream) -> io::Result<u64> {
    client.set_nodelay(true)?;
    let (mut reader, mut writer) = client.split();
    tokio::io::copy(&mut reader, &mut writer).await
}

async fn serve(port: u16) -> io::Result<()> {
    let listener = listen(port)?;
    println!("server running on {}", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((client, _)) => drop(tokio::spawn(echo(client))),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

fn main() -> io::Result<()> {
    let port = env::args().nth(1).and_then(|word| word.parse().ok());
    Runtime::new()?.block_on(serve(port.unwrap_or(0)))
}
