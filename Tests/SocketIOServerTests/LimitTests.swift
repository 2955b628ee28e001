import SocketIOServer
import Testing

/// How long a connection may take, and how many there may be.
@Suite(.timeLimit(.minutes(1))) struct LimitTests {
    @Test(arguments: ["", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n"])
    func slowHeadEndsItsConnection(part: String) async throws {
        try await Edge.run(.with { _, settings in settings.headTimeout = .milliseconds(50) }) { edge in
            let client = try edge.client()
            try await client.send(part)
            #expect(try await client.rest() == "")
        }
    }

    @Test func slowBodyEndsItsConnectionAndItsSession() async throws {
        try await Edge.run(
            .with { _, settings in
                settings.headTimeout = .seconds(3600)
                settings.bodyTimeout = .milliseconds(50)
            }
        ) { edge in
            let (client, address) = try await edge.session()
            let slow = try edge.client()
            try await slow.send(RawClient.request("POST", address, ["Content-Length: 10"]) + "40")
            #expect(try await slow.rest() == "")
            try await client.get(address)
            #expect(try await client.answer().body == #"{"code":1,"message":"Session ID unknown"}"#)
        }
    }

    @Test func idleConnectionEnds() async throws {
        try await Edge.run(.with { _, settings in settings.idleTimeout = .milliseconds(50) }) { edge in
            let client = try edge.client()
            try await client.get("/")
            #expect(try await client.answer().body == "GET /")
            #expect(try await client.rest() == "")
        }
    }

    /// The clock is a connection that says nothing, for as long as it may.
    @Test func whatIsOpenOutlivesEveryTimeout() async throws {
        try await Edge.run(
            .with { _, settings in
                settings.headTimeout = .milliseconds(500)
                settings.bodyTimeout = .milliseconds(50)
                settings.idleTimeout = .milliseconds(50)
                settings.goodbyeTimeout = .milliseconds(50)
            }
        ) { edge in
            let stream = try edge.client()
            try await stream.get("/text")
            _ = try await stream.head()
            let socket = try edge.client()
            try await socket.openSocket("/ws")
            let address = try await edge.session().address
            let poll = try edge.client()
            try await poll.get(address)
            for _ in 1...2 { #expect(try await edge.client().rest() == "") }
            let counter = try edge.client()
            try await counter.get("/count")
            #expect(try await counter.answer().body == "4 1 2", "those three, and this one")
        }
    }

    /// A burst finds the limit kept, though four are accepted at a time: who is served sees no more than
    /// three, the others wait or are turned away.
    @Test func connectionsAreBounded() async throws {
        try await Edge.run(
            .with { _, settings in
                settings.maxConnections = 3
                settings.threads = 2
            }
        ) { edge in
            #expect(edge.listener.maxConnections == 3)
            let clients = try (0..<12).map { _ in try edge.client() }
            let counts = await withTaskGroup(of: Int?.self) { group in
                for client in clients {
                    group.addTask {
                        try? await client.get("/count", "Connection: close")
                        let body = try? await client.answer().body
                        return body.flatMap { Int($0.prefix { $0 != " " }) }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let served = counts.compactMap { $0 }
            #expect(served.count >= 3 && served.allSatisfy { (1...3).contains($0) }, "\(counts)")
        }
    }

    @Test func connectionBeyondTheLimitWaitsForARoom() async throws {
        try await Edge.run(.with { _, settings in settings.maxConnections = 2 }) { edge in
            let first = try edge.client()
            try await first.get("/")
            _ = try await first.answer()
            let second = try edge.client()
            try await second.get("/")
            _ = try await second.answer()
            let third = try edge.client()
            try await third.get("/count")
            first.endOutput()
            #expect(try await third.answer().body == "2 0 0")
        }
    }

    @Test func portInUseIsSaid() async throws {
        try await Edge.run { edge in
            await #expect {
                try await Edge.run(.with { _, settings in settings.port = edge.listener.port }) { _ in }
            } throws: { error in
                guard let error = error as? BindError else { return false }
                return error.isInUse && error.description.contains("port \(edge.listener.port) ")
            }
        }
    }

    @Test func addressThatIsNotOursIsSaid() async throws {
        await #expect {
            try await Edge.run(.with { _, settings in settings.host = "192.0.2.1" }) { _ in }
        } throws: { error in (error as? BindError)?.isInUse == false }
    }
}
