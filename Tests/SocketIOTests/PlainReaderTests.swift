import SocketIO
import SocketIOCore
import Testing

/// Reading without Socket.IO: streams, and a bare WebSocket.
@Suite struct PlainReaderTests {
    private let stage = Stage()

    @Test func streamBeginsWithItsHead() throws {
        let link = stage.ask("GET", "/any/prefix/sse")
        #expect(link.news() == [.stream, .text("open "), .text("[one] ")])
        #expect(link.flushed == 3, "the first entry leaves with the head")
        let head = try #require(link.response)
        #expect(head.header("Content-Type") == "text/event-stream")
        #expect(head.header("Cache-Control") == "no-cache, no-transform")
        #expect(head.header("X-Accel-Buffering") == "no")
        #expect(head.header("Access-Control-Allow-Origin") == "*")
        #expect(head.header("Dante-Cursor") == nil)
    }

    @Test func streamIsReadToItsEnd() {
        let link = stage.ask("GET", "/sse")
        _ = link.news()
        stage.pass(.milliseconds(1005))
        #expect(link.news() == [.text("[two] ")])
        stage.pass(.seconds(1))
        #expect(link.news() == [.text("[three] "), .text("close "), .streamEnd])
        #expect(stage.shard.readers == 0)
    }

    @Test func bareSocketIsReadToItsEnd() {
        let link = stage.askSocket("/ws")
        #expect(link.news() == [.socket, .text("one")])
        #expect(link.flushed == 2 && link.accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        stage.pass(.milliseconds(2005))
        #expect(link.news() == [.text("two"), .text("three"), .close(1000)])
        #expect(stage.shard.readers == 0 && stage.shard.sessionCount == 0)
    }

    @Test(arguments: ["/", "//ws", "/server-faye.js/ws", "/x/y?z", "/sse", "/index.html"])
    func bareSocketOpensAtAnyPath(path: String) {
        #expect(stage.askSocket(path).news() == [.socket, .text("one")])
    }

    @Test func whatAReaderSaysIsIgnored() {
        let link = stage.askSocket("/ws")
        _ = link.news()
        link.says("hello", at: stage.now)
        link.says(binary: [1], at: stage.now)
        #expect(link.news() == [])
        #expect(stage.shard.readers == 1)
    }

    @Test func readerThatLeavesIsForgotten() {
        let links = [stage.askSocket("/ws"), stage.ask("GET", "/text")]
        #expect(stage.shard.readers == 2)
        for link in links { link.hangsUp(at: stage.now) }
        #expect(stage.shard.readers == 0)
        for link in links { _ = link.news() }
        stage.pass(.seconds(5))
        for link in links { #expect(link.news() == []) }
    }

    @Test func slowReaderGoesOnWhereItWas() {
        let link = stage.askSocket("/ws")
        _ = link.news()
        link.stalls()
        stage.pass(.seconds(60))
        #expect(link.news() == [], "no entry, and no ping either")
        link.takes(at: stage.now)
        #expect(link.news() == [.text("two"), .text("three"), .close(1000)])
    }

    @Test func silenceIsBroken() {
        let stage = Stage(feed: ListFeed(interval: .seconds(60)))
        let stream = stage.ask("GET", "/sse")
        let socket = stage.askSocket("/ws")
        for link in [stream, socket] { _ = link.news() }
        stage.pass(.milliseconds(19_999))
        #expect(stream.news() == [] && socket.news() == [])
        stage.pass(.milliseconds(10))
        #expect(stream.news() == [.text("still ")] && socket.news() == [.ping])
        stage.pass(.seconds(41))
        #expect(stream.news() == [.text("still "), .text("[two] ")])
        #expect(socket.news() == [.ping, .text("two")])
    }

    // MARK: Cursor

    @Test(
        arguments: [
            ("/sse?from=1", nil), ("/sse", "1"), ("/sse?from=0", "1"), ("/sse?from=x", "1"),
        ] as [(String, String?)])
    func readingGoesOnBehindTheCursor(target: String, lastEvent: String?) {
        let headers = lastEvent.map { [(name: "last-event-id", value: $0)] } ?? []
        let link = stage.ask("GET", target, headers: headers)
        #expect(link.news() == [.stream, .text("open "), .text("[two] ")])
    }

    @Test(arguments: ["x", "4", "-1", ""])
    func cursorThatIsNoneStartsFromTheFirstAndSaysSo(cursor: String) {
        let link = stage.ask("GET", "/sse?from=\(cursor)")
        #expect(link.news() == [.stream, .text("open "), .text("notice "), .text("[one] ")])
        #expect(link.response?.header("Dante-Cursor") != nil)
        let socket = stage.askSocket("/ws?from=\(cursor)")
        #expect(socket.news() == [.socket, .text("one")])
        #expect(socket.socketHeaders.contains { $0.name == "Dante-Cursor" })
    }

    @Test func behindTheLastEntryTheReadingIsOver() {
        #expect(stage.ask("GET", "/sse?from=3").news() == [.answer(204, "")])
        #expect(stage.ask("HEAD", "/sse?from=3").news() == [.answer(204, "")])
        #expect(stage.ask("GET", "/text?from=3").news() == [.stream, .streamEnd])
        #expect(stage.askSocket("/ws?from=3").news() == [.socket, .close(1000)])
        #expect(stage.shard.readers == 0)
    }

    // MARK: Methods and bad handshakes

    @Test func headGetsTheHeadOnly() throws {
        let link = stage.ask("HEAD", "/text")
        #expect(link.news() == [.answer(200, "")])
        let response = try #require(link.response)
        #expect(response.isStream && response.header("Content-Type") == "text/plain")
        #expect(stage.shard.readers == 0)
    }

    @Test func optionsNamesTheMethods() throws {
        let response = try #require(stage.ask("OPTIONS", "/text").response)
        #expect(response.status == 204)
        #expect(response.header("Allow") == "GET, HEAD, OPTIONS")
        #expect(response.header("Access-Control-Allow-Origin") == "*")
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "BREW"])
    func otherMethodIsNotAllowed(method: String) throws {
        let response = try #require(stage.ask(method, "/sse").response)
        #expect(response.status == 405)
        #expect(response.header("Allow") == "GET, HEAD, OPTIONS")
    }

    @Test(
        arguments: [
            (["Sec-WebSocket-Key": nil], "Missing handshake request header: Sec-WebSocket-Key"),
            (["Sec-WebSocket-Key": "x"], "Invalid handshake request header: Sec-WebSocket-Key"),
            (["Sec-WebSocket-Version": "99"], "Unsupported WebSocket version: 99"),
            (["Upgrade": "foo"], "Not a WebSocket request"),
        ] as [([String: String?], String)])
    func badHandshakeSaysWhatIsWrong(changes: [String: String?], message: String) throws {
        let link = stage.askSocket("/ws", changes: changes)
        #expect(link.news() == [.answer(400, message)])
        let response = try #require(link.response)
        #expect(response.header("Content-Type")?.hasPrefix("text/plain") == true)
        if message.contains("version") { #expect(response.header("Sec-WebSocket-Version") == "13") }
        #expect(stage.shard.readers == 0)
    }

    @Test func webSocketNeedsHTTP11AndGET() {
        #expect(stage.askSocket("/ws", minorVersion: 0).news() == [.answer(400, "Not a WebSocket request")])
        #expect(stage.askSocket("/ws", method: "POST").news() == [.answer(400, "Not a WebSocket request")])
    }

    @Test func plainRequestIsToldToUpgrade() throws {
        let response = try #require(stage.ask("GET", "/ws").response)
        #expect(response.status == 426 && response.header("Upgrade") == "websocket")
    }
}
