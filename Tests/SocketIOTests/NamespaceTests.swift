import SocketIO
import SocketIOCore
import Testing

/// Socket.IO packets of a client: joining, leaving, and what ends its connection.
@Suite struct NamespaceTests {
    private let stage = Stage()
    private let socket: RecordingLink

    init() {
        socket = stage.askSocket(Stage.socket)
        _ = socket.news()
    }

    private func say(_ text: String) -> [RecordingLink.Event] {
        socket.says(text, at: stage.now)
        return socket.news()
    }

    @Test func joiningIsConfirmedAndTheReadingBegins() throws {
        let events = say("40")
        guard case .text(let reply) = try #require(events.first) else { return #expect(Bool(false)) }
        let ids = reply.split(separator: "\"").map(String.init)
        #expect(reply == #"40{"sid":"\#(ids[3])","pid":"\#(ids[7])"}"#)
        #expect(ids[3].count == 20 && ids[7].count == 20 && ids[3] != ids[7])
        #expect(events.dropFirst() == [.text(#"42["line","one","1"]"#)])
        #expect(stage.shard.readers == 1)
    }

    @Test(arguments: ["40/chat,", "40/chat", #"40/chat,{"token":"x"}"#])
    func namespaceIsNamedInItsPackets(packet: String) {
        let events = say(packet)
        #expect(events.count == 1)
        guard case .text(let reply) = events.first else { return #expect(Bool(false)) }
        #expect(reply.hasPrefix(#"40/chat,{"sid":""#))
        #expect(stage.shard.readers == 0, "nothing is read there")
    }

    @Test(arguments: ["/nosuch", "/chat?x=1", "/Chat", "/chat/"])
    func unknownNamespaceIsRefused(name: String) {
        #expect(say("40\(name),") == [.text(#"44\#(name),{"message":"Invalid namespace"}"#)])
        #expect(say("40").count == 2, "and the connection stays")
    }

    /// Clients before Socket.IO 3 cannot do without.
    @Test func theMainNamespaceIsThereUnasked() {
        let shard = Shard(server: Server(), index: 0, startingAt: stage.now) { 1 }
        let link = RecordingLink()
        shard.received(
            Request(method: "GET", target: "/socket.io/?EIO=3&transport=polling&b64=1"), on: link,
            at: stage.now)
        #expect(link.body.hasSuffix("2:40"))
    }

    @Test func eachNamespaceIsReadAtItsOwnPlace() {
        let stage = Stage { $0.add(Namespace("/other", feed: ListFeed())) }
        let socket = stage.askSocket(Stage.socket)
        socket.says("40", at: stage.now)
        stage.pass(.milliseconds(1005))
        _ = socket.news()
        socket.says("40/other,", at: stage.now)
        #expect(socket.news().last == .text(#"42/other,["line","one","1"]"#))
        #expect(stage.shard.readers == 2)
        stage.pass(.milliseconds(1010))
        let events = socket.news()
        #expect(events.count == 3 && events.contains(.text(#"42/other,["line","two","2"]"#)))
        #expect(events.filter { $0 != .text(#"42/other,["line","two","2"]"#) }.last == .text("41"))
        stage.pass(.milliseconds(1010))
        #expect(
            socket.news() == [.text(#"42/other,["line","three","3"]"#), .text("41/other,"), .close(nil)])
    }

    @Test func leavingEndsTheReadingAndAllowsAnother() {
        _ = say("40")
        #expect(say("41") == [])
        #expect(stage.shard.readers == 0)
        stage.pass(.seconds(3))
        #expect(socket.news() == [])
        #expect(say("40").last == .text(#"42["line","one","1"]"#))
    }

    /// Each observed of the reference to close the engine connection.
    @Test(arguments: [
        "47", "4x", "42[", "42{}", "42[]", "42[null]", "42[\"connect\"]", "42[\"connect_error\"]",
        "42[\"disconnect\"]", "42[\"disconnecting\"]", "42[\"newListener\"]", "42[\"removeListener\"]",
        "431{}", "41{}", "40[]", "40\"x\"", "44", "44{\"message\":\"x\"}", "45[\"a\"]",
        "451-[\"a\",{\"_placeholder\":true,\"num\":7}]", "40", "42/chat,[\"a\"]", "41/chat,",
    ])
    func packetThatIsNoneClosesTheConnection(packet: String) {
        _ = say("40")
        let events = say(packet)
        if packet.hasPrefix("451-"), events.isEmpty {
            socket.says(binary: [1], at: stage.now)
            #expect(socket.news() == [.close(nil)])
        } else {
            #expect(events == [.close(nil)])
        }
        #expect(stage.shard.sessionCount == 0 && stage.shard.readers == 0)
    }

    @Test func attachmentsComeInTheirPlace() {
        _ = say("40")
        _ = say(#"451-["a",{"_placeholder":true,"num":0}]"#)
        socket.says(binary: [1, 2], at: stage.now)
        #expect(socket.news() == [])
        _ = say(#"451-["a",{"_placeholder":true,"num":0}]"#)
        #expect(say(#"42["b"]"#) == [.close(nil)], "a text while one is awaited")
    }

    @Test func attachmentThatNobodyAwaitsClosesTheConnection() {
        _ = say("40")
        socket.says(binary: [1], at: stage.now)
        #expect(socket.news() == [.close(nil)])
    }

    @Test(arguments: [
        "42", "42[\"error\"]", "42[7]", "431", "4399999999999999999999[]", "4299999999999999999999[\"a\"]",
    ])
    func harmlessPacketIsIgnored(packet: String) {
        _ = say("40")
        #expect(say(packet) == [])
        #expect(stage.shard.sessionCount == 1)
    }

    @Test func nothingButConnectComesFirst() {
        #expect(say(#"42["a"]"#) == [.close(nil)])
    }

    @Test func namespacesOfOneClientAreBounded() {
        let stage = Stage { $0.settings.maxNamespaces = 1 }
        let socket = stage.askSocket(Stage.socket)
        socket.says("40", at: stage.now)
        _ = socket.news()
        socket.says("40/chat,", at: stage.now)
        #expect(socket.news() == [.text(#"44/chat,{"message":"Too many namespaces"}"#)])
        socket.says("41", at: stage.now)
        socket.says("40/chat,", at: stage.now)
        #expect(socket.news().count == 1, "there is room again")
    }

    // MARK: Over polling

    @Test func parseErrorEndsTheHeldPoll() {
        let guest = stage.handshake()
        let poll = guest.poll()
        #expect(guest.post("4x").news() == [.answer(200, "ok")])
        #expect(poll.news() == [.answer(200, "1")])
    }

    /// Found by reading: what stands behind a bad packet in the same payload must not join anything any more.
    @Test(arguments: ["4x\u{1e}40", "40\u{1e}40\u{1e}41\u{1e}40", "42[\"a\"]\u{1e}40"])
    func nothingIsReadBehindAParseError(body: String) {
        let guest = stage.handshake()
        guest.poll()
        guest.post(body)
        guest.poll()
        guest.poll()
        #expect(stage.shard.sessionCount == 1, "the one on the WebSocket")
        #expect(stage.shard.readers == 0)
    }
}
