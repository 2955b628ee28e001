import Testing

@testable import SocketIOServer

@Suite struct RelayedAnswerTests {
    /// What comes out, with the bytes of one row joined.
    private func events(
        _ wire: String, by size: Int, isHead: Bool = false, field: String? = nil
    ) -> [RelayedAnswer.Event] {
        var answer = RelayedAnswer(isHead: isHead, connectionField: field)
        var events: [RelayedAnswer.Event] = []
        let bytes = Array(wire.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            for event in answer.received(bytes[start..<min(bytes.count, start + size)]) {
                if case .bytes(let more) = event, case .bytes(let before)? = events.last {
                    events[events.count - 1] = .bytes(before + more)
                } else {
                    events.append(event)
                }
            }
        }
        return events
    }

    private func bytes(_ text: String) -> RelayedAnswer.Event { .bytes(Array(text.utf8)) }

    @Test(arguments: [1, 3, 1000])
    func anAnswerWithALengthEndsWithIt(size: Int) {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
        #expect(events(head + "\r\n2pin", by: size) == [bytes(head + "\r\n2pin"), .end])
        #expect(
            events(head + "Connection: close\r\n\r\nabcd", by: size, field: "keep-alive")
                == [bytes(head + "Connection: keep-alive\r\n\r\nabcd"), .end])
        #expect(events(head + "\r\n", by: size, isHead: true).last == .end)
    }

    @Test func anEmptyBodyEndsWithItsHead() {
        #expect(events("HTTP/1.1 204 No Content\r\n\r\n", by: 1000).last == .end)
        #expect(events("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", by: 1000).last == .end)
    }

    @Test(arguments: [1, 1000])
    func anAnswerWithoutALengthEndsWithItsConnection(size: Int) {
        var answer = RelayedAnswer(isHead: false, connectionField: nil)
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        #expect(
            events(head + "\r\n5\r\nhello\r\n", by: size)
                == [bytes(head + "Connection: close\r\n\r\n5\r\nhello\r\n")])
        _ = answer.received(Array((head + "\r\n").utf8))
        #expect(answer.endsWithConnection && answer.hasBegun)
    }

    @Test(arguments: [1, 1000])
    func aSwitchOfProtocolsIsATunnel(size: Int) {
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        #expect(events(head + "xyz", by: size, field: "close") == [.tunnel, bytes(head + "xyz")])
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 " + String(repeating: "x", count: 17_000),
        "HTTP/1.1 204 No Content\r\n\r\nmore", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
    ])
    func anythingElseIsMalformed(wire: String) {
        #expect(events(wire, by: 1000).last == .malformed)
    }
}
