import SocketIOServer
import Testing

/// The end of the server, as each of its clients sees it.
@Suite(.timeLimit(.minutes(1))) struct ShutdownTests {
    @Test func everyExchangeEndsInItsProtocolsWay() async throws {
        try await Edge.run(.with(shutsDown: false) { $1.threads = 2 }) { edge in
            let raw = try edge.client()
            try await raw.openSocket("/ws")
            _ = try await raw.frame()
            let stream = try edge.client()
            try await stream.get("/text")
            _ = (try await stream.head(), try await stream.chunk())
            let poll = try edge.client()
            try await poll.get(Edge.polling)
            let address = Edge.polling + "&sid=" + (try await poll.answer().sid)
            try await poll.get(address)
            let socket = try edge.client()
            try await socket.openSocket(Edge.socket)
            _ = try await socket.frame()
            let idle = try edge.client()
            try await idle.get("/")
            _ = try await idle.answer()
            async let end: Void = edge.listener.shutdown()
            #expect(try await raw.frame() == .close(1001))
            #expect(try await stream.chunk() == nil)
            #expect(try await stream.rest() == "")
            let goodbye = try await poll.answer()
            #expect(goodbye.body == "1" && goodbye.header("Connection") == "close")
            #expect(try await poll.rest() == "")
            #expect(try await socket.frame() == .close(nil))
            #expect(try await idle.rest() == "")
            await end
        }
    }

    @Test func nobodyIsAcceptedAnyMore() async throws {
        // An address of its own: on the others' one, another test's listener may be given the port at once.
        let host = "127.0.0.9"
        try await Edge.run(.with(shutsDown: false) { $1.host = host }) { edge in
            await edge.listener.shutdown()
            #expect(throws: RawClient.Failure.self) { try RawClient(host: host, port: edge.listener.port) }
        }
    }

    /// A request that never ends, a WebSocket whose client is mute: neither keeps the server.
    @Test func shutdownWaitsForNobodyLongerThanItsTime() async throws {
        try await Edge.run(
            .with(shutsDown: false) { _, settings in
                settings.shutdownTimeout = .milliseconds(100)
                settings.goodbyeTimeout = .seconds(3600)
            }
        ) { edge in
            let half = try edge.client()
            try await half.send(RawClient.request("POST", "/post", ["Content-Length: 10"]) + "ab")
            let mute = try edge.client()
            try await mute.openSocket("/ws")
            await edge.listener.shutdown()
            #expect(try await half.rest() == "")
            #expect(try await mute.frame() == .text("one"))
        }
    }

    /// Within ten seconds, or not at all: a hang would take the whole test run with it.
    @Test func secondShutdownReturns() async throws {
        try await Edge.run(.with(shutsDown: false)) { edge in
            await edge.listener.shutdown()
            let (ends, end) = AsyncStream.makeStream(of: Bool.self)
            Task {
                await edge.listener.shutdown()
                end.yield(true)
            }
            Task {
                try await Task.sleep(for: .seconds(10))
                end.yield(false)
            }
            let hasReturned = await ends.first { _ in true }
            #expect(hasReturned == true)
        }
    }
}
