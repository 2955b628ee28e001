import SocketIO
import SocketIOCore
import Testing

/// Clients that come back before the server has noticed that they were gone, and what becomes of those they were.
@Suite struct EarlyReturnTests {
    private let arrivals = Notes<Socket>()
    private let diary = Notes<String>()

    private func stage(_ change: @escaping (Namespace) -> Void = { _ in }) -> Stage {
        let arrivals = arrivals
        return Stage {
            $0.settings.recovery = RecoverySettings()
            let chat = $0.namespace("/chat")
            change(chat)
            chat.onConnect { arrivals.write($0) }
        }
    }

    /// Someone who has heard one event.
    private func visitor(_ stage: Stage) async throws -> (Visitor, Socket, offset: String) {
        let visitor = Visitor(on: stage)
        let socket = try #require(await arrivals.next())
        try stage.server.namespace("/chat").emit("news", 0)
        await stage.turn()
        return (visitor, socket, visitor.heard().offset)
    }

    @Test func itsOldConnectionEndsAndItHearsWhatItMissed() async throws {
        let diary = diary
        let stage = stage { $0.onDisconnect { socket, reason in diary.write(reason.rawValue) } }
        let chat = stage.server.namespace("/chat")
        let (visitor, socket, offset) = try await visitor(stage)
        socket.data["name"] = "Ann"
        try socket.join("room")
        try chat.to("room").emit("news", 1)
        try chat.emit("news", 2)
        await stage.turn(3)
        // The server has sent both; neither came.
        _ = visitor.speaker.news()
        let back = await visitor.backEarly(on: stage, offset: offset)
        #expect(back.id == visitor.id && back.pid == visitor.pid)
        #expect(back.missed.map(Visitor.withoutOffset) == [1, 2].map { #"42/chat,["news",\#($0)]"# })
        #expect(visitor.speaker.news() == [.close(nil)])
        #expect(await diary.next() == "transport close")
        let returned = try #require(await arrivals.next())
        #expect(returned.isRecovered && returned.rooms == ["room"] && returned.data == ["name": "Ann"])
        // One hop puts it into its room again; the other is the news.
        try chat.to("room").emit("news", 3)
        while !stage.loop.isIdle { await stage.turn() }
        #expect(back.heard().events == [#"42/chat,["news",3]"#])
        #expect(!socket.isConnected && returned.isConnected)
    }

    /// Its first return never reached it: it comes again with what it knows, and takes the place of itself.
    @Test func pidIsOneConnectionsAtATime() async throws {
        let stage = stage()
        let (visitor, _, offset) = try await visitor(stage)
        visitor.speaker.link.hangsUp(at: stage.now)
        let first = visitor.back(on: stage, offset: offset)
        #expect(first.id == visitor.id)
        let second = await visitor.backEarly(on: stage, offset: offset)
        #expect(second.id == visitor.id && first.speaker.news() == [.close(nil)])
    }

    @Test func ofTwoWhoClaimOnePidOneIsLeft() async throws {
        let stage = stage()
        let (visitor, _, offset) = try await visitor(stage)
        let claimants = [Speaker(.engine4, on: stage), Speaker(.engine4, on: stage)]
        for claimant in claimants { claimant.join("/chat", auth: visitor.claim(offset)) }
        while !stage.loop.isIdle { await stage.turn() }
        let heard = claimants.map { $0.news() }
        #expect(heard.filter { $0.contains(.close(nil)) }.count == 1)
        #expect(heard.allSatisfy { $0.compactMap(Visitor.text).contains { $0.contains(visitor.id) } })
        let chat = stage.server.namespace("/chat")
        let there = Task { await chat.fetchSockets().map(\.id) }
        await stage.turn()
        #expect(await there.value == [visitor.id])
    }

    /// The application knows both by one id: it hears of the end of the one before it hears of the other.
    @Test(arguments: [false, true])
    func disconnectHandlersReturnBeforeConnectHandlersBegin(isEarly: Bool) async throws {
        let (diary, mayReturn) = (diary, Notes<Void>())
        let stage = stage { chat in
            chat.onConnect { diary.write("connect \($0.data["last words"]?.string ?? "")") }
            chat.onDisconnect { socket, _ in
                diary.write("disconnect")
                _ = await mayReturn.next()
                socket.data["last words"] = "addio"
                try socket.join("late")
                diary.write("disconnected")
            }
        }
        let (visitor, _, offset) = try await visitor(stage)
        #expect(await diary.next() == "connect ")
        if !isEarly { visitor.speaker.link.hangsUp(at: stage.now) }
        let back =
            isEarly
            ? await visitor.backEarly(on: stage, offset: offset) : visitor.back(on: stage, offset: offset)
        #expect(back.id == visitor.id, "it is in, and only its handlers wait")
        #expect(await diary.next() == "disconnect")
        // Time for a handler that did not wait.
        for _ in 0..<1_000 { await Task.yield() }
        mayReturn.write(())
        #expect(await diary.next() == "disconnected")
        #expect(await diary.next() == "connect addio")
        #expect(try #require(await arrivals.next()).rooms == ["late"])
    }

    /// A return that comes to nothing costs nothing: the client may have been cut off again, or be let in next time.
    @Test(arguments: [false, true])
    func whoIsNotLetInMayComeBackAgain(isRefused: Bool) async throws {
        let arrivals = arrivals
        let isStrict = Notes<Bool>()
        let stage = Stage {
            $0.settings.recovery = RecoverySettings()
            $0.settings.recovery?.skipMiddlewares = false
            let chat = $0.namespace("/chat")
            chat.use { _ in if await isStrict.next() == true { throw ConnectError("not now") } }
            chat.onConnect { arrivals.write($0) }
        }
        let speaker = Speaker(.engine4, on: stage)
        isStrict.write(false)
        speaker.join("/chat")
        await stage.turn()
        let visitor = Visitor(speaker, heard: speaker.news())
        _ = await arrivals.next()
        try stage.server.namespace("/chat").emit("news", 0)
        await stage.turn()
        let offset = visitor.heard().offset
        visitor.speaker.link.hangsUp(at: stage.now)

        let first = Speaker(.engine4, on: stage)
        first.join("/chat", auth: visitor.claim(offset))
        if !isRefused { first.link.hangsUp(at: stage.now) }
        isStrict.write(isRefused)
        await stage.turn()
        #expect(first.news() == (isRefused ? [.text(#"44/chat,{"message":"not now"}"#)] : []))
        let second = Speaker(.engine4, on: stage)
        isStrict.write(false)
        second.join("/chat", auth: visitor.claim(offset))
        await stage.turn()
        #expect(Visitor(second, heard: second.news()).id == visitor.id)
    }

    /// The connection that is ended may have been in other namespaces: whoever comes back for these finds them.
    @Test func otherNamespacesOfTheOldConnectionAreKept() async throws {
        let stage = stage { _ in }
        let (visitor, _, offset) = try await visitor(stage)
        let more = stage.server.namespace("/more")
        visitor.speaker.say("40/more,")
        let ids = visitor.speaker.news().compactMap(Visitor.text).last?.split(separator: "\"") ?? []
        try more.emit("news", 0)
        await stage.turn()
        let later = visitor.heard().offset
        let back = await visitor.backEarly(on: stage, offset: offset)
        back.speaker.say(#"40/more,{"pid":"\#(ids[7])","offset":"\#(later)"}"#)
        let answer = back.speaker.news().compactMap(Visitor.text)
        #expect(answer.count == 1 && answer[0].contains(ids[3]))
    }
}
