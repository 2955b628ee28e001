import SocketIOServer
import Testing

/// A reader that does not read, and then reads again.
@Suite(.timeLimit(.minutes(1))) struct SlowReaderTests {
    /// Thirty entries of 256 kB: more than the buffers of both ends hold.
    private static let big = Lines(
        lines: (1...30).map { number in "\(number) " + String(repeating: "x", count: 262_144) },
        interval: .milliseconds(1))

    /// Returns once another reader has heard everything: the slow one could have, too.
    private static func hearAll(_ edge: Edge, receiveBuffer: Int? = nil) async throws {
        let quick = try edge.client(receiveBuffer: receiveBuffer)
        try await quick.openSocket("/ws")
        for line in big.lines { #expect(try await quick.frame() == .text(line)) }
        #expect(try await quick.frame() == .close(1000))
    }

    /// Found here: room that came between a `send` that took a part and NIO's own brought an entry twice and
    /// lost the next. Readers who take as fast as they can, through small buffers, meet it in one run of two
    /// or three.
    @Test func quickReadersHearEachEntryOnce() async throws {
        try await Edge.run(.with(Self.big)) { edge in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...16 {
                    group.addTask { try await Self.hearAll(edge, receiveBuffer: number * 16_384) }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func bareSocketGetsEveryEntry() async throws {
        try await Edge.run(.with(Self.big)) { edge in
            let slow = try edge.client(receiveBuffer: 16_384)
            try await slow.openSocket("/ws")
            try await Self.hearAll(edge)
            for line in Self.big.lines { #expect(try await slow.frame() == .text(line)) }
            #expect(try await slow.frame() == .close(1000))
        }
    }

    @Test func streamGetsEveryEntry() async throws {
        try await Edge.run(.with(Self.big)) { edge in
            let slow = try edge.client(receiveBuffer: 16_384)
            try await slow.get("/text")
            _ = try await slow.head()
            try await Self.hearAll(edge)
            for line in Self.big.lines { #expect(try await slow.chunk() == line) }
            #expect(try await slow.chunk() == nil)
        }
    }

    @Test func socketIOClientGetsEveryEntry() async throws {
        try await Edge.run(.with(Self.big)) { edge in
            let slow = try edge.client(receiveBuffer: 16_384)
            try await slow.openSocket(Edge.socket)
            try await slow.say("40")
            _ = (try await slow.frame(), try await slow.frame())
            try await Self.hearAll(edge)
            for (index, line) in Self.big.lines.enumerated() {
                #expect(try await slow.frame() == .text(#"42["line","\#(line)","\#(index + 1)"]"#))
            }
            #expect(try await slow.frame() == .text("41"))
            #expect(try await slow.frame() == .close(nil))
        }
    }

    @Test func upgradedClientOfAnotherLoopGetsEveryEntry() async throws {
        try await Edge.run(.with(Self.big) { $1.threads = 2 }) { edge in
            let here = try edge.client()
            try await here.get(Edge.polling)
            let sid = try await here.answer().sid
            let slow = try edge.client(receiveBuffer: 16_384)
            try await slow.openSocket(Edge.socket + "&sid=" + sid)
            for packet in ["5", "40"] { try await slow.say(packet) }
            #expect(try await slow.frame().text.hasPrefix("40{"))
            try await Self.hearAll(edge)
            for (index, line) in Self.big.lines.enumerated() {
                #expect(try await slow.frame() == .text(#"42["line","\#(line)","\#(index + 1)"]"#))
            }
            #expect(try await slow.frame() == .text("41"))
        }
    }

    /// The goodbye's time must not begin while the last entry is still on its way.
    @Test(arguments: [
        RawClient.request("GET", "/ws", RawClient.handshakeHeaders), "GET /text HTTP/1.0\r\n\r\n",
    ])
    func lastEntryIsNotCutByTheGoodbye(request: String) async throws {
        let one = Lines(lines: [String(repeating: "x", count: 8_000_000)], interval: .milliseconds(1))
        try await Edge.run(
            .with(one) { _, settings in
                settings.goodbyeTimeout = .milliseconds(20)
                settings.headTimeout = .milliseconds(100)
            }
        ) { edge in
            let slow = try edge.client(receiveBuffer: 16_384)
            try await slow.send(request)
            let head = try await slow.head()
            // The clock: a connection that says nothing, for as long as it may.
            #expect(try await edge.client().rest() == "")
            if head.status == 101 {
                #expect(try await slow.frame().payload.count == 8_000_000)
                #expect(try await slow.frame() == .close(1000))
            } else {
                #expect(try await slow.rest().utf8.count == 8_000_000)
            }
        }
    }
}
