import SocketIOServer
import Testing

/// WebSockets on real connections (RFC 6455).
@Suite(.timeLimit(.minutes(1))) struct WebSocketTests {
    @Test func bareSocketIsReadToItsEnd() async throws {
        // The client's close frame ends the connection, not the time.
        let patient = Edge.Setup.with(Lines(interval: .milliseconds(1))) {
            $1.goodbyeTimeout = .seconds(3600)
        }
        try await Edge.run(patient) { edge in
            let client = try edge.client()
            let head = try await client.openSocket("//ws")
            #expect(head.status == 101)
            #expect(head.header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            for line in ["one", "two", "three"] { #expect(try await client.frame() == .text(line)) }
            #expect(try await client.frame() == .close(1000))
            try await client.send(RawClient.frame(8, [3, 232]))
            #expect(try await client.rest() == "")
        }
    }

    @Test func handshakeMayFollowOtherRequests() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            for _ in 1...2 {
                try await client.get("/")
                _ = try await client.answer()
            }
            #expect(try await client.openSocket("/ws").status == 101)
            #expect(try await client.frame() == .text("one"))
            try await client.send(RawClient.frame(9, [65]))
            #expect(try await client.frame() == .pong("A"))
        }
    }

    /// The answer to `/count` comes later than the handshake: it waits, and must be heard all the same.
    @Test(arguments: ["/", "/count"])
    func handshakeMayBePipelined(before: String) async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.send(
                RawClient.request("GET", before) + RawClient.request("GET", "/ws", RawClient.handshakeHeaders)
            )
            #expect(try await client.answer().status == 200)
            #expect(try await client.head().status == 101)
            #expect(try await client.frame() == .text("one"))
            try await client.send(RawClient.frame(9, [65]))
            #expect(try await client.frame() == .pong("A"))
        }
    }

    @Test func frameMayComeWithTheHandshake() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            let handshake = RawClient.request("GET", Edge.socket, RawClient.handshakeHeaders)
            try await client.send(Array(handshake.utf8) + RawClient.frame(1, Array("40".utf8)))
            #expect(try await client.head().status == 101)
            #expect(try await client.frame().text.hasPrefix("0{"))
            #expect(try await client.frame().text.hasPrefix("40{"))
            #expect(try await client.frame() == .text(#"42["line","one","1"]"#))
        }
    }

    @Test func frameMayComeByteByByteOrInFragments() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.openSocket(Edge.socket)
            _ = try await client.frame()
            let parts =
                RawClient.frame(1, Array("4".utf8), isFinal: false)
                + RawClient.frame(9, Array("between".utf8))
                + RawClient.frame(0, Array("0".utf8))
            for byte in parts { try await client.send([byte]) }
            #expect(try await client.frame() == .pong("between"))
            #expect(try await client.frame().text.hasPrefix("40{"))
        }
    }

    @Test(arguments: [[3, 233, 98, 121, 101], [3, 232], []] as [[UInt8]])
    func closeFrameIsEchoed(payload: [UInt8]) async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.openSocket("/ws")
            _ = try await client.frame()
            try await client.send(RawClient.frame(8, payload))
            #expect(try await client.frame() == RawFrame(opcode: 8, payload: payload))
            #expect(try await client.rest() == "")
            try await Self.expectNobody(edge)
        }
    }

    @Test func fragmentsOfAMessageAreCounted() async throws {
        try await Edge.run(.with { _, settings in settings.maxFragments = 3 }) { edge in
            let client = try edge.client()
            try await client.openSocket("/ws")
            _ = try await client.frame()
            // Three are a message; of the next one the fourth is too many.
            for message in [2, 3] {
                try await client.send(RawClient.frame(1, [], isFinal: false))
                for index in 1...message {
                    try await client.send(RawClient.frame(0, [], isFinal: message == 2 && index == 2))
                }
            }
            #expect(try await client.frame().closeCode == 1009)
        }
    }

    /// Each observed of the reference too.
    @Test(
        arguments: [
            ([0x81, 1, 65], 1002), ([0xc1, 0x80, 1, 2, 3, 4], 1002), ([0x83, 0x80, 1, 2, 3, 4], 1002),
            ([0x81, 0x81, 0, 0, 0, 0, 0xff], 1007), ([0x81, 0xfe, 0, 126], nil),
            (RawClient.frame(1, Array(repeating: 65, count: 127)), 1009),
            (RawClient.frame(1, Array(repeating: 65, count: 100_000)), 1009),
        ] as [([UInt8], UInt16?)])
    func violationIsAnsweredWithItsCode(bytes: [UInt8], code: UInt16?) async throws {
        try await Edge.run(.with { server, _ in server.settings.maxPayload = 126 }) { edge in
            let client = try edge.client()
            try await client.openSocket("/ws")
            _ = try await client.frame()
            try await client.send(bytes)
            if let code {
                #expect(try await client.frame().closeCode == code)
                #expect(try await client.rest() == "")
                try await Self.expectNobody(edge)
            } else {
                // The head of a frame of exactly the limit: nothing is wrong yet.
                try await client.send(Array(repeating: 0, count: 130) + RawClient.frame(9, [65]))
                #expect(try await client.frame() == .pong("A"))
            }
        }
    }

    @Test(arguments: ["/ws", Edge.socket])
    func lostConnectionIsForgotten(target: String) async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.openSocket(target)
            _ = try await client.frame()
            client.endOutput()
            #expect(try await client.rest() == "")
            try await Self.expectNobody(edge)
        }
    }

    @Test func refusedHandshakeEndsItsConnection() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.send(
                RawClient.request("GET", Edge.socket + "&sid=nobody", RawClient.handshakeHeaders))
            let answer = try await client.answer()
            #expect(answer.status == 400 && answer.body == "Session ID unknown")
            #expect(answer.header("Connection") == "close")
            #expect(try await client.rest() == "")
        }
    }

    /// Neither a session nor a reader is left; a connection may be, as long as its client has not ended it
    /// too.
    private static func expectNobody(_ edge: Edge) async throws {
        let counter = try edge.client()
        try await counter.get("/count")
        #expect(try await counter.answer().body.hasSuffix(" 0 0"))
    }
}
