import SocketIOServer
import Testing

@testable import SocketIOCore

/// One session, whose requests land on different event loops.
@Suite(.timeLimit(.minutes(1))) struct LoopTests {
    private static func run(_ body: (Edge) async throws -> Void) async throws {
        try await Edge.run(.with(Lines(interval: .milliseconds(20))) { $1.threads = 2 }, body)
    }

    /// Two connections on two loops, and the address of a session on the first one's.
    ///
    /// - Parameter hasMoved: the second has been on the first one's loop, and stays where it is from now on.
    private static func pair(
        _ edge: Edge, hasMoved: Bool = false
    ) async throws -> (here: RawClient, there: RawClient, sid: String) {
        let (first, second, sid) = try await apart(edge)
        guard hasMoved else { return (first.client, second.client, sid) }
        // The first connection goes to the second's loop for a poll; then one is opened where it was.
        try await move(first.client, to: second)
        try await second.client.post(Edge.polling + "&sid=" + second.sid, "1")
        #expect(try await second.client.answer().body == "ok")
        let here = try await session(edge, on: first.loop)
        return (here.client, first.client, here.sid)
    }

    private typealias Session = (client: RawClient, sid: String, loop: UInt8)

    private static func apart(_ edge: Edge) async throws -> (Session, Session, sid: String) {
        let client = try edge.client()
        try await client.get(Edge.polling)
        let sid = try await client.answer().sid
        let loop = try #require(SessionID.place(of: sid)).loop
        return ((client, sid, loop), try await session(edge, on: 1 - loop), sid)
    }

    /// Connections are given to the two loops in turn, but nothing says whose turn it is.
    private static func session(_ edge: Edge, on loop: UInt8) async throws -> Session {
        for _ in 0..<8 {
            let client = try edge.client()
            try await client.get(Edge.polling)
            let sid = try await client.answer().sid
            if SessionID.place(of: sid)?.loop == loop { return (client, sid, loop) }
        }
        throw NoOtherLoop()
    }

    /// By a poll of a session there.
    private static func move(_ client: RawClient, to session: Session) async throws {
        let address = Edge.polling + "&sid=" + session.sid
        try await client.get(address)
        try await session.client.post(address, "40")
        #expect(try await session.client.answer().body == "ok")
        #expect(try await client.answer().body.hasPrefix("40{"))
    }

    /// The loop that a connection is on, by a session opened on it.
    private static func loop(of client: RawClient) async throws -> UInt8? {
        try await client.get(Edge.polling)
        return SessionID.place(of: try await client.answer().sid)?.loop
    }

    struct NoOtherLoop: Error {}

    @Test(arguments: [false, true]) func pollAndPostFindTheirSession(hasMoved: Bool) async throws {
        try await Self.run { edge in
            let (here, there, sid) = try await Self.pair(edge, hasMoved: hasMoved)
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

    @Test(arguments: [false, true]) func postFromTheOtherLoopIsTakenInParts(hasMoved: Bool) async throws {
        try await Self.run { edge in
            let (here, there, sid) = try await Self.pair(edge, hasMoved: hasMoved)
            let address = Edge.polling + "&sid=" + sid
            try await there.send(RawClient.request("POST", address, ["Content-Length: 2"]))
            try await there.send("4")
            try await there.send("0")
            #expect(try await there.answer().body == "ok")
            try await here.get(address)
            #expect(try await here.answer().body.hasPrefix("40{"))
        }
    }

    @Test(arguments: [false, true]) func upgradeFromTheOtherLoopCarriesTheReading(hasMoved: Bool) async throws
    {
        try await Self.run { edge in
            let (here, there, sid) = try await Self.pair(edge, hasMoved: hasMoved)
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

    @Test(arguments: [false, true]) func frameMayComeWithTheHandshakeOfAnUpgrade(hasMoved: Bool) async throws
    {
        try await Self.run { edge in
            let (_, there, sid) = try await Self.pair(edge, hasMoved: hasMoved)
            let handshake = RawClient.request("GET", Edge.socket + "&sid=" + sid, RawClient.handshakeHeaders)
            try await there.send(Array(handshake.utf8) + RawClient.frame(1, Array("2probe".utf8)))
            #expect(try await there.head().status == 101)
            #expect(try await there.frame() == .text("3probe"))
        }
    }

    @Test(arguments: [false, true]) func secondPollOnTheOtherLoopEndsBoth(hasMoved: Bool) async throws {
        try await Self.run { edge in
            let (here, there, sid) = try await Self.pair(edge, hasMoved: hasMoved)
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

    @Test func connectionMovesToItsSessionsLoopOnce() async throws {
        try await Self.run { edge in
            let (first, second, _) = try await Self.apart(edge)
            try await Self.move(first.client, to: second)
            #expect(try await Self.loop(of: first.client) == second.loop)
            let back = try await Self.session(edge, on: first.loop)
            try await Self.move(first.client, to: back)
            #expect(try await Self.loop(of: first.client) == second.loop, "a second time it stays")
        }
    }

    @Test func pipelinedRequestsStayTogether() async throws {
        try await Self.run { edge in
            let (here, there, sid) = try await Self.pair(edge)
            let poll = RawClient.request("GET", Edge.polling + "&sid=" + sid)
            // What follows is partly in the parser already, so this connection cannot go.
            try await there.send(poll + RawClient.request("GET", "/?1") + "GET /?2 HTTP/1.1\r\nHo")
            try await here.post(Edge.polling + "&sid=" + sid, "40")
            _ = try await here.answer()
            #expect(try await there.answer().body.hasPrefix("40{"))
            #expect(try await there.answer().body == "GET /?1")
            try await there.send("st: x\r\n\r\n")
            #expect(try await there.answer().body == "GET /?2")
        }
    }

    @Test func movedConnectionIsCountedOnce() async throws {
        try await Edge.run(
            .with(Lines(interval: .milliseconds(20))) {
                $1.threads = 2
                $1.maxConnectionsPerAddress = 40
            }
        ) { edge in
            for _ in 0..<60 {
                let (first, second, _) = try await Self.apart(edge)
                try await Self.move(first.client, to: second)
                for client in [first.client, second.client] {
                    client.endOutput()
                    _ = try await client.rest()
                }
            }
            let last = try edge.client()
            try await last.get("/")
            #expect(try await last.answer().status == 200)
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
