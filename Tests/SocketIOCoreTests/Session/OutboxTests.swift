import Testing

@testable import SocketIOCore

@Suite struct OutboxTests {
    @Test func sharedFramesCostTheClientNothing() {
        var outbox = Outbox()
        #expect(outbox.isEmpty)
        outbox.append(.frame(.message(Array(repeating: 65, count: 1000))))
        #expect(!outbox.isEmpty && outbox.bytes == 0)
        outbox.append(.text([1, 2, 3]))
        outbox.append(.binary([4, 5]))
        #expect(outbox.bytes == 5)
    }

    @Test func takingLeavesItEmpty() {
        var outbox = Outbox()
        outbox.append(.text([1]))
        outbox.append(.text([2]))
        #expect(outbox.takeAll() == [.text([1]), .text([2])])
        #expect(outbox.isEmpty && outbox.bytes == 0 && outbox.takeAll().isEmpty)
    }

    @Test func packetsAreEqualWhoeverHoldsTheBytes() {
        let text = Array("42[]".utf8)
        #expect(Outgoing.text(text) == .frame(.message(text)))
        #expect(Outgoing.text(text) != .binary(text))
        #expect(Outgoing.binary([1]) != .binary([2]))
    }
}
