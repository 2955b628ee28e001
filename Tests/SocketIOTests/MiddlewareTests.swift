import SocketIO
import SocketIOCore
import Testing

/// Who is let into a namespace, and namespaces that come and go.
@Suite struct MiddlewareTests {
    private func guarded() -> Stage {
        Stage {
            let chat = $0.namespace("/chat")
            chat.use { socket in
                guard socket.handshake.parameter("token") == "x" || socket.handshake.auth?["token"] == "x"
                else {
                    throw ConnectError("not authorized", data: ["code": "E1"])
                }
                socket.data["name"] = "Ann"
            }
            chat.onConnect { socket in try socket.emit("welcome", socket.data["name"] ?? .null) }
        }
    }

    @Test(arguments: [
        (Speaker.Tongue.engine4, #"44/chat,{"message":"not authorized","data":{"code":"E1"}}"#),
        (.engine3, #"44/chat,{"code":"E1"}"#), (.v09, "7::/chat:2"),
    ])
    func refusalIsTold(tongue: Speaker.Tongue, packet: String) async {
        let stage = guarded()
        let speaker = Speaker(tongue, on: stage)
        #expect(speaker.join("/chat") == [], "not before it is decided")
        await stage.turn()
        #expect(speaker.news() == [.text(packet)])
        #expect(stage.shard.sessionCount == 1, "the connection stays")
    }

    @Test(arguments: Speaker.Tongue.allCases)
    func whoIsLetInJoins(tongue: Speaker.Tongue) async {
        let stage = guarded()
        let speaker = Speaker(tongue, on: stage, query: "token=x")
        #expect(speaker.join("/chat") == [])
        await stage.turn()
        #expect(speaker.news().count == 1, "the answer to the join")
        await stage.turn()
        #expect(speaker.news() == [speaker.event("welcome", #""Ann""#, namespace: "/chat")])
    }

    @Test func errorThatIsNoRefusalSaysNothingOfItself() async {
        struct Secret: Error {}
        let stage = Stage { $0.namespace("/chat").use { _ in throw Secret() } }
        let speaker = Speaker(.engine4, on: stage)
        speaker.join("/chat")
        await stage.turn()
        #expect(speaker.news() == [.text(#"44/chat,{"message":"Internal server error"}"#)])
        #expect(await stage.failures.next()?.event == "middleware")
    }

    @Test func defaultNamespaceOfOlderClientsIsGuardedToo() async {
        let stage = Stage { $0.namespace("/").use { _ in throw ConnectError("no") } }
        let speaker = Speaker(.engine3, on: stage)
        await stage.turn()
        #expect(speaker.news() == [.text(#"44"no""#)])
        let old = Speaker(.v09, on: stage)
        await stage.turn()
        #expect(old.news() == [.text("7:::2")])
    }

    /// A reader may name any place in a text, and any pid: that is no way around the middleware.
    @Test func namingAPlaceOpensNoDoor() async {
        let stage = Stage { $0.namespace("/").use { _ in throw ConnectError("no") } }
        let speaker = Speaker(.engine4, on: stage)
        speaker.join(auth: #"{"pid":"AAAAAAAAAAAAAAAAAAAA","offset":"1"}"#)
        await stage.turn()
        #expect(speaker.news() == [.text(#"44{"message":"no"}"#)])
    }

    /// It has not joined yet, so what it says there is as wrong as with the reference.
    @Test func nothingIsSaidBeforeTheAnswer() async {
        let stage = guarded()
        let speaker = Speaker(.engine4, on: stage)
        speaker.join("/chat", auth: #"{"token":"x"}"#)
        speaker.emit("hello", namespace: "/chat")
        #expect(speaker.news() == [.close(nil)])
        await stage.turn()
        #expect(speaker.news() == [] && stage.shard.sessionCount == 0)
    }

    @Test func whoLeavesMeanwhileDoesNotJoin() async {
        let stage = guarded()
        let speaker = Speaker(.engine4, on: stage)
        speaker.join("/chat", auth: #"{"token":"x"}"#)
        speaker.say("41/chat,")
        await stage.turn()
        #expect(speaker.news() == [] && stage.shard.sessionCount == 1)
    }

    /// A middleware that never decides is bounded by the time to connect.
    @Test func undecidedClientIsClosed() async {
        let stage = Stage { $0.namespace("/chat").use { _ in try await Task.sleep(for: .seconds(3600)) } }
        let speaker = Speaker(.engine4, on: stage)
        speaker.join("/chat")
        for _ in 0..<3 {
            stage.pass(.milliseconds(20_001))
            speaker.say("3")
        }
        #expect(speaker.news().last == .close(nil))
    }

    @Test func middlewareMayPutASocketIntoRooms() async {
        let stage = Stage { $0.namespace("/chat").use { try $0.join("red") } }
        let speaker = Speaker(.engine4, on: stage)
        speaker.join("/chat")
        await stage.turn(2)
        #expect(speaker.news().count == 1, "the answer to the join")
        try? stage.server.namespace("/chat").to("red").emit("hi")
        await stage.turn()
        #expect(speaker.news() == [speaker.event("hi", namespace: "/chat")])
    }

    /// The room is left while the client leaves the namespace and comes back: it is not in that room.
    @Test func roomThatIsLeftWithTheNamespaceIsLeft() async throws {
        let here = Notes<Socket>()
        let stage = Stage { $0.namespace("/chat").onConnect { here.write($0) } }
        let speaker = Speaker(.engine4, on: stage)
        speaker.join("/chat")
        let socket = try #require(await here.next())
        try socket.join("red")
        await stage.turn()
        socket.leave("red")
        speaker.say("41/chat,")
        speaker.join("/chat")
        await stage.turn()
        _ = speaker.news()
        try stage.server.namespace("/chat").to("red").emit("hi")
        await stage.turn()
        #expect(speaker.news() == [])
    }

    // MARK: By predicate

    @Test(arguments: Speaker.Tongue.allCases)
    func namespaceIsMadeForItsFirstSocket(tongue: Speaker.Tongue) async throws {
        let heard = Notes<String>()
        let stage = Stage {
            let games = $0.namespaces { $0.hasPrefix("/game-") }
            games.onConnect { heard.write($0.namespace.name) }
            try! games.on("move") { (socket: Socket, move: String) in
                try socket.namespace.emit("moved", move)
            }
        }
        let first = Speaker(tongue, on: stage)
        let second = Speaker(.engine4, on: stage)
        let third = Speaker(.engine4, on: stage)
        first.join("/game-1")
        second.join("/game-1")
        third.join("/game-2")
        #expect(Set([await heard.next(), await heard.next(), await heard.next()]) == ["/game-1", "/game-2"])
        first.emit("move", #""e4""#, namespace: "/game-1")
        await stage.turn()
        #expect(first.news() == [first.event("moved", #""e4""#, namespace: "/game-1")])
        #expect(second.news() == [second.event("moved", #""e4""#, namespace: "/game-1")])
        #expect(third.news() == [])
        #expect(third.join("/other") == [.text(#"44/other,{"message":"Invalid namespace"}"#)])
    }

    @Test func theirNumberIsBoundedAndTheEmptyAreForgotten() {
        let stage = Stage {
            $0.settings.maxDynamicNamespaces = 1
            $0.namespaces { $0.hasPrefix("/game-") }
        }
        let speaker = Speaker(.engine4, on: stage)
        #expect(speaker.join("/game-1").count == 1)
        #expect(speaker.join("/game-2") == [.text(#"44/game-2,{"message":"Invalid namespace"}"#)])
        speaker.say("41/game-1,")
        guard case .text(let reply) = speaker.join("/game-2").first else { return #expect(Bool(false)) }
        #expect(reply.hasPrefix(#"40/game-2,{"sid":""#))
    }

    /// Who is refused leaves nothing behind, nor who goes before it is decided.
    @Test func refusedVisitorsLeaveNoNamespace() async {
        let stage = Stage {
            $0.settings.maxDynamicNamespaces = 1
            $0.settings.maxNamespaces = 1
            $0.namespaces { $0.hasPrefix("/game-") }.use { socket in
                if socket.handshake.auth?["token"] != "x" { throw ConnectError("no") }
            }
        }
        let speaker = Speaker(.engine4, on: stage)
        for number in 0..<3 {
            speaker.join("/game-\(number)")
            await stage.turn()
            #expect(speaker.news() == [.text(#"44/game-\#(number),{"message":"no"}"#)])
        }
        speaker.join("/game-gone")
        speaker.link.hangsUp(at: stage.now)
        await stage.turn()
        let other = Speaker(.engine4, on: stage)
        other.join("/game-left")
        other.say("41/game-left,")
        await stage.turn()
        other.join("/game-in", auth: #"{"token":"x"}"#)
        await stage.turn()
        guard case .text(let reply) = other.news().first else { return #expect(Bool(false)) }
        #expect(reply.hasPrefix(#"40/game-in,{"sid":""#))
        // One too many does not even stand at a door.
        #expect(other.join("/game-more") == [.text(#"44/game-more,{"message":"Too many namespaces"}"#)])
    }

    /// The decision on a request that was taken back is no decision on the next one.
    @Test func eachRequestIsDecidedByItself() async {
        let gate = Notes<String>()
        let stage = Stage {
            $0.namespace("/chat").use { socket in
                _ = await gate.next()
                if socket.handshake.auth?["token"] != "x" { throw ConnectError("no") }
            }
        }
        let speaker = Speaker(.engine4, on: stage)
        speaker.join("/chat", auth: #"{"token":"x"}"#)
        speaker.say("41/chat,")
        gate.write("go")
        await stage.turn()
        #expect(speaker.news() == [])
        speaker.join("/chat")
        gate.write("go")
        await stage.turn()
        #expect(speaker.news() == [.text(#"44/chat,{"message":"no"}"#)])
    }
}
