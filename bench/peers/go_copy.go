// SPDX-License-Identifier: ISC
// Copyright (c) 2026 The echod authors

// go_copy: a goroutine with io.Copy for each client.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

const pause = 10 * time.Millisecond

func echo(client net.Conn) {
	defer client.Close()
	io.Copy(client, client)
}

func main() {
	port := "0"
	if len(os.Args) > 1 {
		port = os.Args[1]
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("server running on", listener.Addr())
	for {
		// Go sets TCP_NODELAY on accepted sockets.
		client, err := listener.Accept()
		if err != nil {
			time.Sleep(pause)
			continue
		}
		go echo(client)
	}
}
