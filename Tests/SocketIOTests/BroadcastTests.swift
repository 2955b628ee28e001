import SocketIO
import SocketIOCore
import Testing

/// Rooms, and what is said to many.
@Suite struct BroadcastTests {
    /// Three clients of three generations in `/chat`, and their sockets.
    private final class Party {
        let stage: Stage
        let chat: Namespace
        var speakers: [Speaker] = []
        var sockets: [Socket] = []

        init(_ change: (inout Server) -> Void = { _ in }) async {
            let arrivals = Notes<Socket>()
            stage = Stage {
                change(&$0)
                $0.namespace("/chat").onConnect { arrivals.write($0) }
            }
            chat = stage.server.namespace("/chat")
            for tongue in [Speaker.Tongue.engine4, .engine3, .v09] {
                let speaker = Speaker(tongue, on: stage)
                speaker.join("/chat")
                speakers.append(speaker)
                sockets.append(await arrivals.next()!)
            }
        }

        /// Who of the three has heard exactly this, and nobody anything else.
        func hearers(of event: String, _ arguments: String...) -> [Int] {
            speakers.indices.filter { index in
                let news = speakers[index].news()
                if news.isEmpty { return false }
                #expect(news == [Self.event(event, arguments, for: speakers[index])])
                return true
            }
        }

        private static func event(_ name: String, _ arguments: [String], for speaker: Speaker)
            -> RecordingLink.Event
        {
            arguments.isEmpty
                ? speaker.event(name, namespace: "/chat")
                : speaker.event(name, arguments.joined(separator: ","), namespace: "/chat")
        }
    }

    @Test func everybodyHearsWhatIsSaidToTheNamespace() async throws {
        let party = await Party()
        let stranger = Speaker(.engine4, on: party.stage)
        try party.chat.emit("news", "x", 1)
        await party.stage.turn()
        #expect(party.hearers(of: "news", #""x""#, "1") == [0, 1, 2])
        #expect(stranger.news() == [], "it is not in the namespace")
    }

    @Test func roomsAreJoinedAndLeft() async throws {
        let party = await Party()
        try party.sockets[0].join("a", "b")
        try party.sockets[1].join("b")
        #expect(party.sockets[0].rooms == ["a", "b"])
        try party.chat.to("a").emit("one")
        try party.chat.to("b").emit("two")
        await party.stage.turn(3)
        #expect(party.hearers(of: "one") == [0])
        await party.stage.turn()
        #expect(party.hearers(of: "two") == [0, 1])
        party.sockets[0].leave("b")
        try party.chat.in("b").emit("three")
        await party.stage.turn(2)
        #expect(party.hearers(of: "three") == [1])
        try party.chat.to("nowhere").emit("four")
        await party.stage.turn()
        #expect(party.hearers(of: "four") == [])
    }

    /// One that is in two of the rooms hears it once.
    @Test func roomsAddUpAndExceptionsTakeAway() async throws {
        let party = await Party()
        try party.sockets[0].join("a", "b")
        try party.sockets[1].join("b")
        try party.sockets[2].join("c")
        await party.stage.turn(3)
        try party.chat.to("a").to("b").emit("one")
        await party.stage.turn()
        #expect(party.hearers(of: "one") == [0, 1])
        try party.chat.except("a").emit("two")
        await party.stage.turn()
        #expect(party.hearers(of: "two") == [1, 2])
        try party.chat.to("b", "c").except("a").emit("three")
        await party.stage.turn()
        #expect(party.hearers(of: "three") == [1, 2])
    }

    @Test func socketSpeaksToTheOthers() async throws {
        let party = await Party()
        for socket in party.sockets { try socket.join("a") }
        await party.stage.turn(3)
        try party.sockets[0].broadcast.emit("one")
        await party.stage.turn()
        #expect(party.hearers(of: "one") == [1, 2])
        try party.sockets[1].to("a").emit("two")
        await party.stage.turn()
        #expect(party.hearers(of: "two") == [0, 2])
        try party.sockets[1].except(party.sockets[2].id).emit("three")
        await party.stage.turn()
        #expect(party.hearers(of: "three") == [0])
        try party.sockets[0].to(party.sockets[2].id).emit("private")
        await party.stage.turn()
        #expect(party.hearers(of: "private") == [2], "an id is a room of its own")
    }

    @Test func whoHasLeftIsInNoRoom() async throws {
        let party = await Party()
        for socket in party.sockets { try socket.join("a") }
        await party.stage.turn(3)
        party.speakers[0].say("41/chat,")
        try party.chat.to("a").emit("one")
        try party.chat.to(party.sockets[0].id).emit("two")
        // Joining after the end reaches nothing.
        try party.sockets[0].join("b")
        try party.chat.to("b").emit("three")
        await party.stage.turn(4)
        #expect(party.hearers(of: "one") == [1, 2])
    }

    @Test func roomsOfASocketAreBounded() async throws {
        let party = await Party { $0.settings.maxRooms = 2 }
        try party.sockets[0].join("a", "b")
        #expect(throws: RoomLimitError.self) { try party.sockets[0].join("c", "d") }
        #expect(party.sockets[0].rooms == ["a", "b"])
        try party.sockets[0].join("a")
        party.sockets[0].leave("a")
        try party.sockets[0].join("c")
    }

    @Test func volatileEventIsNotForThoseWhoCannotTakeIt() async throws {
        let party = await Party()
        party.speakers[1].link.stalls()
        try party.chat.volatile.emit("one")
        try party.sockets[1].volatile.emit("two")
        await party.stage.turn(2)
        #expect(party.hearers(of: "one") == [0, 2])
        party.speakers[1].link.takes(at: party.stage.now)
        #expect(party.speakers[1].news() == [])
        try party.sockets[1].volatile.emit("three")
        await party.stage.turn()
        #expect(party.hearers(of: "three") == [1])
    }

    @Test func bytesTravelAsEachGenerationCarriesThem() async throws {
        let party = await Party()
        try party.chat.emit("bin", [1, 2] as [UInt8], "x")
        await party.stage.turn()
        let text = #"451-/chat,["bin",{"_placeholder":true,"num":0},"x"]"#
        #expect(party.speakers[0].news() == [.text(text), .binary([1, 2])])
        #expect(party.speakers[1].news() == [.text(text), .binary([4, 1, 2])])
        #expect(
            party.speakers[2].news() == [
                .text(#"5::/chat:{"name":"bin","args":[{"type":"Buffer","data":[1,2]},"x"]}"#)
            ])
    }

    /// Who takes nothing is closed at the bound, and the others do not notice.
    @Test func broadcastsForAStalledClientAreBounded() async throws {
        let party = await Party { $0.settings.maxBuffered = 1_000 }
        party.speakers[0].link.stalls()
        for _ in 0..<20 { try party.chat.emit("x", String(repeating: "y", count: 100)) }
        await party.stage.turn(20)
        #expect(party.speakers[0].news() == [.close(nil)])
        #expect(party.speakers[1].news().count == 20 && party.speakers[2].news().count == 20)
        #expect(party.stage.shard.sessionCount == 2)
    }

    // MARK: Everybody at once

    @Test func socketsAreFetchedInstructedAndEnded() async throws {
        let party = await Party()
        party.sockets[0].data["name"] = "Ann"
        try party.sockets[0].join("a")
        await party.stage.turn()
        let found = Task { [chat = party.chat] in await chat.in("a").fetchSockets() }
        await party.stage.turn()
        let ann = try #require(await found.value.first)
        #expect(ann.id == party.sockets[0].id && ann.rooms == ["a", ann.id] && ann.data == ["name": "Ann"])
        party.chat.except("a").socketsJoin("b")
        try party.chat.to("b").emit("one")
        await party.stage.turn(2)
        #expect(party.hearers(of: "one") == [1, 2])
        #expect(party.sockets[1].rooms == ["b"])
        party.chat.socketsLeave("a", "b")
        try party.chat.to("a", "b").emit("two")
        await party.stage.turn(2)
        #expect(party.hearers(of: "two") == [])
        ann.join("c")
        try ann.emit("three")
        await party.stage.turn(2)
        #expect(party.hearers(of: "three") == [0])
        party.chat.disconnectSockets(close: true)
        await party.stage.turn()
        #expect(party.stage.shard.sessionCount == 0)
    }

    @Test func everybodyIsAsked() async throws {
        let party = await Party()
        let replies = Task { [chat = party.chat] in
            try await chat.timeout(.seconds(30)).emitWithAcks("ready", "?")
        }
        await party.stage.turn()
        for (index, speaker) in party.speakers.enumerated() {
            let id = index == 2 ? 1 : 0
            #expect(speaker.news() == [speaker.event("ready", #""?""#, namespace: "/chat", id: id)])
            speaker.acknowledge(id, "\(index)", namespace: "/chat")
        }
        #expect(try await replies.value.map(\.arguments) == [[0], [1], [2]])
    }

    @Test func whoDoesNotAnswerIsCounted() async throws {
        let party = await Party()
        let replies = Task { [chat = party.chat] in
            try await chat.timeout(.milliseconds(50)).emitWithAcks("ready")
        }
        await party.stage.turn()
        party.speakers[0].acknowledge(0, "7", namespace: "/chat")
        let error = await #expect(throws: BroadcastTimeout.self) { try await replies.value }
        #expect(error?.replies.map(\.arguments) == [[7]] && error?.missing == 2)
    }

    // MARK: Cost

    /// Two event loops, many receivers: one frame for each generation, and one hop to each loop.
    @Test func eventIsEncodedOnceForAllReceiversOfAGeneration() async throws {
        let server = Server()
        let chat = server.namespace("/chat")
        let loops = [TestLoop(), TestLoop()]
        let now = Instant(nanoseconds: 0)
        server.registry.hub.open(loops: loops.map(\.entry), now: { now }, report: { _ in })
        var links: [FrameLink] = []
        var shards: [Shard] = []
        for (index, loop) in loops.enumerated() {
            var draws: UInt64 = 0
            let shard = Shard(
                server: server, index: UInt8(index), startingAt: now,
                random: {
                    draws += 1
                    return draws
                },
                onLoop: loop.entry)
            shards.append(shard)
            for revision in [3, 4, 3, 4] {
                let link = FrameLink()
                let request = Request(
                    method: "GET", target: "/socket.io/?EIO=\(revision)&transport=websocket",
                    headers: [
                        ("Host", "a"), ("Connection", "Upgrade"), ("Upgrade", "websocket"),
                        ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                    ])
                shard.received(request, on: link, at: now)
                link.delegate?.link(link, receivedText: Array("40/chat,".utf8)[...], at: now)
                link.frames = []
                links.append(link)
            }
        }
        try chat.emit("first")
        try chat.emit("second")
        for (shard, loop) in zip(shards, loops) {
            for _ in 0..<2 { await loop.next()?(shard, now) }
            #expect(loop.isIdle, "one hop an event")
        }
        for (index, link) in links.enumerated() {
            #expect(link.frames.count == 2)
            #expect(link.frames[0] === links[index % 2].frames[0], "the same frame")
            #expect(String(decoding: link.frames[1].packet, as: UTF8.self) == #"42/chat,["second"]"#)
        }
    }
}

/// A link that keeps the frames it was given.
private final class FrameLink: Link {
    var frames: [Frame] = []
    var delegate: (any LinkDelegate)?
    var isReady: Bool { true }

    func respond(_ response: Response) {}
    func respond(counted make: @escaping @Sendable (Totals) -> Response) {}
    func openStream(_ head: Response) {}
    func openSocket(accept: String, headers: [(name: String, value: String)], maxMessageBytes: Int?) {}
    func write(_ frame: Frame) { frames.append(frame) }
    func write(_ packet: Outgoing) { if case .frame(let frame) = packet { write(frame) } }
    func ping() {}
    func flush() {}
    func endStream() {}
    func closeSocket(code: UInt16?) {}
    func abort() {}
}
