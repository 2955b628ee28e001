import SocketIOServer
import Testing

@testable import SocketIOCore

/// One session, whose requests land on different event loops.
@Suite(.timeLimit(.minutes(1))) struct LoopTests {
    private static func run(_ body: (Edge) async throws -> Void) async throws {
        try await Edge.run(.with(Lines(interval: .milliseconds(20))) { $1.threads = 2 }, body)
    }

    /// Two connections on two loops, and the address of a session on the first one's.
    private static func pair(_ edge: Edge) async throws -> (here: RawClient, there: RawClient, sid: String) {
        let here = try edge.client()
        try await here.get(Edge.polling)
        let sid = try await here.answer().sid
        let place = try #require(SessionID.place(of: sid))
        // Connections are given to the two loops in turn, but nothing says whose turn it is.
        for _ in 0..<8 {
            let there = try edge.client()
            try await there.get(Edge.polling)
            let other = try await there.answer().sid
            if SessionID.place(of: other)?.loop == 1 - place.loop { return (here, there, sid) }
        }
        throw NoOtherLoop()
    }

    struct NoOtherLoop: Error {}

    @Test func pollAndPostFindTheirSession() async throws {
        try await Self.run { edge in
            let (here, there, sid) = try await Self.pair(edge)
            let address = Edge.polling + "&sid=" + sid
            try await there.get(address)
            try await here.post(address, "40")
            #expect(try await here.answer().body == "ok")
            let first = try await there.answer().body
            #expect(first.hasPrefix("40{") && first.hasSuffix(#"42["line","one","1"]"#))
            try await here.get(address)
            #expect(try await here.answer().body == #"42["line","two","2"]"#)
            try await there.get(address)
            #expect(try await there.answer().body == #"42["line","three","3"]"# + "\u{1e}41")
            try await there.get(address)
            #expect(try await there.answer().body == "6\u{1e}1")
        }
    }

    @Test func postFromTheOtherLoopIsTakenInParts() async throws {
        try await Self.run { edge in
            let (here, there, sid) = try await Self.pair(edge)
            let address = Edge.polling + "&sid=" + sid
            try await there.send(RawClient.request("POST", address, ["Content-Length: 2"]))
            try await there.send("4")
            try await there.send("0")
            #expect(try await there.answer().body == "ok")
            try await here.get(address)
            #expect(try await here.answer().body.hasPrefix("40{"))
        }
    }

    @Test func upgradeFromTheOtherLoopCarriesTheReading() async throws {
        try await Self.run { edge in
            let (here, there, sid) = try await Self.pair(edge)
            try await there.openSocket(Edge.socket + "&sid=" + sid)
            try await there.say("2probe")
            #expect(try await there.frame() == .text("3probe"))
            try await there.say("5")
            try await there.say("40")
            #expect(try await there.frame().text.hasPrefix("40{"))
            for (index, line) in ["one", "two", "three"].enumerated() {
                #expect(try await there.frame() == .text(#"42["line","\#(line)","\#(index + 1)"]"#))
            }
            #expect(try await there.frame() == .text("41"))
            #expect(try await there.frame() == .close(nil))
            try await here.get(Edge.polling + "&sid=" + sid)
            #expect(try await here.answer().body == #"{"code":1,"message":"Session ID unknown"}"#)
        }
    }

    @Test func frameMayComeWithTheHandshakeOfAnUpgrade() async throws {
        try await Self.run { edge in
            let (_, there, sid) = try await Self.pair(edge)
            let handshake = RawClient.request("GET", Edge.socket + "&sid=" + sid, RawClient.handshakeHeaders)
            try await there.send(Array(handshake.utf8) + RawClient.frame(1, Array("2probe".utf8)))
            #expect(try await there.head().status == 101)
            #expect(try await there.frame() == .text("3probe"))
        }
    }

    @Test func secondPollOnTheOtherLoopEndsBoth() async throws {
        try await Self.run { edge in
            let (here, there, sid) = try await Self.pair(edge)
            let address = Edge.polling + "&sid=" + sid
            try await there.get(address)
            // The poll is held once this one, which takes the same way, has been answered.
            let third = try edge.client()
            try await third.get("/")
            _ = try await third.answer()
            let fourth = try edge.client()
            try await fourth.post(address, "3")
            _ = try await fourth.answer()
            try await here.get(address)
            let bodies = try await (here.answer(), there.answer())
            #expect(Set([bodies.0.status, bodies.1.status]) == [200, 400])
            #expect(Set([bodies.0.body, bodies.1.body]) == ["1", ""])
        }
    }

    @Test func pollLostOnTheOtherLoopEndsTheSession() async throws {
        try await Self.run { edge in
            let (here, there, sid) = try await Self.pair(edge)
            let address = Edge.polling + "&sid=" + sid
            try await there.get(address)
            there.endOutput()
            #expect(try await there.rest() == "")
            try await here.get("/count")
            #expect(try await here.answer().body == "1 1 0", "the other session is left")
        }
    }

    /// 0.9 names the session in the path.
    @Test func transportOf09FindsItsSession() async throws {
        try await Self.run { edge in
            let clients = try [edge.client(), edge.client()]
            for (here, there) in [(clients[0], clients[1]), (clients[1], clients[0])] {
                try await here.get("/socket.io/1/")
                let sid = try await here.answer().body.prefix { $0 != ":" }
                try await there.get("/socket.io/1/xhr-polling/\(sid)")
                #expect(try await there.answer().body.contains("1::"))
            }
        }
    }

    @Test func countsAreSummed() async throws {
        try await Self.run { edge in
            let (here, there, _) = try await Self.pair(edge)
            for client in [here, there] {
                try await client.get("/count")
                #expect(try await client.answer().body == "2 2 0")
            }
        }
    }
}
