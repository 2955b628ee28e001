import SocketIO
import SocketIOCore
import Testing

/// Polls, POSTs and upgrades of one session.
@Suite struct PollingTests {
    private let stage = Stage()
    private let guest: Guest

    init() { guest = stage.handshake() }

    private static let unknown: [RecordingLink.Event] = [
        .answer(400, #"{"code":1,"message":"Session ID unknown"}"#)
    ]
    private static let badRequest: [RecordingLink.Event] = [
        .answer(400, #"{"code":3,"message":"Bad request"}"#)
    ]

    @Test func connectIsAnsweredWithTheFirstEntry() {
        let poll = guest.poll()
        #expect(poll.news() == [])
        #expect(guest.post("40").news() == [.answer(200, "ok")])
        #expect(poll.body.hasPrefix(#"40{"sid":""#))
        #expect(poll.body.hasSuffix("\u{1e}42[\"line\",\"one\",\"1\"]"))
    }

    @Test func postIsAnsweredOkAsHTML() throws {
        let response = try #require(guest.post("40").response)
        #expect(response.header("Content-Type") == "text/html")
        #expect(response.header("Access-Control-Allow-Origin") == "*")
    }

    @Test func secondPollEndsTheSession() {
        let first = guest.poll()
        let second = guest.poll()
        #expect(second.news() == [.answer(400, "")])
        #expect(first.news() == [.answer(200, "1")])
        #expect(guest.poll().news() == Self.unknown)
        #expect(stage.shard.sessionCount == 0)
    }

    @Test func secondPostEndsTheSession() {
        let first = RecordingLink()
        let request = Request(method: "POST", target: guest.address, body: Array("40".utf8))
        stage.shard.bodyBegan(request, on: first, at: stage.now)
        #expect(guest.post("40").news() == [.answer(400, "")])
        stage.shard.received(request, on: first, at: stage.now)
        #expect(first.news() == Self.unknown)
    }

    @Test func postInTwoPartsIsOnePost() {
        let link = RecordingLink()
        let request = Request(method: "POST", target: guest.address, body: Array("40".utf8))
        stage.shard.bodyBegan(request, on: link, at: stage.now)
        #expect(link.news() == [])
        stage.shard.received(request, on: link, at: stage.now)
        #expect(link.news() == [.answer(200, "ok")])
        #expect(guest.post("3").news() == [.answer(200, "ok")])
    }

    @Test func abortedPollEndsTheSession() {
        guest.poll().hangsUp(at: stage.now)
        #expect(guest.poll().news() == Self.unknown)
    }

    @Test func abortedPostEndsTheSession() {
        let link = RecordingLink()
        stage.shard.bodyBegan(Request(method: "POST", target: guest.address), on: link, at: stage.now)
        link.hangsUp(at: stage.now)
        #expect(guest.poll().news() == Self.unknown)
    }

    @Test func bodyThatIsTooLongLeavesTheSession() {
        let link = RecordingLink()
        stage.shard.bodyBegan(Request(method: "POST", target: guest.address), on: link, at: stage.now)
        link.delegate?.linkRefusedBody(link, at: stage.now)
        #expect(guest.post("40").news() == [.answer(200, "ok")])
        #expect(guest.poll().body.hasPrefix("40{"))
    }

    /// Found by reading: the mark of a POST under way must not stay behind a request that was none.
    @Test func postToTheOtherTransportLeavesTheSession() {
        let link = RecordingLink()
        let wrong = Request(
            method: "POST", target: Stage.socket + "&sid=" + guest.sid, body: Array("40".utf8))
        stage.shard.bodyBegan(wrong, on: link, at: stage.now)
        stage.shard.received(wrong, on: link, at: stage.now)
        #expect(link.news() == Self.badRequest)
        #expect(guest.post("40").news() == [.answer(200, "ok")])
        #expect(stage.shard.sessionCount == 1)
    }

    @Test(arguments: ["", "40\u{1e}", "x", "2", "4x"])
    func badContentEndsTheSessionBehindAnOk(body: String) {
        #expect(guest.post(body).news() == [.answer(200, "ok")])
        if body == "4x" { #expect(guest.poll().news() == [.answer(200, "6\u{1e}1")]) }
        #expect(guest.poll().news() == Self.unknown)
    }

    @Test func binaryFramingIsRefused() {
        let link = stage.ask(
            "POST", guest.address, headers: [("content-type", "application/octet-stream")], body: "40")
        #expect(link.news() == Self.badRequest)
        #expect(guest.poll().news() == Self.unknown)
    }

    @Test(arguments: ["PUT", "DELETE", "OPTIONS", "HEAD"])
    func otherMethodGets500(method: String) {
        #expect(stage.ask(method, guest.address).news() == [.answer(500, "")])
        #expect(guest.post("40").news() == [.answer(200, "ok")])
    }

    @Test func transportWithoutItsUpgradeIsABadRequest() {
        #expect(stage.ask("GET", Stage.socket + "&sid=" + guest.sid).news() == Self.badRequest)
        #expect(guest.post("40").news() == [.answer(200, "ok")])
    }

    /// Twenty seconds to the ping and as many for the pong, whether a poll is held or not.
    @Test func silenceEndsTheSession() {
        guest.post("40/chat,")
        stage.pass(.milliseconds(39_999))
        #expect(stage.shard.sessionCount == 1)
        stage.pass(.milliseconds(20))
        #expect(stage.shard.sessionCount == 0)
    }

    @Test func pingAnswersThePoll() {
        guest.post("40/chat,")
        guest.poll()
        let poll = guest.poll()
        stage.pass(.seconds(20))
        #expect(poll.news() == [])
        stage.pass(.milliseconds(5))
        #expect(poll.news() == [.answer(200, "2")])
        let last = guest.poll()
        stage.pass(.seconds(21))
        #expect(last.news() == [.answer(200, "1")])
        #expect(stage.shard.sessionCount == 0 && stage.shard.readers == 0)
    }

    @Test func clientThatJoinsNothingIsClosed() {
        let poll = guest.poll()
        stage.pass(.milliseconds(20_005))
        #expect(poll.news() == [.answer(200, "2")])
        guest.post("3")
        let next = guest.poll()
        stage.pass(.milliseconds(20_005))
        #expect(next.news() == [.answer(200, "2")])
        guest.post("3")
        let last = guest.poll()
        stage.pass(.seconds(6))
        #expect(last.news() == [.answer(200, "1")])
        #expect(stage.shard.sessionCount == 0)
    }
}
