import SocketIO
import SocketIOCore
import Testing

/// From polling to a WebSocket, with the links.
@Suite struct UpgradeTests {
    private let stage = Stage()
    private let guest: Guest

    init() { guest = stage.handshake() }

    private static let badRequest: [RecordingLink.Event] = [
        .answer(400, #"{"code":3,"message":"Bad request"}"#)
    ]

    @Test func upgradeCarriesTheReadingOn() {
        guest.post("40")
        #expect(guest.poll().body.hasSuffix(#"42["line","one","1"]"#))
        let poll = guest.poll()
        let socket = guest.upgrade()
        socket.says("2probe", at: stage.now)
        #expect(socket.news() == [.socket, .text("3probe")])
        #expect(poll.news() == [.answer(200, "6")])
        socket.says("5", at: stage.now)
        stage.pass(.milliseconds(1005))
        #expect(socket.news() == [.text(#"42["line","two","2"]"#)])
        stage.pass(.seconds(1))
        #expect(socket.news() == [.text(#"42["line","three","3"]"#), .text("41"), .close(nil)])
        #expect(stage.shard.sessionCount == 0 && stage.shard.readers == 0)
    }

    @Test func queuedPacketsFollowOnTheSocket() {
        let socket = guest.upgrade()
        socket.says("2probe", at: stage.now)
        guest.post("40")
        #expect(socket.news() == [.socket, .text("3probe")])
        socket.says("5", at: stage.now)
        let events = socket.news()
        #expect(events.count == 2 && events.last == .text(#"42["line","one","1"]"#))
    }

    @Test func pollDuringTheProbeIsEndedSoon() {
        let socket = guest.upgrade()
        socket.says("2probe", at: stage.now)
        let poll = guest.poll()
        #expect(poll.news() == [])
        stage.pass(.milliseconds(105))
        #expect(poll.news() == [.answer(200, "6")])
        let last = guest.poll()
        socket.says("5", at: stage.now)
        #expect(last.news() == [.answer(200, "1")])
    }

    @Test func pollingBehindTheSwitchIsABadRequest() {
        let socket = guest.upgrade()
        socket.says("5", at: stage.now)
        #expect(guest.poll().news() == Self.badRequest)
        #expect(guest.post("40").news() == Self.badRequest)
        #expect(stage.ask("PUT", guest.address).news() == Self.badRequest)
        socket.says("40/chat,", at: stage.now)
        #expect(socket.news().count == 2, "and the session goes on")
    }

    /// Found by reading: a late POST whose body follows its head, and then the end of its connection.
    @Test func latePostInTwoPartsLeavesTheSocket() {
        let socket = guest.upgrade()
        socket.says("5", at: stage.now)
        let late = RecordingLink()
        let request = Request(method: "POST", target: guest.address, body: Array("40".utf8))
        stage.shard.bodyBegan(request, on: late, at: stage.now)
        if late.events.isEmpty { stage.shard.received(request, on: late, at: stage.now) }
        #expect(late.news() == Self.badRequest)
        late.hangsUp(at: stage.now)
        #expect(stage.shard.sessionCount == 1)
        #expect(socket.news() == [.socket])
    }

    @Test(arguments: ["40", "2", "x", ""])
    func otherPacketClosesTheProbeOnly(text: String) {
        let socket = guest.upgrade()
        socket.says(text, at: stage.now)
        #expect(socket.news() == [.socket, .close(nil)])
        #expect(guest.post("40").news() == [.answer(200, "ok")])
        #expect(guest.poll().body.hasPrefix("40{"))
    }

    @Test func binaryFrameClosesTheProbeOnly() {
        let socket = guest.upgrade()
        socket.says(binary: [1], at: stage.now)
        #expect(socket.news() == [.socket, .close(nil)])
        #expect(stage.shard.sessionCount == 1)
    }

    @Test func slowUpgradeClosesTheProbeOnly() {
        guest.post("40/chat,")
        let socket = guest.upgrade()
        socket.says("2probe", at: stage.now)
        stage.pass(.milliseconds(10_005))
        #expect(socket.news() == [.socket, .text("3probe"), .close(nil)])
        #expect(guest.poll().body.hasPrefix("40/chat,"))
    }

    @Test func secondSocketIsTurnedAway() {
        let first = guest.upgrade()
        let second = guest.upgrade()
        #expect(second.news() == [.socket, .close(nil)])
        first.says("5", at: stage.now)
        #expect(guest.upgrade().news() == [.socket, .close(nil)])
        #expect(first.news() == [.socket])
    }

    @Test func lostProbeAllowsAnother() {
        guest.upgrade().hangsUp(at: stage.now)
        let again = guest.upgrade()
        again.says("2probe", at: stage.now)
        #expect(again.news() == [.socket, .text("3probe")])
    }

    @Test func lostSocketEndsTheSession() {
        let socket = guest.upgrade()
        socket.says("5", at: stage.now)
        socket.says("40", at: stage.now)
        #expect(stage.shard.readers == 1)
        socket.hangsUp(at: stage.now)
        #expect(stage.shard.sessionCount == 0 && stage.shard.readers == 0)
    }
}
