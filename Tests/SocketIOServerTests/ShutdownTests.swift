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
            #expect(try await stream.rest() == "", "without a last chunk, since this was not all")
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

    /// Who cancels the task that serves gets the same orderly end.
    @Test func cancellingTheRunShutsDown() async throws {
        try await Edge.run(.with(shutsDown: false)) { edge in
            let raw = try edge.client()
            try await raw.openSocket("/ws")
            _ = try await raw.frame()
            let run = Task { await edge.listener.run() }
            run.cancel()
            #expect(try await raw.frame() == .close(1001))
            await run.value
            await edge.listener.shutdown()
        }
    }

    @Test func runEndsWithTheShutdown() async throws {
        try await Edge.run(.with(shutsDown: false)) { edge in
            async let end: Void = edge.listener.run()
            await edge.listener.shutdown()
            await end
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

    /// A readiness probe hears it first, while everything is still served.
    @Test func readinessFailsFirst() async throws {
        try await Edge.run(.with(shutsDown: false) { $1.drainDelay = .seconds(3) }) { edge in
            let probe = try edge.client()
            try await probe.get("/leaving")
            #expect(try await probe.answer().body == "false")
            async let end: Void = edge.listener.shutdown()
            repeat { try await probe.get("/leaving") } while try await probe.answer().body == "false"
            let reader = try edge.client()
            try await reader.openSocket("/ws")
            #expect(try await reader.frame() == .text("one"))
            #expect(try await reader.frame() == .close(1001))
            await end
        }
    }

    /// Two hundred readers of four kinds, over 200 ms: not in one burst, and none is left out. A poll goes on until
    /// its own goodbye, also on a new connection.
    @Test func goodbyesAreSpread() async throws {
        try await Edge.run(.with(shutsDown: false) { $1.threads = 2 }) { edge in
            let clock = ContinuousClock()
            var readers: [RawClient] = []
            for index in 0..<200 {
                let reader = try edge.client()
                readers.append(reader)
                switch index % 4 {
                case 0:
                    try await reader.openSocket("/ws")
                    _ = try await reader.frame()
                case 1:
                    try await reader.get("/text")
                    _ = (try await reader.head(), try await reader.chunk())
                case 2:
                    try await reader.openSocket(Edge.socket)
                    _ = try await reader.frame()
                default:
                    try await reader.get(Edge.polling)
                    let sid = try await reader.answer().sid
                    try await reader.get(Edge.polling + "&sid=" + sid)
                }
            }
            let start = clock.now
            async let end: Void = edge.listener.shutdown()
            let moments = try await withThrowingTaskGroup(of: Duration.self) { [readers] group in
                for reader in readers {
                    group.addTask {
                        _ = try await reader.rest()
                        return clock.now - start
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }.sorted()
            }
            await end
            // The goodbyes of 200 readers are drawn from 200 ms (and 50 sessions, counted once more). However late a
            // busy machine is, it does not put the last tenth before these.
            #expect(moments.count == 200)
            #expect(moments[180] - moments[20] > .milliseconds(50), "\(moments[20]) … \(moments[180])")
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
