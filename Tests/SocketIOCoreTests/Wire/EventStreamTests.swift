import SocketIOCore
import Testing

@Suite struct EventStreamTests {
    @Test(
        arguments: [
            ("7", nil, "a\nb", "id: 7\ndata: a\ndata: b\n\n"), (nil, nil, "", "data: \n\n"),
            (nil, "end", "x", "event: end\ndata: x\n\n"), ("1", "a", " x", "id: 1\nevent: a\ndata:  x\n\n"),
            (nil, nil, "a\rb\r\nc\n\nd\r", "data: a\ndata: b\ndata: c\ndata: \ndata: d\ndata: \n\n"),
            ("1\n2\0", "a\r\nb", "é", "id: 12\nevent: ab\ndata: é\n\n"),
        ] as [(String?, String?, String, String)])
    func writesEvents(id: String?, event: String?, data: String, wire: String) {
        #expect(String(wire: EventStream.event(id: id, event: event, data: data)) == wire)
    }

    @Test func writesComments() {
        #expect(String(wire: EventStream.comment("")) == ": \n\n")
        #expect(String(wire: EventStream.comment("a\ndata: b")) == ": a\n: data: b\n\n")
    }

    @Test func writesTheReconnectionTime() {
        #expect(String(wire: EventStream.retry(milliseconds: 2000)) == "retry: 2000\n\n")
        #expect(String(wire: EventStream.retry(milliseconds: -1)) == "retry: 0\n\n")
    }
}
