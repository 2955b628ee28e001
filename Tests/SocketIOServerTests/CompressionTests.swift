import Testing

@testable import SocketIOServer

/// permessage-deflate on real connections.
@Suite(.timeLimit(.minutes(1))) struct CompressionTests {
    private static let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
    private static let answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    @Test func isNotOfferedByDefault() async throws {
        try await Edge.run { edge in
            let client = try edge.client()
            try await client.send(
                RawClient.request("GET", "/ws", RawClient.handshakeHeaders + [Self.offer]))
            #expect(try await client.head().header("Sec-WebSocket-Extensions") == nil)
            #expect(try await client.frame() == .text("one"))
            try await client.send(RawClient.frame(0x41, [0]))
            #expect(try await client.frame().closeCode == 1002)
        }
    }

    #if Compression
        /// Long enough to be worth it, and repeating.
        private static let long = String(repeating: "Nel mezzo del cammin ", count: 20)

        private static func setup(threshold: Int = 100) -> Edge.Setup {
            .with(Lines(lines: ["short", long, "end"], interval: .milliseconds(1))) { server, settings in
                settings.compression = ListenerSettings.Compression(threshold: threshold)
                server.serveWebSocket(named: "echo") { socket, message in socket.send(message) }
                server.settings.maxPayload = 1000
            }
        }

        private static func open(_ edge: Edge, _ target: String, _ headers: [String] = [offer]) async throws
            -> (client: RawClient, answer: String?)
        {
            let client = try edge.client()
            try await client.send(RawClient.request("GET", target, RawClient.handshakeHeaders + headers))
            return (client, try await client.head().header("Sec-WebSocket-Extensions"))
        }

        /// From the threshold on, the frame says that it is compressed, and all readers get the same bytes.
        @Test func longFramesAreCompressedOnceForAll() async throws {
            try await Edge.run(Self.setup()) { edge in
                var frames: [RawFrame] = []
                for _ in 1...2 {
                    let (client, answer) = try await Self.open(edge, "/ws")
                    #expect(answer == Self.answer)
                    #expect(try await client.frame() == .text("short"))
                    frames.append(try await client.frame())
                    #expect(try await client.frame() == .text("end"))
                }
                #expect(frames[0] == frames[1])
                #expect(frames[0].opcode == 0x41 && frames[0].payload.count < Self.long.utf8.count / 4)
            }
        }

        @Test func whoDoesNotOfferGetsPlainFrames() async throws {
            try await Edge.run(Self.setup()) { edge in
                let (client, answer) = try await Self.open(edge, "/ws", [])
                #expect(answer == nil)
                #expect(try await client.frame() == .text("short"))
                #expect(try await client.frame() == .text(Self.long))
            }
        }

        /// RFC 7692, 7.2.3.1: "Hello", compressed and in two fragments.
        @Test func whatIsCompressedIsHeard() async throws {
            try await Edge.run(Self.setup()) { edge in
                let (client, _) = try await Self.open(edge, "/echo")
                try await client.send(
                    RawClient.frame(0x41, [0xF2, 0x48, 0xCD], isFinal: false)
                        + RawClient.frame(0, [0xC9, 0xC9, 0x07, 0x00]))
                #expect(try await client.frame() == .text("Hello"))
            }
        }

        @Test(
            arguments: [
                // A bomb; not DEFLATE; a block of one byte that is no UTF-8; RSV1 on a ping.
                (0x42, bomb, 1009), (0x41, [0xFF, 0xFF], 1007),
                (0x41, [0, 1, 0, 0xFE, 0xFF, 0xFF, 0], 1007), (0x49, [], 1002),
            ] as [(UInt8, [UInt8], UInt16)])
        func violationIsAnsweredWithItsCode(first: UInt8, payload: [UInt8], code: UInt16) async throws {
            try await Edge.run(Self.setup()) { edge in
                let (client, _) = try await Self.open(edge, "/echo")
                try await client.send(RawClient.frame(first, payload))
                #expect(try await client.frame().closeCode == code)
                #expect(try await client.rest() == "")
            }
        }

        /// Sessions of both loops.
        @Test func socketIOCompressesToo() async throws {
            var setup = Self.setup(threshold: 300)
            setup.settings.threads = 2
            try await Edge.run(setup) { edge in
                for _ in 1...4 {
                    let (client, answer) = try await Self.open(edge, Edge.socket)
                    #expect(answer == Self.answer)
                    #expect(try await client.frame().text.hasPrefix("0{"))
                    try await client.send(RawClient.frame(1, Array("40".utf8)))
                    #expect(try await client.frame().text.hasPrefix("40{"))
                    #expect(try await client.frame().text.contains("short"))
                    #expect(try await client.frame().opcode == 0x41)
                }
            }
        }

        private static let bomb =
            ZlibCodec().deflate(Array(repeating: 0, count: 900_000), windowBits: 15) ?? []
    #else
        @Test func aBuildWithoutItSaysSo() async throws {
            let setup = Edge.Setup.with { $1.compression = ListenerSettings.Compression() }
            let error = await #expect(throws: MissingTrait.self) { try await Edge.run(setup) { _ in } }
            #expect(
                error?.description
                    == "this build was made without Compression: build it with swift build --traits Compression"
            )
        }
    #endif
}
