import SocketIO
import SocketIOCore
import Testing

/// How a feed reaches clients that are quick, slow, or gone; and what they may cost.
@Suite struct ReadingTests {
    private static func line(_ number: Int) -> RecordingLink.Event {
        .text(#"42["line","\#(["one", "two", "three"][number - 1])","\#(number)"]"#)
    }

    @Test func entriesComeOnTheirMoments() {
        let stage = Stage()
        let socket = stage.askSocket(Stage.socket)
        socket.says("40", at: stage.now)
        _ = socket.news()
        stage.pass(.milliseconds(999))
        #expect(socket.news() == [])
        stage.pass(.milliseconds(6))
        #expect(socket.news() == [Self.line(2)])
        stage.pass(.milliseconds(994))
        #expect(socket.news() == [], "measured from the start, without drift")
        stage.pass(.milliseconds(6))
        #expect(socket.news() == [Self.line(3), .text("41"), .close(nil)])
    }

    @Test func slowSocketGetsNothingUntilItTakesAgain() {
        let stage = Stage()
        let socket = stage.askSocket(Stage.socket)
        socket.says("40", at: stage.now)
        _ = socket.news()
        socket.stalls()
        stage.pass(.seconds(5))
        #expect(socket.news() == [])
        socket.takes(at: stage.now)
        #expect(socket.news() == [Self.line(2), Self.line(3), .text("41"), .close(nil)])
    }

    @Test func pollTakesOneEntryAtATime() {
        let stage = Stage()
        let guest = stage.handshake()
        guest.post("40")
        stage.pass(.seconds(5))
        #expect(guest.poll().body.hasSuffix("\u{1e}" + #"42["line","one","1"]"#))
        #expect(guest.poll().body == #"42["line","two","2"]"#)
        #expect(guest.poll().body == #"42["line","three","3"]"# + "\u{1e}41")
        #expect(guest.poll().body == "6\u{1e}1")
        #expect(stage.shard.sessionCount == 0 && stage.shard.readers == 0)
    }

    @Test func goodbyeDoesNotWaitForever() {
        let stage = Stage()
        let guest = stage.handshake()
        guest.post("40")
        for _ in 1...3 {
            guest.poll()
            stage.pass(.seconds(1))
        }
        #expect(stage.shard.sessionCount == 1 && stage.shard.readers == 0)
        stage.pass(.seconds(30))
        #expect(stage.shard.sessionCount == 0)
    }

    @Test func readingThatStaysKeepsTheConnection() {
        var feed = ListFeed()
        feed.stays = true
        let stage = Stage(feed: feed)
        let socket = stage.askSocket(Stage.socket)
        socket.says("40", at: stage.now)
        stage.pass(.seconds(10))
        #expect(socket.news().last == Self.line(3))
        stage.pass(.milliseconds(10_010))
        #expect(socket.news() == [.text("2")])
    }

    // MARK: Bounds

    @Test func clientThatTakesNothingIsClosedAtTheLimit() {
        let stage = Stage { $0.settings.maxBuffered = 100 }
        let guest = stage.handshake()
        // 44 bytes each.
        guest.post("40/no,\u{1e}40/no,")
        #expect(stage.shard.sessionCount == 1)
        guest.post("40/no,")
        #expect(stage.shard.sessionCount == 0)
    }

    /// Found by reading: the confirmation itself may be the packet that is too much.
    @Test func readerThatNeverBeganIsNotCounted() {
        let stage = Stage { $0.settings.maxBuffered = 10 }
        stage.handshake().post("40")
        #expect(stage.shard.sessionCount == 0)
        #expect(stage.shard.readers == 0)
    }

    @Test func packetsOfAPayloadAreBounded() {
        let stage = Stage { $0.settings.maxPackets = 3 }
        let guest = stage.handshake()
        guest.post(["40/chat,", "3", "3"].joined(separator: "\u{1e}"))
        #expect(guest.poll().body.hasPrefix("40/chat,"))
        guest.post(["3", "3", "3", "3"].joined(separator: "\u{1e}"))
        #expect(stage.shard.sessionCount == 0)
    }

    // MARK: The end of the server

    @Test func drainingSaysGoodbyeInEveryProtocol() {
        let stage = Stage()
        let held = stage.handshake()
        let poll = held.poll()
        let absent = stage.handshake()
        let socket = stage.askSocket(Stage.socket)
        let raw = stage.askSocket("/ws")
        let stream = stage.ask("GET", "/sse")
        let text = stage.ask("GET", "/text")
        for link in [socket, raw, stream, text] { _ = link.news() }
        stage.shard.beginDraining(over: .seconds(2), at: stage.now)
        #expect([socket, raw, stream, text, poll].allSatisfy { $0.news().isEmpty }, "each has its moment")
        for link in [socket, raw, stream, text, poll] { link.delegate?.linkMustEnd(link, at: stage.now) }
        #expect(poll.news() == [.answer(200, "1")])
        #expect(socket.news() == [.close(nil)])
        #expect(raw.news() == [.close(1001)])
        guard case .text(let hint) = stream.news().first, hint.hasPrefix("retry ") else {
            Issue.record("an EventSource is told when to come back")
            return
        }
        #expect((500..<2500).contains(Int(hint.dropFirst(6)) ?? 0), "\(hint)")
        #expect(text.news() == [.abort], "it is not whole")
        #expect(absent.poll().news() == [.answer(200, "6\u{1e}1")])
        #expect(stage.shard.sessionCount == 0 && stage.shard.readers == 0)
    }

    @Test func goodbyesAndHintsAreDrawnFromTheWindow() {
        let stage = Stage()
        stage.shard.beginDraining(over: .seconds(2), at: stage.now)
        let moments = (0..<100).map { _ in stage.shard.goodbye(at: stage.now) }
        #expect(moments.allSatisfy { $0 >= stage.now && $0 < stage.now + .seconds(2) })
        #expect(Set(moments).count > 90)
    }

    @Test func drainingTakesNobodyNew() {
        let stage = Stage()
        stage.shard.drain(at: stage.now)
        #expect(stage.ask("GET", Stage.polling).response?.status == 503)
        #expect(stage.askSocket(Stage.socket).response?.status == 503)
        #expect(stage.askSocket("/ws").response?.status == 503)
        #expect(stage.ask("GET", "/text").response?.status == 503)
        #expect(stage.ask("GET", "/").response?.status == 200)
        #expect(stage.shard.sessionCount == 0 && stage.shard.readers == 0)
    }
}
