import SocketIOServer
import Testing

/// Polls in the words of the one before, which are not parsed again.
@Suite(.timeLimit(.minutes(1))) struct RepeatedPollTests {
    /// A session that has joined and whose polls all come on `client`.
    private static func run(
        _ body: (_ edge: Edge, _ client: RawClient, _ address: String) async throws -> Void
    ) async throws {
        try await Edge.run(.with(Lines(lines: (1...9).map { "line \($0)" }, interval: .milliseconds(20)))) {
            edge in
            let (client, address) = try await edge.session()
            try await client.post(address, "40")
            #expect(try await client.answer().body == "ok")
            try await body(edge, client, address)
        }
    }

    private static func line(_ number: Int) -> String { #"42["line","line \#(number)","\#(number)"]"# }

    @Test func everyPollGetsTheNextLine() async throws {
        try await Self.run { _, client, address in
            try await client.get(address)
            #expect(try await client.answer().body.hasSuffix(Self.line(1)))
            for number in 2...9 {
                try await client.get(address)
                #expect(try await client.answer().body.hasPrefix(Self.line(number)))
            }
        }
    }

    @Test func cacheBusterMayChangeAndGrow() async throws {
        try await Self.run { _, client, address in
            for (index, tag) in ["a", "b", "ccc", "d.1-_", "e"].enumerated() {
                try await client.get(address + "&t=" + tag + "&x=1")
                #expect(try await client.answer().body.hasSuffix(Self.line(index + 1)))
            }
            // The same poll once more, as a browser sends it again: the same answer.
            try await client.get(address + "&t=e&x=1")
            #expect(try await client.answer().body == Self.line(5))
        }
    }

    @Test func otherWordsMeanWhatTheySay() async throws {
        try await Self.run { _, client, address in
            for number in 1...2 {
                try await client.get(address + "&t=a\(number)")
                #expect(try await client.answer().body.hasSuffix(Self.line(number)))
            }
            try await client.get(address + "&t=%41", "X: y")
            #expect(try await client.answer().body == Self.line(3))
            try await client.get("/?one")
            #expect(try await client.answer().body == "GET /?one")
            try await client.post(address, "3")
            #expect(try await client.answer().body == "ok")
            // In two pieces, and then two requests in one.
            let poll = RawClient.request("GET", address + "&t=a4")
            try await client.send(String(poll.prefix(40)))
            try await client.send(String(poll.dropFirst(40)))
            #expect(try await client.answer().body == Self.line(4))
            let next = RawClient.request("GET", address + "&t=a5")
            try await client.send(next + RawClient.request("GET", "/?two"))
            #expect(try await client.answer().body == Self.line(5))
            #expect(try await client.answer().body == "GET /?two")
        }
    }

    @Test func sessionThatHasEndedIsUnknown() async throws {
        try await Self.run { edge, client, address in
            for number in 1...2 {
                try await client.get(address)
                #expect(try await client.answer().body.hasSuffix(Self.line(number)))
            }
            let other = try edge.client()
            try await other.post(address, "1")
            #expect(try await other.answer().body == "ok")
            try await client.get(address)
            #expect(try await client.answer().body == #"{"code":1,"message":"Session ID unknown"}"#)
        }
    }
}
