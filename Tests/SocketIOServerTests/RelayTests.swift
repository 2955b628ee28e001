import Logging
import SocketIO
import SocketIOCore
import SocketIOServer
import Synchronization
import Testing

/// Two nodes that know each other, without anything between them.
final class TestDirectory: NodeDirectory {
    private let number: UInt16
    private let peers: Peers

    final class Peers: Sendable {
        let addresses = Mutex<[UInt16: NodeAddress]>([:])
    }

    init(_ number: UInt16, of peers: Peers) {
        self.number = number
        self.peers = peers
    }

    var secret: String? { "sesame" }
    func join() async -> UInt16 { number }
    func announce(_ address: NodeAddress) async { peers.addresses.withLock { $0[number] = address } }
    func address(of node: UInt16) async -> NodeAddress? { peers.addresses.withLock { $0[node] } }
    func leave() async {}
}

/// Requests that land on another node than their session's.
@Suite(.timeLimit(.minutes(1))) struct RelayTests {
    /// Runs two nodes; sessions are made on the first and asked for on the second.
    private func run(
        _ body: (_ owner: Edge, _ other: Edge, _ peers: TestDirectory.Peers) async throws -> Void
    ) async throws {
        let peers = TestDirectory.Peers()
        func setup(_ number: UInt16) -> Edge.Setup {
            .with(Lines()) { server, settings in
                server.nodes = TestDirectory(number, of: peers)
                settings.threads = 2
                let echo = server.namespace("/echo")
                try? echo.onEvent("echo") { socket, event in
                    try socket.emit("echo", arguments: event.arguments)
                }
            }
        }
        try await Edge.run(setup(1)) { owner in
            try await Edge.run(setup(2)) { other in try await body(owner, other, peers) }
        }
    }

    @Test func aPollAndAPostReachTheOwner() async throws {
        try await run { owner, other, _ in
            let (_, address) = try await owner.session()
            let client = try other.client()
            try await client.post(address, "40")
            let posted = try await client.answer()
            #expect(posted.status == 200 && posted.body == "ok")
            // The connection stays, and with it the one between the nodes.
            try await client.get(address)
            let polled = try await client.answer()
            #expect(polled.status == 200 && polled.body.hasPrefix("40{"))
            #expect(polled.header("Connection") == nil)
            // One is held at the owner until there is something to say.
            try await client.get(address)
            let second = try other.client()
            try await second.post(address, "40/echo,\u{1e}42/echo,[\"echo\",\"ciao\"]")
            #expect(try await second.answer().body == "ok")
            var heard = try await client.answer().body
            if !heard.contains("ciao") {
                try await client.get(address)
                heard += try await client.answer().body
            }
            #expect(heard.contains("40/echo,{") && heard.contains("42/echo,[\"echo\",\"ciao\"]"))
        }
    }

    @Test func aClientOfHTTP10IsAnsweredInItsOwnWay() async throws {
        try await run { owner, other, _ in
            let (_, address) = try await owner.session()
            let client = try other.client()
            try await client.send("GET \(address) HTTP/1.0\r\nHost: x\r\n\r\n")
            _ = try await owner.client().post(address, "40")
            let answer = try await client.answer()
            #expect(answer.status == 200 && answer.header("Connection") == "close")
            #expect(answer.body.hasPrefix("2") || answer.body.hasPrefix("40"))
            #expect(try await client.rest() == "")
        }
    }

    @Test func anUpgradeGoesThroughAndSoDoesWhatFollows() async throws {
        try await run { owner, other, _ in
            let (poll, address) = try await owner.session()
            try await poll.post(address, "40/echo,")
            _ = try await poll.answer()
            try await poll.get(address)
            _ = try await poll.answer()
            let client = try other.client()
            let target = address.replacing("polling", with: "websocket")
            let head = try await client.openSocket(target)
            #expect(head.status == 101)
            #expect(head.header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            try await client.say("2probe")
            #expect(try await client.frame() == .text("3probe"))
            try await client.say("5")
            let long = String(repeating: "x", count: 300_000)
            try await client.say("42/echo,[\"echo\",\"\(long)\"]")
            #expect(try await client.frame().text == "42/echo,[\"echo\",\"\(long)\"]")
            try await client.send(RawClient.frame(8, [3, 232]))
            #expect(try await client.frame() == .close(1000))
            #expect(try await client.rest() == "")
        }
    }

    @Test func anUpgradeTheOwnerRefusesIsRefused() async throws {
        try await run { owner, other, _ in
            let (_, address) = try await owner.session()
            let client = try other.client()
            let target = address.replacing("polling", with: "websocket")
            try await client.send(
                RawClient.request(
                    "GET", target, ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"])
            )
            let answer = try await client.answer()
            #expect(answer.status == 400 && answer.body.contains("Sec-WebSocket-Key"))
            #expect(try await client.rest() == "")
        }
    }

    @Test func aStreamGoesThroughAsItGrows() async throws {
        try await run { owner, other, _ in
            let opener = try owner.client()
            try await opener.get("/socket.io/1/")
            let sid = try await opener.answer().body.prefix { $0 != ":" }
            let client = try other.client()
            try await client.get("/socket.io/1/htmlfile/\(sid)")
            #expect(try await client.head().header("Transfer-Encoding") == "chunked")
            var page = ""
            while !page.contains("one") { page += try await client.chunk() ?? "" }
            #expect(page.contains(#"_("1::");"#))
            // In the other direction, from a third connection.
            try await opener.post("/socket.io/1/htmlfile/\(sid)", "2::")
            #expect(try await opener.answer().status == 200)
        }
    }

    @Test func aClientThatGoesIsGoneAtTheOwner() async throws {
        try await run { owner, other, _ in
            let (first, address) = try await owner.session()
            let client = try other.client()
            try await client.post(address, "40")
            _ = try await client.answer()
            let socket = try other.client()
            _ = try await socket.openSocket(address.replacing("polling", with: "websocket"))
            try await socket.say("2probe")
            _ = try await socket.frame()
            try await socket.say("5")
            #expect(try await socket.frame().text.hasPrefix("40{"))
            socket.reset()
            // Until the owner has noticed, the sid is in use by a WebSocket; then it is unknown.
            var body = ""
            while !body.contains("Session ID unknown") {
                try await first.get(address)
                body = try await first.answer().body
            }
        }
    }

    @Test(arguments: [false, true])
    func anOwnerThatIsGoneIsAnUnknownSessionAtOnce(isForgotten: Bool) async throws {
        try await run { owner, other, peers in
            let (_, address) = try await owner.session()
            await owner.listener.shutdown()
            if isForgotten { peers.addresses.withLock { $0[1] = nil } }
            let client = try other.client()
            try await client.get(address)
            let answer = try await client.answer()
            #expect(answer.status == 400)
            #expect(answer.body == #"{"code":1,"message":"Session ID unknown"}"#)
            // In 0.9's own words: reconnect.
            let sid = address.split(separator: "=").last ?? ""
            try await client.get("/socket.io/1/xhr-polling/\(sid)")
            #expect(try await client.answer().body == "7:::1+0")
        }
    }

    /// A node that is taken for another's owner relays nothing on.
    @Test func aRequestIsRelayedOnce() async throws {
        try await run { owner, other, peers in
            peers.addresses.withLock { addresses in
                addresses[7] = addresses[1]
                addresses[8] = addresses[2]
            }
            let sid = SessionID(node: 7, loop: 0) { 1 }.text
            let client = try other.client()
            try await client.get(Edge.polling + "&sid=" + sid)
            #expect(try await client.answer().body == #"{"code":1,"message":"Session ID unknown"}"#)
            // To itself: 8 is no number of its own.
            try await client.get(Edge.polling + "&sid=" + SessionID(node: 8, loop: 0) { 1 }.text)
            #expect(try await client.answer().body == #"{"code":1,"message":"Session ID unknown"}"#)
        }
    }

    /// Without the cluster's secret the mark of a relay is nothing: the request goes to its owner.
    @Test func aMarkOfAClientIsNotBelieved() async throws {
        try await run { owner, other, _ in
            let (_, address) = try await owner.session()
            let client = try other.client()
            try await client.send(
                RawClient.request(
                    "POST", address, ["Content-Length: 2", "Dante-Relay: guessed 10.0.0.1"]) + "40")
            #expect(try await client.answer().body == "ok")
        }
    }
}
