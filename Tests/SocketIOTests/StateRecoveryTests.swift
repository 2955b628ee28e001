import SocketIO
import SocketIOCore
import Testing

/// Connection state recovery of applications that speak both ways (Socket.IO 4).
@Suite struct StateRecoveryTests {
    private let arrivals = Notes<Socket>()

    private func stage(_ change: @escaping (inout RecoverySettings, Namespace) -> Void = { _, _ in }) -> Stage
    {
        let arrivals = arrivals
        return Stage {
            var recovery = RecoverySettings()
            let chat = $0.namespace("/chat")
            change(&recovery, chat)
            $0.settings.recovery = recovery
            chat.onConnect { arrivals.write($0) }
        }
    }

    @Test func whatWasMissedIsHeardInOrderAndOnce() async throws {
        let stage = stage()
        let chat = stage.server.namespace("/chat")
        let visitor = Visitor(on: stage)
        let socket = try #require(await arrivals.next())
        socket.data["name"] = "Ann"
        try socket.join("room")
        try chat.emit("news", 0)
        await stage.turn(2)
        let (events, offset) = visitor.heard()
        #expect(events == [#"42/chat,["news",0]"#] && offset.utf8.count == 7)

        visitor.speaker.link.hangsUp(at: stage.now)
        try chat.emit("news", 1)
        try chat.to("room").emit("news", 2)
        try chat.to("elsewhere").emit("news", 3)
        try chat.except("room").emit("news", 4)
        try chat.to(socket.id).emit("news", 5)
        try chat.volatile.emit("news", 6)
        await stage.turn(6)
        // On its way when it comes back: it belongs to what was missed, and must not come twice.
        try chat.emit("news", 7)
        let back = visitor.back(on: stage, offset: offset)
        await stage.turn()
        #expect(back.missed.map(Visitor.withoutOffset) == [1, 2, 5, 7].map { #"42/chat,["news",\#($0)]"# })
        #expect(back.id == visitor.id && back.pid == visitor.pid)
        #expect(back.speaker.news() == [])
        let returned = try #require(await arrivals.next())
        #expect(returned.isRecovered && returned.rooms == ["room"] && returned.data == ["name": "Ann"])
        try chat.to("room").emit("news", 8)
        await stage.turn()
        #expect(back.heard().events == [#"42/chat,["news",8]"#], "its rooms are its own again")
    }

    @Test(arguments: ["AAAAAAA", "", "x", "7", "\\u0000"])
    func offsetThatIsNotKeptStartsAfresh(offset: String) async throws {
        let stage = stage()
        let (visitor, _) = try await left(stage)
        let back = visitor.back(on: stage, offset: offset)
        #expect(back.id != visitor.id && back.missed == [])
        #expect(try #require(await arrivals.next()).isRecovered == false)
    }

    @Test func afterTheTimeNobodyIsKnown() async throws {
        let stage = stage { recovery, _ in recovery.maxDisconnectionDuration = .seconds(10) }
        let (visitor, offset) = try await left(stage)
        stage.pass(.seconds(11))
        #expect(visitor.back(on: stage, offset: offset).id != visitor.id)
    }

    @Test func whoLeftOnPurposeIsAStranger() async throws {
        let stage = stage()
        let visitor = Visitor(on: stage)
        _ = await arrivals.next()
        try stage.server.namespace("/chat").emit("news")
        await stage.turn()
        let offset = visitor.heard().offset
        visitor.speaker.say("41/chat,")
        #expect(visitor.back(on: stage, offset: offset).id != visitor.id)
    }

    @Test(arguments: [true, false])
    func middlewareIsAskedAgainIfTheSettingSaysSo(skips: Bool) async throws {
        let stage = stage { recovery, chat in
            recovery.skipMiddlewares = skips
            chat.use { socket in
                if socket.handshake.auth?["token"] != "x" { throw ConnectError("no") }
            }
        }
        let speaker = Speaker(.engine4, on: stage)
        speaker.join("/chat", auth: #"{"token":"x"}"#)
        await stage.turn()
        let ids = try #require(speaker.news().first.flatMap(Visitor.text)).split(separator: "\"")
        try stage.server.namespace("/chat").emit("news")
        await stage.turn()
        let offset = Visitor.offset(try #require(speaker.news().first.flatMap(Visitor.text)))
        speaker.link.hangsUp(at: stage.now)
        let again = Speaker(.engine4, on: stage)
        again.join("/chat", auth: #"{"pid":"\#(ids[7])","offset":"\#(offset)"}"#)
        if skips {
            #expect(stage.loop.isIdle)
        } else {
            await stage.turn()
            #expect(again.news() == [.text(#"44/chat,{"message":"no"}"#)])
        }
    }

    /// Said while the middleware was asked about someone who is back: it was not there, and did not miss it before.
    @Test func whatIsSaidWhileTheMiddlewareThinksIsHeardOnce() async throws {
        let stage = stage { recovery, chat in
            recovery.skipMiddlewares = false
            chat.use { _ in }
        }
        let chat = stage.server.namespace("/chat")
        let speaker = Speaker(.engine4, on: stage)
        speaker.join("/chat")
        await stage.turn()
        let ids = try #require(speaker.news().first.flatMap(Visitor.text)).split(separator: "\"")
        try chat.emit("news", 0)
        await stage.turn()
        let offset = Visitor.offset(try #require(speaker.news().first.flatMap(Visitor.text)))
        speaker.link.hangsUp(at: stage.now)
        try chat.emit("news", 1)
        await stage.turn()
        let again = Speaker(.engine4, on: stage)
        again.join("/chat", auth: #"{"pid":"\#(ids[7])","offset":"\#(offset)"}"#)
        // The middleware's decision and this come in either order; both are here before they are done.
        try chat.emit("news", 2)
        await stage.turn(2)
        let heard = again.news().compactMap(Visitor.text)
        #expect(
            heard.filter { $0.hasPrefix("42") }.map(Visitor.withoutOffset)
                == [1, 2].map { #"42/chat,["news",\#($0)]"# })
        #expect(heard.contains { $0.hasPrefix(#"40/chat,{"sid":"\#(ids[3])""#) })
    }

    @Test func numberOfEventsKeptIsBounded() async throws {
        let stage = stage { recovery, _ in recovery.maxEvents = 3 }
        let (visitor, offset) = try await left(stage)
        for number in 0..<3 { try stage.server.namespace("/chat").emit("news", number) }
        await stage.turn(3)
        #expect(visitor.back(on: stage, offset: offset).id != visitor.id, "its last one is forgotten")
    }

    /// Sent to it at once, it would end the connection, and the client would come again and again for it.
    @Test func whoHasMissedMoreThanFitsStartsAfresh() async throws {
        let stage = stage()
        let (visitor, offset) = try await left(stage)
        let text = String(repeating: "x", count: 100_000)
        for _ in 0..<11 { try stage.server.namespace("/chat").emit("news", text) }
        await stage.turn(11)
        let back = visitor.back(on: stage, offset: offset)
        #expect(back.id != visitor.id && back.missed == [])
        #expect(try #require(await arrivals.next()).isRecovered == false)
        try stage.server.namespace("/chat").emit("news", 1)
        await stage.turn()
        #expect(back.heard().events == [#"42/chat,["news",1]"#])
        #expect(visitor.back(on: stage, offset: offset).id != visitor.id, "nor the next time")
    }

    @Test func numberOfClientsRememberedIsBounded() async throws {
        let stage = stage { recovery, _ in recovery.maxClients = 1 }
        let (first, offset) = try await left(stage)
        let (second, later) = try await left(stage)
        #expect(first.back(on: stage, offset: offset).id != first.id)
        #expect(second.back(on: stage, offset: later).id == second.id)
    }

    /// Acknowledgements, questions and volatile events have no offset, as in the reference.
    @Test func onlyWhatCanBeRecoveredHasAnOffset() async throws {
        let stage = stage { _, chat in try! chat.answer("ask") { (_: Socket) in "answer" } }
        let visitor = Visitor(on: stage)
        let socket = try #require(await arrivals.next())
        visitor.speaker.emit("ask", namespace: "/chat", id: 1)
        await stage.turn()
        try socket.volatile.emit("volatile", "x")
        await stage.turn()
        let question = Task { try await socket.emitWithAck("question", "q") }
        await stage.turn()
        question.cancel()
        #expect(
            visitor.speaker.news() == [
                .text(#"43/chat,1["answer"]"#), .text(#"42/chat,["volatile","x"]"#),
                .text(#"42/chat,0["question","q"]"#),
            ])
        try socket.emit("own", "x")
        await stage.turn()
        let text = try #require(visitor.speaker.news().first.flatMap(Visitor.text))
        #expect(Visitor.withoutOffset(text) == #"42/chat,["own","x"]"# && Visitor.offset(text) != "x")
    }

    @Test func clientsThatKnowNoOffsetsGetNone() async throws {
        let stage = stage()
        let old = Speaker(.engine3, on: stage)
        old.join("/chat")
        try stage.server.namespace("/chat").emit("news", 1)
        await stage.turn()
        #expect(old.news() == [old.event("news", "1", namespace: "/chat")])
    }

    @Test func withoutTheSettingThereIsNoPid() {
        let speaker = Speaker(.engine4, on: Stage { $0.namespace("/chat").onConnect { _ in } })
        let reply = speaker.join("/chat").compactMap(Visitor.text).last ?? ""
        #expect(reply.hasPrefix(#"40/chat,{"sid":"#) && !reply.contains("pid"))
    }

    // MARK: Beside a reading

    /// A text at the end of any event would take the place of a reader's cursor; it is put back behind it.
    @Test func readersCursorSurvivesOtherEvents() async throws {
        let stage = Stage {
            try! $0.namespace("/").onEvent("echo") { socket, event in
                try socket.emit("echo", arguments: event.arguments)
            }
        }
        let speaker = Speaker(.engine4, on: stage)
        speaker.join()
        speaker.emit("echo", #""3""#)
        speaker.emit("echo", "3")
        await stage.turn(2)
        #expect(
            speaker.news() == [
                .text(#"42["echo","3"]"#), .text(#"42["cursor","1"]"#), .text(#"42["echo",3]"#),
            ])
        let old = Speaker(.engine3, on: stage)
        old.emit("echo", #""3""#)
        await stage.turn()
        #expect(old.news() == [.text(#"42["echo","3"]"#)])
    }

    /// Someone who has heard one event, and is gone.
    private func left(_ stage: Stage) async throws -> (visitor: Visitor, offset: String) {
        let visitor = Visitor(on: stage)
        _ = await arrivals.next()
        try stage.server.namespace("/chat").emit("news")
        await stage.turn()
        let offset = visitor.heard().offset
        visitor.speaker.link.hangsUp(at: stage.now)
        return (visitor, offset)
    }
}
