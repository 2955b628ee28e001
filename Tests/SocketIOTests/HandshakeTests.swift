import SocketIO
import Testing

@testable import SocketIOCore

/// Engine.IO handshakes, good and bad (engineio-protocol 4, "Handshake"; engine.io `lib/server.ts`).
@Suite struct HandshakeTests {
    private let stage = Stage()

    @Test func pollingHandshakeOpensASession() throws {
        let link = stage.ask("GET", Stage.polling)
        let response = try #require(link.response)
        let guest = Guest(stage: stage, opening: link.body)
        #expect(
            link.body == #"0{"sid":"\#(guest.sid)","upgrades":["websocket"],"#
                + #""pingInterval":20000,"pingTimeout":20000,"maxPayload":1000000}"#)
        #expect(response.status == 200)
        #expect(response.header("Content-Type") == "text/plain; charset=UTF-8")
        #expect(response.header("Cache-Control") == "no-store")
        #expect(response.header("X-Accel-Buffering") == "no")
        #expect(response.header("Access-Control-Allow-Origin") == "*")
        #expect(try #require(SessionID.place(of: guest.sid)) == (0, 3))
        #expect(stage.shard.sessionCount == 1)
    }

    @Test func socketHandshakeOpensASessionOnIt() {
        let link = stage.askSocket(Stage.socket)
        #expect(link.accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        let events = link.news()
        #expect(events.count == 2 && events.first == .socket)
        guard case .text(let open) = events.last else { return #expect(Bool(false), "no open packet") }
        #expect(open.hasPrefix(#"0{"sid":""#) && open.contains(#""upgrades":[],"#))
        #expect(link.flushed == 2, "the open packet leaves with the head")
        #expect(stage.shard.sessionCount == 1)
    }

    @Test func settingsShowInTheOpenPacket() {
        let stage = Stage { server in
            server.settings.pingInterval = .milliseconds(1500)
            server.settings.pingTimeout = .seconds(3)
            server.settings.maxPayload = 77
            server.settings.webSocket = false
        }
        #expect(
            stage.handshake().opening.hasSuffix(
                #","upgrades":[],"pingInterval":1500,"pingTimeout":3000,"maxPayload":77}"#))
    }

    /// `400` with code and message, as observed of engine.io 6.6.5.
    @Test(arguments: [
        ("GET", "?EIO=4", 0, "Transport unknown"),
        ("GET", "?EIO=4&transport=webtransport", 0, "Transport unknown"),
        ("GET", "?EIO=4&transport=", 0, "Transport unknown"),
        ("GET", "foo/bar?EIO=4", 0, "Transport unknown"),
        ("GET", "socket.io.jsx?EIO=4", 0, "Transport unknown"),
        ("GET", "?EIO=4&transport=polling&sid=nobody", 1, "Session ID unknown"),
        ("POST", "?EIO=4&transport=polling&sid=nobody", 1, "Session ID unknown"),
        ("GET", "?EIO=4&transport=polling&sid=", 1, "Session ID unknown"),
        ("POST", "?EIO=4&transport=polling", 2, "Bad handshake method"),
        ("PUT", "?EIO=4&transport=polling", 2, "Bad handshake method"),
        ("OPTIONS", "?EIO=4&transport=polling", 2, "Bad handshake method"),
        ("HEAD", "?EIO=4&transport=polling", 2, "Bad handshake method"),
        ("GET", "?EIO=4&transport=websocket", 3, "Bad request"),
        ("GET", "?EIO=1&transport=polling", 5, "Unsupported protocol version"),
        ("GET", "?EIO=44&transport=polling", 5, "Unsupported protocol version"),
        ("GET", "?transport=polling", 5, "Unsupported protocol version"),
    ])
    func badRequestGetsCodeAndMessage(method: String, rest: String, code: Int, message: String) throws {
        let link = stage.ask(method, "/socket.io/" + rest)
        #expect(link.news() == [.answer(400, #"{"code":\#(code),"message":"\#(message)"}"#)])
        let response = try #require(link.response)
        #expect(response.header("Content-Type") == "application/json")
        #expect(response.header("Access-Control-Allow-Origin") == "*")
        #expect(stage.shard.sessionCount == 0)
    }

    @Test func transportThatIsNotOfferedIsUnknown() {
        let stage = Stage { $0.settings.polling = false }
        #expect(stage.ask("GET", Stage.polling).body == #"{"code":0,"message":"Transport unknown"}"#)
        #expect(stage.askSocket(Stage.socket).news().first == .socket)
        let other = Stage { $0.settings.webSocket = false }
        #expect(other.askSocket(Stage.socket).news() == [.answer(400, "Transport unknown")])
    }

    /// A refused WebSocket handshake gets the bare text, and its connection ends.
    @Test(
        arguments: [
            ("transport=webtransport&EIO=4", [:], "Transport unknown"),
            ("transport=websocket&EIO=4&sid=nobody", [:], "Session ID unknown"),
            ("transport=websocket&EIO=5", [:], "Unsupported protocol version"),
            (
                "transport=websocket&EIO=4", ["Sec-WebSocket-Version": "99"],
                "Missing or invalid Sec-WebSocket-Version header"
            ),
            (
                "transport=websocket&EIO=4", ["Sec-WebSocket-Version": nil],
                "Missing or invalid Sec-WebSocket-Version header"
            ),
            (
                "transport=websocket&EIO=4", ["Sec-WebSocket-Key": "short"],
                "Missing or invalid Sec-WebSocket-Key header"
            ),
            (
                "transport=websocket&EIO=4", ["Sec-WebSocket-Key": nil],
                "Missing or invalid Sec-WebSocket-Key header"
            ),
            ("transport=websocket&EIO=4", ["Upgrade": "foo"], "Invalid Upgrade header"),
        ] as [(String, [String: String?], String)])
    func refusedUpgradeGetsTheText(query: String, changes: [String: String?], message: String) throws {
        let link = stage.askSocket("/socket.io/?" + query, changes: changes)
        #expect(link.news() == [.answer(400, message)])
        let response = try #require(link.response)
        #expect(response.header("Content-Type") == "text/html" && response.closesConnection)
        if message.contains("Version header") { #expect(response.header("Sec-WebSocket-Version") == "13, 8") }
        #expect(stage.shard.sessionCount == 0)
    }

    @Test func webSocketNeedsHTTP11AndGET() {
        #expect(stage.askSocket(Stage.socket, minorVersion: 0).response?.status == 400)
        #expect(stage.askSocket(Stage.socket, method: "POST").response?.status == 400)
    }

    /// RFC 6455, 11.3: of two keys nobody can say which a proxy on the way has gone by.
    @Test(
        arguments: ["/ws", Stage.socket],
        [
            (name: "sec-websocket-key", value: "dGhlIHNhbXBsZSBub25jZQ=="),
            (name: "Sec-WebSocket-Version", value: "13"),
        ])
    func keyAndVersionAreSaidOnce(target: String, extra: (name: String, value: String)) {
        let headers = [
            (name: "Connection", value: "Upgrade"), (name: "Upgrade", value: "websocket"),
            (name: "Sec-WebSocket-Version", value: "13"),
            (name: "Sec-WebSocket-Key", value: "dGhlIHNhbXBsZSBub25jZQ=="),
        ]
        #expect(stage.ask("GET", target, headers: headers).news().first == .socket)
        #expect(stage.ask("GET", target, headers: headers + [extra]).response?.status == 400)
    }

    @Test func firstSubprotocolIsTaken() {
        let link = stage.askSocket(Stage.socket, changes: ["Sec-WebSocket-Protocol": " chat.v2 , chat.v1"])
        #expect(link.socketHeaders.first { $0.name == "Sec-WebSocket-Protocol" }?.value == "chat.v2")
        #expect(!stage.askSocket(Stage.socket).socketHeaders.contains { $0.name == "Sec-WebSocket-Protocol" })
    }

    @Test func fullShardTakesNoMoreSessions() {
        let stage = Stage { $0.settings.maxSessions = 2 }
        let guest = stage.handshake()
        stage.askSocket(Stage.socket)
        #expect(stage.ask("GET", Stage.polling).news() == [.answer(503, #"{"error":"too many sessions"}"#)])
        #expect(stage.askSocket(Stage.socket).response?.status == 503)
        guest.post("1")
        #expect(stage.ask("GET", Stage.polling).response?.status == 200)
    }

    @Test func scriptIsBelowTheResource() {
        #expect(stage.ask("GET", "/any/socket.io/socket.io.js").body == "script")
        #expect(stage.ask("HEAD", "/socket.io/socket.io.js").body == "script")
        #expect(stage.ask("GET", "/socket.io/socket.io.jsx").body != "script")
        #expect(stage.ask("POST", "/socket.io/socket.io.js").body != "script")
    }

    @Test func preflightAllowsWhatIsAsked() throws {
        let link = stage.ask(
            "OPTIONS", Stage.polling,
            headers: [
                ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "x-one, x-two"),
            ])
        let response = try #require(link.response)
        #expect(response.status == 204 && response.body.isEmpty)
        #expect(response.header("Access-Control-Allow-Origin") == "*")
        #expect(response.header("Access-Control-Allow-Methods")?.contains("POST") == true)
        #expect(response.header("Access-Control-Allow-Headers") == "x-one, x-two")
        #expect(response.header("Access-Control-Allow-Credentials") == nil)
    }

    @Test func resourceIsNamedAsConfigured() {
        let stage = Stage { $0.settings.resource = "myApp/server.js" }
        #expect(stage.ask("GET", "/x/myApp/server.js/?EIO=4&transport=polling").body.hasPrefix("0{"))
        #expect(stage.ask("GET", Stage.polling).response?.status == 200, "that is a page now")
        #expect(stage.shard.sessionCount == 1)
    }
}

extension Response {
    /// The only header of this name; nil when there is none, or more than one.
    func header(_ name: String) -> String? {
        let found = headers.filter { $0.name.lowercased() == name.lowercased() }
        return found.count == 1 ? found.first?.value : nil
    }
}
