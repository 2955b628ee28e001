import SocketIO
import SocketIOServer
import Testing

/// A server in a host's pipeline as one of a cluster: requests that land there for a session of another node, and
/// those that land elsewhere for a session of its own.
@Suite(.timeLimit(.minutes(1))) struct MountRelayTests {
    private func run(
        _ pipeline: Host.Pipeline = .stock,
        _ body: (_ edge: Edge, _ host: Host) async throws -> Void
    ) async throws {
        let peers = TestDirectory.Peers()
        func join(_ number: UInt16, _ server: inout Server) {
            server.nodes = TestDirectory(number, of: peers)
            try? server.namespace("/echo").onEvent("echo") { socket, event in
                try socket.emit("echo", arguments: event.arguments)
            }
        }
        let setup = Edge.Setup.with { server, settings in
            join(1, &server)
            settings.threads = 2
        }
        try await Edge.run(setup) { edge in
            try await Host.run(
                pipeline,
                { server, settings in
                    join(2, &server)
                    settings.relayAddress = NodeAddress(host: "127.0.0.1", port: 0)
                }
            ) { host in try await body(edge, host) }
        }
    }

    @Test(arguments: Host.Pipeline.allCases)
    func aPollAndAPostReachTheirOwner(pipeline: Host.Pipeline) async throws {
        try await run(pipeline) { edge, host in
            let (_, address) = try await edge.session()
            let client = try host.client()
            try await client.post(address, "40")
            let posted = try await client.answer()
            #expect(posted.status == 200 && posted.body == "ok")
            // On the same connection, in turn with the host's own.
            try await client.get("/own")
            #expect(try await client.answer().body == "the host's /own")
            try await client.get(address)
            let polled = try await client.answer()
            #expect(polled.status == 200 && polled.body.hasPrefix("40{"))
            #expect(polled.header("Connection") == nil)
            try await client.get("/own")
            #expect(try await client.answer().body == "the host's /own")
        }
    }

    @Test func aRequestForAHostsSessionReachesIt() async throws {
        try await run { edge, host in
            let opener = try host.client()
            try await opener.get(Edge.polling)
            let address = Edge.polling + "&sid=" + (try await opener.answer().sid)
            let client = try edge.client()
            try await client.post(address, "40")
            #expect(try await client.answer().body == "ok")
            try await client.get(address)
            #expect(try await client.answer().body.hasPrefix("40{"))
        }
    }

    @Test(arguments: Host.Pipeline.allCases)
    func aWebSocketGoesThrough(pipeline: Host.Pipeline) async throws {
        try await run(pipeline) { edge, host in
            let (poll, address) = try await edge.session()
            try await poll.post(address, "40/echo,")
            _ = try await poll.answer()
            try await poll.get(address)
            _ = try await poll.answer()
            let client = try host.client()
            let head = try await client.openSocket(address.replacing("polling", with: "websocket"))
            #expect(head.status == 101)
            #expect(head.header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            try await client.say("2probe")
            #expect(try await client.frame() == .text("3probe"))
            try await client.say("5")
            // More than one read, and more than any buffer on the way takes at once.
            let long = String(repeating: "x", count: 900_000)
            for number in 0..<3 {
                try await client.say("42/echo,[\"echo\",\(number),\"\(long)\"]")
                #expect(try await client.frame().text == "42/echo,[\"echo\",\(number),\"\(long)\"]")
            }
            #expect(try await host.mount.totals().relayTunnels == 1)
            try await client.send(RawClient.frame(8, [3, 232]))
            #expect(try await client.frame() == .close(1000))
            #expect(try await client.rest() == "")
            #expect(try await host.mount.totals().relayTunnels == 0)
        }
    }

    @Test(arguments: [0, 1])
    func aStreamGoesThroughAsItGrows(minorVersion: Int) async throws {
        try await run { edge, host in
            let opener = try edge.client()
            try await opener.get("/socket.io/1/")
            let sid = try await opener.answer().body.prefix { $0 != ":" }
            let client = try host.client()
            try await client.send(
                "GET /socket.io/1/htmlfile/\(sid) HTTP/1.\(minorVersion)\r\nHost: x\r\n\r\n")
            let head = try await client.head()
            #expect(head.status == 200)
            #expect(head.header("Transfer-Encoding") == (minorVersion == 1 ? "chunked" : nil))
            #expect(head.header("Connection") == "close")
            guard minorVersion == 1 else { return }
            var page = ""
            while !page.contains("one") { page += try await client.chunk() ?? "" }
            #expect(page.contains(#"_("1::");"#))
            try await opener.post("/socket.io/1/htmlfile/\(sid)", "0::")
            _ = try await opener.answer()
            while try await client.chunk() != nil {}
            #expect(try await client.rest() == "")
        }
    }

    @Test func anOwnerThatIsGoneIsAnUnknownSessionAtOnce() async throws {
        try await run { edge, host in
            let (_, address) = try await edge.session()
            await edge.listener.shutdown()
            let client = try host.client()
            try await client.get(address)
            #expect(try await client.answer().body == #"{"code":1,"message":"Session ID unknown"}"#)
            #expect(try await host.mount.totals().relaysFailed == 1)
        }
    }
}
